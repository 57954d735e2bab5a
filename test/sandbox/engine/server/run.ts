/** A run as the server has it. */
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { Command, Info, Job, Replica } from '../replica';
import type { End, Played, PlayedActivity, Schedule } from '../schedule';
import type { RunRecord } from '../surroundings';
import type { Activity } from './attempts';
import type { HistorySize } from './history-size';

export interface Run {
  info: Info;
  replica: Replica;
  record: RunRecord;
  played: Played;
  startMemo: Record<string, unknown>;
  activities: Map<number, { activity: Activity; played: PlayedActivity }>;
  tasks: number;
  size: HistorySize;
  closed: boolean;
}

/** A UUID, as the server's are. */
export function runIdOf(seed: number, number: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits);
  return `${hex(seed, 8)}-0000-4000-8000-${hex(number, 12)}`;
}

export function newPlayed(input: unknown, now: number, wasReset: boolean, attributed: boolean): Played {
  return {
    input,
    end: { kind: 'cancelled' },
    memo: {},
    status: undefined,
    activities: [],
    waiting: [],
    updates: [],
    details: '',
    startedAt: now,
    endedAt: now,
    virtualMs: 0,
    endedCloudAt: now,
    restarts: [],
    cancelledAt: null,
    runs: [],
    runIds: [],
    openAtStart: [],
    attributesAtStart: [],
    metrics: [],
    attributed,
    wasReset,
    crashes: 0,
    most: { events: 0, updates: 0, payloadBytes: 0 },
    strange: 0,
  };
}

export type Ids = Pick<
  Info,
  'workflowId' | 'workflowType' | 'runId' | 'firstExecutionRunId' | 'originalExecutionRunId'
>;

export function infoOf(ids: Ids, now: number, { info }: Pick<Schedule, 'info'>): Info {
  return {
    ...ids,
    searchAttributes: {},
    typedSearchAttributes: undefined as never,
    memo: {},
    parent: undefined,
    taskQueue: 'ecs-nics',
    namespace: 'default',
    attempt: 1,
    historyLength: 3,
    historySize: 100,
    continueAsNewSuggested: false,
    startTime: new Date(now),
    runStartTime: new Date(now),
    unsafe: { now: () => Date.now(), isReplaying: false },
    ...info,
  } as unknown as Info;
}

/** The first job of a run. */
export function initialize(
  { workflowType, workflowId }: Info,
  seed: number,
  input: Payload[],
  fields: Record<string, Payload>,
  searchAttributes: coresdk.workflow_activation.IInitializeWorkflow['searchAttributes'] = null,
): Job {
  const randomnessSeed = seed as unknown as Long;
  return {
    initializeWorkflow: {
      workflowType,
      workflowId,
      arguments: input,
      memo: { fields },
      searchAttributes,
      randomnessSeed,
    },
  };
}

export function endOf(command: Command): End | undefined {
  if (command.completeWorkflowExecution) {
    const { result } = command.completeWorkflowExecution;
    return { kind: 'completed', result: result ? defaultPayloadConverter.fromPayload(result) : undefined };
  }
  if (command.failWorkflowExecution?.failure) {
    const error = defaultFailureConverter.failureToError(
      command.failWorkflowExecution.failure,
      defaultPayloadConverter,
    );
    if (!(error instanceof ApplicationFailure)) throw error;
    return { kind: 'failed', type: error.type ?? '', message: error.message, details: error.details?.[0] };
  }
  return command.cancelWorkflowExecution ? { kind: 'cancelled' } : undefined;
}

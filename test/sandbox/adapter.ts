/**
 * One run of the real workflow bundle in the real sandbox, without a server: commands are carried out on virtual time,
 * and the activities are the real ones, over the simulated cloud in this process. The SDK's internals stay in this file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  ApplicationFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface';
import type { CloudActivities } from '../../src/contract/activities';
import { root } from '../../dev/root';

type Job = coresdk.workflow_activation.IWorkflowActivationJob;
type Command = coresdk.workflow_commands.IWorkflowCommand;

export interface Schedule {
  input: unknown;
  serverId: string;
  seed: number;
  /** Of the activity numbered n (from 0): its worker dies after it has done its work, so that nobody hears of it. */
  crashes?: Set<number>;
  /** ms after the start. */
  cancelAt?: number;
  pollNowAt?: number[];
  /** The run is the product of a reset. */
  reset?: boolean;
}

export type End =
  | { kind: 'completed'; result: unknown }
  | { kind: 'failed'; type: string; message: string; details: unknown }
  | { kind: 'cancelled' };

export interface Played {
  end: End;
  memo: Record<string, unknown>;
  activities: { type: string; attempts: number; summary: string }[];
  virtualMs: number;
}

/** Virtual time, shared with the simulated cloud. */
export interface VirtualClock {
  now: () => number;
  advance: (ms: number) => void;
}

let creator: Promise<ReusableVMWorkflowCreator> | undefined;

function workflowCreator(): Promise<ReusableVMWorkflowCreator> {
  const code = readFileSync(join(root, 'lib', 'workflow-bundle.js'), 'utf8');
  creator ??= ReusableVMWorkflowCreator.create(parseWorkflowCode(code), 5_000, new Set());
  return creator;
}

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const timestamp = (ms: number) => ({ seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 });
const millis = (duration: { seconds?: unknown; nanos?: number | null } | null | undefined) =>
  duration ? Number(duration.seconds ?? 0) * 1_000 + Math.round((duration.nanos ?? 0) / 1_000_000) : 0;

interface Pending {
  at: number;
  job: Job;
  key?: string;
}

/** A schedule that goes on for longer would wait for something that never comes. */
const MAX_STEPS = 5_000;

export async function play(
  schedule: Schedule,
  clock: VirtualClock,
  /** `restarted`: told when a worker has died, so that the next one is a younger process. */
  activities: CloudActivities,
  restarted: () => void,
): Promise<Played> {
  const startedAt = clock.now();
  const runId = `run-${schedule.seed}`;
  const workflow = await (
    await workflowCreator()
  ).createWorkflow({
    info: workflowInfo(schedule, runId, startedAt),
    randomnessSeed: [schedule.seed],
    now: startedAt,
    showStackTraceSources: false,
  });
  const played: Played = { end: { kind: 'cancelled' }, memo: {}, activities: [], virtualMs: 0 };
  const pending: Pending[] = [];
  if (schedule.cancelAt !== undefined) {
    pending.push({ at: startedAt + schedule.cancelAt, job: { cancelWorkflow: { reason: 'test' } } });
  }
  for (const at of schedule.pollNowAt ?? []) {
    pending.push({ at: startedAt + at, job: { signalWorkflow: { signalName: 'pollNow', input: [] } } });
  }
  let jobs: Job[] = [
    {
      initializeWorkflow: {
        workflowType: 'deleteServerNics',
        workflowId: `nics/${schedule.serverId}`,
        arguments: [payload(schedule.input)],
        randomnessSeed: schedule.seed as unknown as Long,
      },
    },
  ];
  try {
    for (let step = 0; step < MAX_STEPS; step++) {
      const commands = await activate(workflow, runId, clock.now(), jobs, step);
      for (const command of commands) {
        const end = endOf(command);
        if (end !== undefined) return { ...played, end, virtualMs: clock.now() - startedAt };
        await carryOut(command);
      }
      pending.sort((a, b) => a.at - b.at);
      const next = pending.shift();
      if (next === undefined) throw new Error('the run waits for nothing: it would hang for ever');
      if (next.at > clock.now()) clock.advance(next.at - clock.now());
      jobs = [next.job];
    }
    throw new Error(`not at its end after ${MAX_STEPS} activations`);
  } finally {
    await workflow.dispose();
  }

  async function carryOut(command: Command): Promise<void> {
    const { startTimer, cancelTimer, scheduleActivity, modifyWorkflowProperties } = command;
    if (startTimer) {
      const { seq } = startTimer;
      pending.push({
        at: clock.now() + millis(startTimer.startToFireTimeout),
        job: { fireTimer: { seq } },
        key: `timer ${seq}`,
      });
    } else if (cancelTimer) {
      remove(`timer ${cancelTimer.seq}`);
    } else if (scheduleActivity) {
      const before = clock.now();
      const number = played.activities.length;
      const record = {
        type: scheduleActivity.activityType ?? '',
        attempts: 0,
        summary: String(
          command.userMetadata?.summary
            ? defaultPayloadConverter.fromPayload(command.userMetadata.summary)
            : '',
        ),
      };
      played.activities.push(record);
      const result = await runActivity(scheduleActivity, number, record);
      pending.push({
        at: Math.max(clock.now(), before),
        job: { resolveActivity: { seq: scheduleActivity.seq, result } },
        key: `activity ${scheduleActivity.seq}`,
      });
    } else if (command.requestCancelActivity) {
      // Its answer is on the way already: a cancellation that comes too late changes nothing.
    } else if (modifyWorkflowProperties) {
      for (const [name, value] of Object.entries(modifyWorkflowProperties.upsertedMemo?.fields ?? {})) {
        played.memo[name] = defaultPayloadConverter.fromPayload(value);
      }
    }
  }

  function remove(key: string): void {
    const index = pending.findIndex((entry) => entry.key === key);
    if (index >= 0) pending.splice(index, 1);
  }

  async function runActivity(
    command: coresdk.workflow_commands.IScheduleActivity,
    number: number,
    record: { attempts: number },
  ): Promise<coresdk.activity_result.IActivityResolution> {
    const startToClose = millis(command.startToCloseTimeout);
    const attempts = command.retryPolicy?.maximumAttempts ?? 0;
    if (!(startToClose > 0 && startToClose <= 60_000))
      throw new Error(`unbounded attempt of ${command.activityType}`);
    if (!(attempts >= 1)) throw new Error(`unbounded attempts of ${command.activityType}`);
    if (command.activityType === 'deleteNics') {
      if (attempts !== 1) throw new Error('the POST would be repeated');
      // WAIT_CANCELLATION_COMPLETED: the job id of a request on its way would be lost otherwise.
      if (Number(command.cancellationType) !== 1)
        throw new Error('a cancellation would not wait for the POST');
    }
    let error: unknown;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      record.attempts = attempt;
      const environment = new MockActivityEnvironment(
        {
          workflowExecution: {
            workflowId: `nics/${schedule.serverId}`,
            runId: schedule.reset ? 'run-after-reset' : runId,
          },
          attempt,
          startToCloseTimeoutMs: startToClose,
          currentAttemptScheduledTimestampMs: clock.now(),
        },
        { logger: new DefaultLogger('ERROR') },
      );
      const byName = activities as unknown as Record<string, (input: unknown) => Promise<unknown>>;
      const work = (input: unknown) =>
        byName[command.activityType ?? '']?.(input) ?? Promise.reject(new Error('unknown'));
      const input: unknown = defaultPayloadConverter.fromPayload(command.arguments?.[0] ?? {});
      clock.advance(20);
      try {
        const value = await environment.run(work, input);
        if (attempt > 1 || !schedule.crashes?.has(number)) return { completed: { result: payload(value) } };
        throw new Crash();
      } catch (reason) {
        error = reason;
        if (schedule.crashes?.has(number) && attempt === 1) {
          // Done or not, nobody hears of it: the attempt times out, and a younger process goes on.
          clock.advance(startToClose);
          restarted();
          error = new TimeoutFailure('activity StartToClose timeout', undefined, TimeoutType.START_TO_CLOSE);
        } else if (error instanceof ApplicationFailure && error.nonRetryable) {
          break;
        }
        clock.advance(1_000 * 2 ** (attempt - 1));
      }
    }
    return {
      failed: {
        failure: {
          message: 'Activity task failed',
          activityFailureInfo: {
            activityType: { name: command.activityType ?? '' },
            activityId: String(number),
          },
          cause: defaultFailureConverter.errorToFailure(error, defaultPayloadConverter),
        },
      },
    };
  }
}

class Crash extends Error {}

async function activate(
  workflow: Workflow,
  runId: string,
  now: number,
  jobs: Job[],
  step: number,
): Promise<Command[]> {
  const activation = coresdk.workflow_activation.WorkflowActivation.fromObject({
    runId,
    timestamp: timestamp(now),
    historyLength: step + 3,
    jobs,
  });
  const completion = await workflow.activate(activation);
  await workflow.getAndResetSinkCalls();
  if (completion.failed) throw new Error(`workflow task failed: ${completion.failed.failure?.message ?? ''}`);
  return completion.successful?.commands ?? [];
}

function endOf(command: Command): End | undefined {
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

function workflowInfo(
  schedule: Schedule,
  runId: string,
  now: number,
): Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0]['info'] {
  return {
    workflowId: `nics/${schedule.serverId}`,
    runId: schedule.reset ? 'run-after-reset' : runId,
    firstExecutionRunId: runId,
    originalExecutionRunId: runId,
    workflowType: 'deleteServerNics',
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
  } as unknown as Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0]['info'];
}

/**
 * One run of the real workflow bundle in the real sandbox, without a server: commands are carried out on virtual time,
 * and the activities are the real ones, over the simulated cloud in this process. The SDK's internals stay in this file.
 */
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import {
  ApplicationFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface';
import type { CloudActivities } from '../../src/contract/activities';
import { root } from '../../dev/root';
import { payloadConverter } from '../../src/workflows/payloads';

type Job = coresdk.workflow_activation.IWorkflowActivationJob;
type Command = coresdk.workflow_commands.IWorkflowCommand;
type Info = Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0]['info'];

export interface Schedule {
  input: unknown;
  serverId: string;
  seed: number;
  /** Of the activity numbered n (from 0): its worker dies before or after it has done its work; nobody hears of it. */
  crashes?: Map<number, 'before' | 'after'>;
  /** For so many ms the activity numbered n waits for a worker to take it. */
  queueMs?: Map<number, number>;
  /** No worker is there from `at` ms after the start on, for `ms`. */
  away?: { at: number; ms: number };
  /** ms after the start. */
  cancelAt?: number;
  pollNowAt?: number[];
  /** The run is the product of a reset. */
  reset?: boolean;
  /** After so many activations the server suggests to continue as new, in every run of the chain. */
  continueAfter?: number;
  /** Each further run of the chain is one that has timed out and was tried again. */
  retried?: boolean;
  /** The second run of the chain is the product of a reset. */
  resetLater?: boolean;
  /** For so many ms no worker is there to begin the second run of the chain. */
  handOverMs?: number;
  /** Signals and Updates, ms after the start; as a client of any kind sends them. */
  messages?: { at: number; job: Job }[];
  /** The arguments as they came, instead of `input`: no client of ours has to have made them. */
  payloads?: Payload[];
  /** What else the caller has a hand in. */
  memo?: Record<string, Payload>;
  info?: Record<string, unknown>;
}

export type End =
  | { kind: 'completed'; result: unknown }
  | { kind: 'failed'; type: string; message: string; details: unknown }
  | { kind: 'cancelled' };

export interface Played {
  end: End;
  memo: Record<string, unknown>;
  /** What the query `status` answers after the end. */
  status: unknown;
  activities: { type: string; attempts: number; summary: string }[];
  virtualMs: number;
  /** Of the chain, each with its activations. */
  runs: number[];
  /** The memo `open` that each further run of the chain began with. */
  openAtStart: unknown[];
  /** The operator's page at the end ("Current Details"). */
  details: string;
  /** Answers to Updates, by their protocol id. */
  updates: { id: string; answer: 'accepted' | 'completed' | 'rejected'; type: string; message: string }[];
  /** What was recorded: name, value, tags. */
  metrics: { name: string; value: number; tags: Record<string, unknown> }[];
}

/** Virtual time, shared with the simulated cloud. */
export interface VirtualClock {
  now: () => number;
  advance: (ms: number) => void;
}

let creator: Promise<ReusableVMWorkflowCreator> | undefined;

function workflowCreator(): Promise<ReusableVMWorkflowCreator> {
  creator ??= createCreator();
  return creator;
}

/** From the sources: a bundle on the disk may be older than they are. */
async function createCreator(): Promise<ReusableVMWorkflowCreator> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'src', 'workflows', 'index.ts'),
    payloadConverterPath: join(root, 'src', 'workflows', 'payloads.ts'),
    logger: new DefaultLogger('WARN'),
  });
  return ReusableVMWorkflowCreator.create(parseWorkflowCode(code), 5_000, new Set());
}

/** Builds the workflow bundle, so that the first schedule has not to wait for it. */
export async function prepare(): Promise<void> {
  await workflowCreator();
}

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const readMemo = (value: Payload) =>
  payloadConverter.fromPayload<unknown>(value, { type: 'workflow', namespace: '', workflowId: '' });
const timestamp = (ms: number) => ({ seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 });
const millis = (duration: { seconds?: unknown; nanos?: number | null } | null | undefined) =>
  duration ? Number(duration.seconds ?? 0) * 1_000 + Math.round((duration.nanos ?? 0) / 1_000_000) : 0;

/** Something due: a job for the workflow, or the moment at which a worker takes an activity. */
type Pending = { at: number; key?: string } & ({ job: Job } | { take: () => Promise<void> });

const TRY_CANCEL = 0;

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
  let runId = schedule.reset ? 'run-after-reset' : `run-${schedule.seed}`;
  let workflow = await create(workflowInfo(schedule, runId, startedAt));
  const played: Played = {
    end: { kind: 'cancelled' },
    memo: {},
    status: undefined,
    activities: [],
    virtualMs: 0,
    runs: [0],
    openAtStart: [],
    details: '',
    updates: [],
    metrics: [],
  };
  const pending: Pending[] = [];
  const cancelledAtOnce = new Set<number>();
  if (schedule.cancelAt !== undefined) {
    pending.push({ at: startedAt + schedule.cancelAt, job: { cancelWorkflow: { reason: 'test' } } });
  }
  for (const at of schedule.pollNowAt ?? []) {
    pending.push({ at: startedAt + at, job: { signalWorkflow: { signalName: 'pollNow', input: [] } } });
  }
  for (const { at, job } of schedule.messages ?? []) pending.push({ at: startedAt + at, job });
  let jobs: Job[] = [initialize(schedule, schedule.payloads ?? [payload(schedule.input)], schedule.memo)];
  let now = startedAt;
  try {
    for (let step = 0; step < MAX_STEPS; step++) {
      const inRun = (played.runs[played.runs.length - 1] ?? 0) + 1;
      played.runs[played.runs.length - 1] = inRun;
      const suggested = schedule.continueAfter !== undefined && inRun > schedule.continueAfter;
      const commands = await activate(workflow, runId, now, jobs, inRun, suggested, played.metrics);
      const next = commands.find((command) => command.continueAsNewWorkflowExecution);
      if (next?.continueAsNewWorkflowExecution) {
        await continueAs(next.continueAsNewWorkflowExecution);
        continue;
      }
      for (const command of commands) {
        const end = endOf(command);
        if (end === undefined) {
          carryOut(command);
          continue;
        }
        const status = await query(workflow, runId, 'status');
        const page = await query(workflow, runId, '__temporal_workflow_metadata');
        const details = String((page as { currentDetails?: string }).currentDetails);
        return { ...played, end, status, details, virtualMs: now - startedAt };
      }
      jobs = await nextJobs();
    }
    throw new Error(`not at its end after ${MAX_STEPS} activations`);
  } finally {
    await workflow.dispose();
  }

  /** The next run has the memo that it is given and no other; what was under way would be lost with the run. */
  async function continueAs(
    command: coresdk.workflow_commands.IContinueAsNewWorkflowExecution,
  ): Promise<void> {
    const given = Object.entries(command.memo ?? {}).map(([name, value]) => [name, readMemo(value)]);
    played.memo = Object.fromEntries(given) as Record<string, unknown>;
    played.openAtStart.push(played.memo.open);
    if (schedule.handOverMs !== undefined && played.runs.length === 1) {
      clock.advance(schedule.handOverMs);
      now = clock.now();
      restarted();
    }
    const lost = pending.filter(({ key }) => key !== undefined);
    if (lost.length > 0) throw new Error(`continued as new with ${lost[0]?.key ?? ''} under way`);
    await workflow.dispose();
    const before = runId;
    runId = `run-${schedule.seed}-${played.runs.push(0)}`;
    workflow = await create({
      ...workflowInfo({ ...schedule, reset: false }, runId, now),
      originalExecutionRunId: runId,
      continuedFromExecutionRunId: before,
      memo: played.memo,
      ...(schedule.retried ? { attempt: 2 } : {}),
      ...(schedule.resetLater && played.runs.length === 2
        ? { originalExecutionRunId: 'run-before-reset' }
        : {}),
    });
    jobs = [initialize(schedule, [command.arguments?.[0] ?? {}], command.memo ?? {})];
  }

  async function create(info: Info): Promise<Workflow> {
    return (await workflowCreator()).createWorkflow({
      info,
      randomnessSeed: [schedule.seed],
      now: info.runStartTime.getTime(),
      showStackTraceSources: false,
    });
  }

  /** What is due next, all of one moment together: messages come first in an activation. */
  async function nextJobs(): Promise<Job[]> {
    for (;;) {
      pending.sort((a, b) => a.at - b.at);
      const next = pending[0];
      if (next === undefined) throw new Error('the run waits for nothing: it would hang for ever');
      if (postponed(next.at)) continue;
      // What came while an activity ran is delivered at its own time; the cloud's clock is ahead then.
      now = Math.max(now, next.at);
      if (now > clock.now()) clock.advance(now - clock.now());
      if ('take' in next) {
        pending.shift();
        await next.take();
        continue;
      }
      const due: Job[] = [];
      for (let entry = pending[0]; entry !== undefined && entry.at <= now; entry = pending[0]) {
        if ('take' in entry) break;
        due.push(entry.job);
        pending.shift();
      }
      const isMessage = (job: Job) => Boolean(job.signalWorkflow ?? job.doUpdate);
      return [...due.filter(isMessage), ...due.filter((job) => !isMessage(job))];
    }
  }

  /** While no worker is there all that falls due waits for the next one, a younger process. */
  function postponed(at: number): boolean {
    const { away } = schedule;
    if (away === undefined) return false;
    const from = startedAt + away.at;
    const until = from + away.ms;
    if (at < from || at >= until) return false;
    for (const entry of pending) if (entry.at >= from && entry.at < until) entry.at = until;
    if (until > clock.now()) clock.advance(until - clock.now());
    restarted();
    return true;
  }

  function carryOut(command: Command): void {
    const { startTimer, cancelTimer, scheduleActivity, modifyWorkflowProperties } = command;
    if (startTimer) {
      const { seq } = startTimer;
      pending.push({
        at: now + millis(startTimer.startToFireTimeout),
        job: { fireTimer: { seq } },
        key: `timer ${seq}`,
      });
    } else if (cancelTimer) {
      remove(`timer ${cancelTimer.seq}`);
    } else if (scheduleActivity) {
      enqueue(scheduleActivity, command);
    } else if (command.requestCancelActivity) {
      cancelActivity(command.requestCancelActivity.seq ?? 0);
    } else if (modifyWorkflowProperties) {
      for (const [name, value] of Object.entries(modifyWorkflowProperties.upsertedMemo?.fields ?? {})) {
        played.memo[name] = defaultPayloadConverter.fromPayload(value);
      }
    } else if (command.updateResponse) {
      const { protocolInstanceId, rejected, completed } = command.updateResponse;
      const answer = rejected ? 'rejected' : completed ? 'completed' : 'accepted';
      const type = rejected?.applicationFailureInfo?.type ?? '';
      played.updates.push({ id: protocolInstanceId ?? '', answer, type, message: rejected?.message ?? '' });
    }
  }

  function remove(key: string): boolean {
    const index = pending.findIndex((entry) => entry.key === key);
    if (index >= 0) pending.splice(index, 1);
    return index >= 0;
  }

  function enqueue(activity: coresdk.workflow_commands.IScheduleActivity, command: Command): void {
    const number = played.activities.length;
    const type = activity.activityType ?? '';
    const summary = command.userMetadata?.summary;
    const record = {
      type,
      attempts: 0,
      summary: String(summary ? defaultPayloadConverter.fromPayload(summary) : ''),
    };
    played.activities.push(record);
    const { seq } = activity;
    const scheduledAt = now;
    if (Number(activity.cancellationType) === TRY_CANCEL) cancelledAtOnce.add(seq ?? 0);
    pending.push({
      at: now + (schedule.queueMs?.get(number) ?? 0),
      key: `queued ${seq}`,
      take: async () => {
        const result = await runActivity(activity, number, record, scheduledAt);
        pending.push({ at: clock.now(), job: { resolveActivity: { seq, result } }, key: `activity ${seq}` });
      },
    });
  }

  /** One that no worker has taken never runs; of one that runs a read is given up, and the POST is waited for. */
  function cancelActivity(seq: number): void {
    const untaken = remove(`queued ${seq}`);
    if (!untaken && !(cancelledAtOnce.has(seq) && remove(`activity ${seq}`))) return;
    const failure = {
      message: 'Activity cancelled',
      activityFailureInfo: { activityId: String(seq), activityType: { name: 'cancelled' } },
      cause: { message: 'Cancelled', canceledFailureInfo: {} },
    };
    pending.push({ at: now, job: { resolveActivity: { seq, result: { cancelled: { failure } } } } });
  }

  async function runActivity(
    command: coresdk.workflow_commands.IScheduleActivity,
    number: number,
    record: { attempts: number },
    scheduledAt: number,
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
    let attemptScheduledAt = scheduledAt;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      record.attempts = attempt;
      const environment = new MockActivityEnvironment(
        {
          workflowExecution: {
            workflowId: `nics/${schedule.serverId}`,
            runId,
          },
          attempt,
          startToCloseTimeoutMs: startToClose,
          currentAttemptScheduledTimestampMs: attemptScheduledAt,
        },
        { logger: new DefaultLogger('ERROR') },
      );
      const byName = activities as unknown as Record<string, (input: unknown) => Promise<unknown>>;
      const work = (input: unknown) =>
        byName[command.activityType ?? '']?.(input) ?? Promise.reject(new Error('unknown'));
      const input: unknown = defaultPayloadConverter.fromPayload(command.arguments?.[0] ?? {});
      clock.advance(20);
      const crash = attempt === 1 ? schedule.crashes?.get(number) : undefined;
      if (crash === undefined) {
        try {
          return { completed: { result: payload(await environment.run(work, input)) } };
        } catch (reason) {
          error = reason;
          if (error instanceof ApplicationFailure && error.nonRetryable) break;
        }
      } else {
        // Done or not, nobody hears of it: the attempt times out, and a younger process goes on.
        const takenAt = clock.now();
        if (crash === 'after') await environment.run(work, input).catch(() => undefined);
        clock.advance(Math.max(0, takenAt + startToClose - clock.now()));
        restarted();
        error = new TimeoutFailure('activity StartToClose timeout', undefined, TimeoutType.START_TO_CLOSE);
      }
      if (attempt < attempts) clock.advance(1_000 * 2 ** (attempt - 1));
      attemptScheduledAt = clock.now();
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

async function query(workflow: Workflow, runId: string, queryType: string): Promise<unknown> {
  const completion = await workflow.activate(
    coresdk.workflow_activation.WorkflowActivation.fromObject({
      runId,
      jobs: [{ queryWorkflow: { queryId: queryType, queryType, arguments: [] } }],
    }),
  );
  const answer = completion.successful?.commands?.[0]?.respondToQuery?.succeeded?.response;
  if (!answer) throw new Error(`the query \`${queryType}\` has no answer`);
  return defaultPayloadConverter.fromPayload(answer);
}

function initialize(schedule: Schedule, input: Payload[], memo: Record<string, Payload> = {}): Job {
  return {
    initializeWorkflow: {
      workflowType: 'deleteServerNics',
      workflowId: `nics/${schedule.serverId}`,
      arguments: input,
      memo: { fields: memo },
      randomnessSeed: schedule.seed as unknown as Long,
    },
  };
}

async function activate(
  workflow: Workflow,
  runId: string,
  now: number,
  jobs: Job[],
  step: number,
  continueAsNewSuggested: boolean,
  metrics: Played['metrics'],
): Promise<Command[]> {
  const activation = coresdk.workflow_activation.WorkflowActivation.fromObject({
    runId,
    timestamp: timestamp(now),
    historyLength: step + 2,
    continueAsNewSuggested,
    jobs,
  });
  const completion = await workflow.activate(activation);
  for (const { ifaceName, args } of await workflow.getAndResetSinkCalls()) {
    if (ifaceName !== '__temporal_metrics') continue;
    const numbers = args.filter((arg): arg is number => typeof arg === 'number');
    const tags = (args.at(-1) ?? {}) as Record<string, unknown>;
    metrics.push({ name: String(args[0]), value: numbers.at(-1) ?? NaN, tags });
  }
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

function workflowInfo(schedule: Schedule, runId: string, now: number): Info {
  const original = `run-${schedule.seed}`;
  return {
    workflowId: `nics/${schedule.serverId}`,
    runId,
    firstExecutionRunId: original,
    originalExecutionRunId: original,
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
    ...schedule.info,
  } as unknown as Info;
}

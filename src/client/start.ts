/** Starts a run, or finds out which one is already open on the server; looks for workers before. */
import type { Workflow, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DeleteServerNicsInput, RestoreServerNicsInput } from '../contract';
import { WORKFLOW_TYPE, planWorkflowId, requestKey, restoreKey, serverWorkflowId } from '../contract';
import type { Temporal } from './connect';
import { NotConfirmed } from './errors';
import { chainStart, describe, firstRunOf, isOpenRun, readInput } from './find';
import { FOLLOW_LIMITS } from './follow';
import { isUnclear, reasonOf } from './grpc';
import type { Why } from './silent';
import { routeReasons } from './silent';
import type { Queue } from './workers';
import { POLLER_FRESH_MS, SAME_CLOCK, livingOf, readQueues } from './workers';

const CALL_MS = 10_000;
/** A run may close between the refused start and the look at it. */
const TRIES = 3;
/** Between two looks for workers. */
const STEP_MS = 1_000;

interface StartedRun {
  workflowId: string;
  runId: string;
  firstRunId: string;
  taskQueue: string;
  /** Of the chain, in ms since the epoch. */
  startedAt: number;
  /** By our own clock; `null`: somebody else did. */
  startedByUsAt: number | null;
}

export type Started = StartedRun &
  (
    | { kind: 'started' }
    /** The open run serves the same request. */
    | { kind: 'attached' }
    /** Another run is open on the server, of a workflow of this type; nothing was started. */
    | { kind: 'other'; type: string }
  );

/** A run that is wanted. */
export interface StartRequest {
  type: string;
  workflowId: string;
  /** A dry run: it changes nothing, and so has an id of its own, beside whatever run is open on the server. */
  isPlan: boolean;
  input: { serverId: string };
  /** Equal for inputs that ask for the same. */
  key: (input: unknown) => string;
  texts: StartTexts;
}

/** What the Web UI shows about a run from its start on: one line, and Markdown. HTML passes through: escape what others wrote. */
export interface StartTexts {
  summary?: string;
  details?: string;
}

/** A deletion. The input is checked by the workflow itself; `checkDeleteInput` of the contract says before what is wrong. */
export function deletion(input: DeleteServerNicsInput, texts: StartTexts = {}): StartRequest {
  return {
    type: WORKFLOW_TYPE.deleteServerNics,
    ...idOf(input),
    input,
    key: requestKey,
    texts,
  };
}

/** A restore of what a deletion has taken off. Checked as {@link deletion} is. */
export function restoration(input: RestoreServerNicsInput, texts: StartTexts = {}): StartRequest {
  return {
    type: WORKFLOW_TYPE.restoreServerNics,
    ...idOf(input),
    input,
    key: restoreKey,
    texts,
  };
}

function idOf({ serverId, dryRun }: { serverId: string; dryRun?: boolean }) {
  const isPlan = dryRun === true;
  return { workflowId: (isPlan ? planWorkflowId : serverWorkflowId)(serverId), isPlan };
}

/**
 * Starts it, or attaches to what somebody else has started meanwhile. Throws {@link NotConfirmed}, errors of the client.
 *
 * @param taskQueue of the workers, `ECS_NICS_TASK_QUEUE`
 */
export async function startOrAttach(
  temporal: Temporal,
  taskQueue: string,
  request: StartRequest,
): Promise<Started> {
  const { workflowId } = request;
  for (let attempt = 1; ; attempt++) {
    try {
      const handle = await temporal.call(CALL_MS, () =>
        temporal.client.workflow.start<Workflow>(request.type, {
          taskQueue,
          workflowId,
          args: [request.input],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          ...(request.texts.summary === undefined ? {} : { staticSummary: request.texts.summary }),
          ...(request.texts.details === undefined ? {} : { staticDetails: request.texts.details }),
        }),
      );
      const runId = handle.firstExecutionRunId;
      const now = Date.now();
      const ids = { workflowId, runId, firstRunId: runId };
      return { kind: 'started', ...ids, taskQueue, startedAt: now, startedByUsAt: now };
    } catch (error) {
      if (isUnclear(error)) {
        throw new NotConfirmed(
          `Temporal at ${temporal.address} did not confirm the start (${reasonOf(error)}): the run may be open or not.`,
          'start',
          workflowId,
          null,
          { cause: error },
        );
      }
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const open = await findOpen(temporal, request);
      if (open !== null) return open;
      if (attempt === TRIES) throw error;
    }
  }
}

/** The run that is open under the id of the request; `null`: none is. */
export async function findOpen(temporal: Temporal, request: StartRequest): Promise<Started | null> {
  try {
    const run = await describe(temporal, request.workflowId);
    if (!isOpenRun(run)) return null;
    const found = {
      workflowId: run.workflowId,
      runId: run.runId,
      firstRunId: firstRunOf(run),
      taskQueue: run.taskQueue,
      startedAt: (await chainStart(temporal, run)).getTime(),
      startedByUsAt: null,
    };
    const same =
      run.type === request.type &&
      (await servedKey(temporal, run, request.key)) === request.key(request.input);
    return same ? { kind: 'attached', ...found } : { kind: 'other', type: run.type, ...found };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Key of the request that a run serves; `null` when it can't be read. */
async function servedKey(
  temporal: Temporal,
  run: WorkflowExecutionDescription,
  key: StartRequest['key'],
): Promise<string | null> {
  const input = await readInput(temporal, { ...run, firstRunId: firstRunOf(run) });
  return input === undefined ? null : key(input);
}

export type Awaited =
  | { kind: 'there' }
  /** None can take what would be started, for so long. */
  | { kind: 'none'; why: Why; forMs: number }
  | { kind: 'interrupted' };

export interface AwaitWorkersOptions {
  /** Told once, when waiting takes longer than a worker's start. */
  onWait?: (why: Why, limitMs: number) => void;
  /** Waiting ends when it resolves. */
  until?: Promise<unknown>;
}

/**
 * Waits until workers can take what is about to be started: a run that nobody takes would hold the server's lock for nothing.
 * Throws gRPC errors.
 */
export async function awaitWorkers(
  temporal: Temporal,
  taskQueue: string,
  { onWait = () => {}, until = new Promise(() => {}) }: AwaitWorkersOptions = {},
): Promise<Awaited> {
  const startedAt = Date.now();
  const firstSeen = new Map<string, number>();
  let isSaid = false;
  for (;;) {
    const listed = await readQueues(temporal, taskQueue);
    const living = await livingOf(listed, SAME_CLOCK);
    // With a wrong clock of ours living workers look dead; but they go on asking for work.
    const polled = listed.map((queue, i) => (isMoving(queue, firstSeen) ? queue : (living[i] ?? queue)));
    const reasons = routeReasons(polled, 'current');
    if (reasons.length === 0) return { kind: 'there' };

    const why: Why = { reasons, neverTaken: false, pollers: [] };
    const forMs = Date.now() - startedAt;
    const mayLive = routeReasons(listed, 'current').length === 0;
    // One that is listed, if only by an old time, asks again within its long poll, or is gone.
    const limitMs = mayLive ? POLLER_FRESH_MS : FOLLOW_LIMITS.silentMs;
    if (forMs >= limitMs) return { kind: 'none', why, forMs };
    if (!isSaid && forMs >= FOLLOW_LIMITS.sayAfterMs) {
      isSaid = true;
      onWait(why, limitMs);
    }
    const pause = new Promise<'on'>((resolve) => setTimeout(() => resolve('on'), STEP_MS));
    if ((await Promise.race([pause, until])) !== 'on') return { kind: 'interrupted' };
  }
}

/** Somebody has asked for work since the first look. */
function isMoving({ name, pollers }: Queue, firstSeen: Map<string, number>): boolean {
  const seen = Math.max(0, ...pollers.map((poller) => poller.lastSeen));
  const before = firstSeen.get(name) ?? seen;
  firstSeen.set(name, before);
  return seen > before;
}

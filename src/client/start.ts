/** Starts a run, or finds the one that is already open under its id. Looks for workers first. */
import type { Workflow, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DeleteServerNicsInput, ReleasePortsInput, RestoreServerNicsInput } from '../contract';
import {
  WORKFLOW_TYPE,
  planWorkflowId,
  releaseKey,
  requestKey,
  restoreKey,
  serverWorkflowId,
} from '../contract';
import type { Temporal } from './connect';
import { NotConfirmed } from './errors';
import { chainStart, describe, firstRunOf, isOpenRun, readInput } from './find';
import { FOLLOW_LIMITS } from './follow';
import { isUnclear, reasonOf } from './grpc';
import type { Why } from './silent';
import { routeReasons } from './silent';
import type { Queue } from './pollers';
import { POLLER_FRESH_MS, SAME_CLOCK, livingOf, readQueues } from './pollers';

export const CALL_MS = 10_000;
/** A run may close between the refused start and the call that describes it. */
const TRIES = 3;
/** Temporal's priority key (1 to 5, 3 for runs without one): who waits for one server goes before a fleet. */
export const INTERACTIVE = 2;
/** Time between two checks for workers. */
const STEP_MS = 1_000;

interface StartedRun {
  workflowId: string;
  runId: string;
  firstRunId: string;
  taskQueue: string;
  /** Start of the chain, in ms since the epoch. */
  startedAt: number;
  /** By the local clock; `null`: another caller started it. */
  startedByUsAt: number | null;
}

export type Started = StartedRun &
  (
    | { kind: 'started' }
    /** The open run serves the same request. */
    | { kind: 'attached' }
    /** Another run is open under the same id, of a workflow of this type. Nothing was started. */
    | { kind: 'other'; type: string }
  );

/** A run to be started; by default one on a server. */
export interface StartRequest<Input extends object = { serverId: string }> {
  type: string;
  workflowId: string;
  /** A dry run: it changes nothing, so it has an id of its own and may run beside an open run on the server. */
  isPlan: boolean;
  input: Input;
  /** Temporal's priority key; left out: of somebody who waits for one server. */
  priority?: number;
  /** Equal for inputs that make the same request. */
  key: (input: unknown) => string;
  texts: StartTexts;
}

/** What the Web UI shows about a run from its start: one line, and Markdown. HTML passes: escape foreign texts. */
export interface StartTexts {
  summary?: string;
  details?: string;
}

/** A deletion. The workflow checks the input; `checkDeleteInput` of the contract finds its problems before a start. */
export function deletion(input: DeleteServerNicsInput, texts: StartTexts = {}): StartRequest {
  return {
    type: WORKFLOW_TYPE.deleteServerNics,
    ...idOf(input),
    input,
    key: requestKey,
    texts,
  };
}

/** A restore of what a deletion has taken off. Checked as {@link deletion}. */
export function restoration(input: RestoreServerNicsInput, texts: StartTexts = {}): StartRequest {
  return {
    type: WORKFLOW_TYPE.restoreServerNics,
    ...idOf(input),
    input,
    key: restoreKey,
    texts,
  };
}

/** A release of ports that an earlier run has kept. Checked as {@link deletion}. */
export function release(input: ReleasePortsInput, texts: StartTexts = {}): StartRequest {
  return {
    type: WORKFLOW_TYPE.releasePorts,
    ...idOf(input),
    input,
    key: releaseKey,
    texts,
  };
}

function idOf({ serverId, dryRun }: { serverId: string; dryRun?: boolean }) {
  const isPlan = dryRun === true;
  return { workflowId: (isPlan ? planWorkflowId : serverWorkflowId)(serverId), isPlan };
}

/**
 * Starts the run, or attaches to the one that another caller has started meanwhile. Throws {@link NotConfirmed}, errors
 * of the client.
 * @param taskQueue of the workers, `ECS_NICS_TASK_QUEUE`
 */
export async function startOrAttach(
  temporal: Temporal,
  taskQueue: string,
  request: StartRequest<object>,
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
          priority: { priorityKey: request.priority ?? INTERACTIVE },
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
          `Temporal at ${temporal.address} did not confirm the start (${reasonOf(error)}): the run may or may not be open.`,
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

/** The open run under the id of the request; `null`: none. */
export async function findOpen(temporal: Temporal, request: StartRequest<object>): Promise<Started | null> {
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

/** Key of the request that a run serves; `null` when it cannot be read. */
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
  /** For this time no worker could take the run. */
  | { kind: 'none'; why: Why; forMs: number }
  | { kind: 'interrupted' };

export interface AwaitWorkersOptions {
  /** Called once: at once when only a person can help, else when the wait takes longer than the start of a worker. */
  onWait?: (why: Why, limitMs: number) => void;
  /** Waiting ends when it resolves. */
  until?: Promise<unknown>;
}

/**
 * Waits until workers can take the run that is about to be started: a run that no worker takes would hold the server's
 * lock for nothing. Throws gRPC errors.
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
    // If the local clock is wrong, live workers look dead; but they continue to ask for work.
    const polled = listed.map((queue, i) => withMoving(living[i] ?? queue, queue, firstSeen));
    const reasons = routeReasons(polled, 'current');
    if (reasons.length === 0) return { kind: 'there' };

    const why: Why = { reasons, neverTaken: false, pollers: [] };
    const forMs = Date.now() - startedAt;
    const certain = routeReasons(listed, 'current');
    const mayLive = certain.length === 0;
    // A listed worker, even with an old time, asks again within its long poll, or is gone.
    const limitMs = mayLive ? POLLER_FRESH_MS : FOLLOW_LIMITS.silentMs;
    if (forMs >= limitMs) return { kind: 'none', why, forMs };
    // A worker may be about to start; a version becomes current by hand alone.
    const isForPerson = certain.some(({ kind }) => kind === 'no-current-version');
    if (!isSaid && (isForPerson || forMs >= FOLLOW_LIMITS.sayAfterMs)) {
      isSaid = true;
      onWait(why, limitMs);
    }
    const pause = new Promise<'on'>((resolve) => setTimeout(() => resolve('on'), STEP_MS));
    if ((await Promise.race([pause, until])) !== 'on') return { kind: 'interrupted' };
  }
}

/** The queue with the workers, too, that have asked for work since they were first seen. */
function withMoving(living: Queue, listed: Queue, firstSeen: Map<string, number>): Queue {
  const moving = listed.pollers.filter(({ identity, version, lastSeen }) => {
    const key = [listed.name, identity, version?.deploymentName, version?.buildId].join('\n');
    const before = firstSeen.get(key) ?? lastSeen;
    firstSeen.set(key, before);
    return lastSeen > before;
  });
  return { ...living, pollers: [...living.pollers, ...moving] };
}

/**
 * The names that callers and worker share: queues, workflow types and ids, messages, failure types.
 * Fixed: other services and scripts hold them as plain strings.
 */

/** Task queue of the workflows when `ECS_NICS_TASK_QUEUE` is not set. */
export const DEFAULT_TASK_QUEUE = 'ecs-nics';

export const TASK_QUEUE_FORM = 'must be a name without spaces, of 200 characters at most';

/** What `ECS_NICS_TASK_QUEUE` says, for starter and worker alike; `null`: no name of a queue. */
export function taskQueueFrom(value: string | undefined): string | null {
  const name = value?.trim() || DEFAULT_TASK_QUEUE;
  return /^[^\s\p{C}]{1,200}$/u.test(name) ? name : null;
}

/** What changes the cloud runs on a queue of its own, so that one server-side rate limit covers all of it. */
export function cloudTaskQueue(taskQueue: string): string {
  return `${taskQueue}-cloud`;
}

/** Looks run on another: many of them share one call, so a rate of activities would hold them up for nothing. */
export function looksTaskQueue(taskQueue: string): string {
  return `${taskQueue}-looks`;
}

export const WORKFLOW_TYPE = {
  /** Deletes NICs of one server, and can undo it. */
  deleteServerNics: 'deleteServerNics',
  /** Puts back what a closed run has taken off. */
  restoreServerNics: 'restoreServerNics',
  /** Deletes ports that an earlier run on the server has kept. */
  releasePorts: 'releasePorts',
  /** Deletes NICs of many servers: a list, a plan, an approval, waves. */
  decommission: 'decommission',
  /** One page of a decommission run's list; the run itself starts it. */
  decommissionPage: 'decommissionPage',
  /** A part of the list of the project's servers; changes nothing. */
  listServers: 'listServers',
} as const;

const SERVER_WORKFLOW_PREFIX = 'nics/';

/** One operation on a server at a time: Temporal's uniqueness of workflow ids is the lock. */
export function serverWorkflowId(serverId: string): string {
  return `${SERVER_WORKFLOW_PREFIX}${serverId}`;
}

const PLAN_SUFFIX = '/plan';

/** Of a dry run, which changes nothing and so needs no lock: it neither waits for a run of the server nor hides one. */
export function planWorkflowId(serverId: string): string {
  return `${serverWorkflowId(serverId)}${PLAN_SUFFIX}`;
}

/** The inverse of {@link serverWorkflowId} and {@link planWorkflowId}; `undefined` for an id of another kind. */
export function serverIdOf(workflowId: string): string | undefined {
  if (!workflowId.startsWith(SERVER_WORKFLOW_PREFIX)) return undefined;
  const rest = workflowId.slice(SERVER_WORKFLOW_PREFIX.length);
  return rest.endsWith(PLAN_SUFFIX) ? rest.slice(0, -PLAN_SUFFIX.length) : rest;
}

export const QUERY_STATUS = 'status';
/** What a query fails with that reached a worker ahead of the run's own task. Asked again, it is answered. */
export const ASK_AGAIN = 'the query came ahead of the task that brings the run up to date: ask again';
export const SIGNAL_POLL_NOW = 'pollNow';
export const UPDATE = {
  /** Answers once the cloud has accepted: `{jobId}`, or `{"jobId": null}` if no job was needed. Made for update-with-start. */
  submitted: 'submitted',
  /** Answers once every NIC has its verdict, also while an undo window is open. */
  settled: 'settled',
  /** Puts everything back; taken until the ports are deleted, and answered when that is done. */
  undo: 'undo',
  /** Closes an open undo window: the kept ports are deleted; answered when that is done. */
  commit: 'commit',
} as const;

/** Typed search attributes, all of type Keyword. Set where the namespace has them; never required. */
export const SEARCH_ATTRIBUTE = {
  /** The server of the run. */
  serverId: 'EcsServerId',
  /** Phase of the document. */
  phase: 'NicsPhase',
  /** Outcome of the document, from the end on. */
  outcome: 'NicsOutcome',
  /** The name of the decommission run that has started it. */
  decommissionRun: 'DecommissionRun',
} as const;

/** Their type, as `temporal.api.enums.v1.IndexedValueType` has it. */
export const KEYWORD_TYPE = 2;

/**
 * How long a namespace should keep closed runs at least: an on-call engineer comes back after a weekend, and a run whose
 * end is not kept can't be restored from.
 */
export const LEAST_RETENTION_MS = 7 * 86_400_000;

export const MEMO = {
  /**
   * From the first submission on: `{nics, since, jobId}` while it may be under way and no verdict stands, then
   * `"settled"`. A run that sent nothing has none.
   */
  open: 'open',
  /** Totals of a cancelled run (a cancelled run carries no result): `{outcome, counts, submissions}`. */
  result: 'result',
} as const;

/** Failure type of `submitted` when the run was cancelled before it had a job. */
export const CANCELLED = 'Cancelled';

/** Memo `open`: every submission of this run and of those before it is at rest. */
export const OPEN_SETTLED = 'settled';

/** `ApplicationFailure.type` of a failed run, in the order in which mixed failures are decided. */
export const FAILURE_TYPE = {
  /** The request, or the way it was started, is not valid. The cloud was not called. */
  invalidInput: 'InvalidInput',
  /** A guard said no, or nothing could be sent until the deadline. Nothing was changed. */
  refused: 'Refused',
  /** The cloud said no for certain. Nothing was changed. */
  cloudRefused: 'CloudRefused',
  /** Something was to be put back, and is not as it was: each row says what is missing. */
  restoreIncomplete: 'RestoreIncomplete',
  /** What became of some NIC could not be established. Look before you repeat anything. */
  outcomeUnknown: 'OutcomeUnknown',
  /** Some NIC is proven to be still attached; the others are off the server. */
  notDeleted: 'NotDeleted',
  /** Some NIC was not deleted, and all others are back (`onFailure` is `restore`). */
  rolledBack: 'RolledBack',
} as const;
export type FailureType = (typeof FAILURE_TYPE)[keyof typeof FAILURE_TYPE];

/** Failure types of rejected messages. */
export const DIFFERENT_REQUEST = 'DifferentRequest';
export const CONTINUED_AS_NEW = 'ContinuedAsNew';
/**
 * The Temporal server's own: a worker has completed the workflow task that brought the message without having seen it, as one
 * that is being replaced may do. The run never saw it: send it again.
 */
export const UNPROCESSED = 'UnprocessedUpdate';
/** `undo` or `commit` where there is nothing to undo or to commit, or the other one was first. */
export const NOT_APPLICABLE = 'NotApplicable';

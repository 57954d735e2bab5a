/**
 * What this library throws beside the errors of the Temporal client. Each says in `message` what is the case, in one sentence
 * that names the server or the address; the fields are for programs.
 */

/** Names a run: by its first run a whole chain can be told from a later one under the same workflow id. */
export interface RunIds {
  readonly workflowId: string;
  /** Of the last run of the chain. */
  readonly runId: string;
  /** Of its first run; equal to `runId` unless the run has continued as new. */
  readonly firstRunId: string;
}

/** The ids alone: what they are taken from may be a whole run, and move on. */
function idsOf({ workflowId, runId, firstRunId }: RunIds): RunIds {
  return { workflowId, runId, firstRunId };
}

/** Temporal can't be used: not reachable, or it refuses the connection. The message names the address and the remedy. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

/** The namespace knows no run on the server, or not the one that was named: closed runs are kept for a while only. */
export class NoRun extends Error {
  override readonly name = 'NoRun';
  constructor(
    message: string,
    readonly workflowId: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The last run on the server has ended: there is nothing that could be told to it. */
export class NoOpenRun extends Error {
  override readonly name = 'NoOpenRun';
  /** The last run. */
  readonly run: RunIds;
  constructor(
    readonly serverId: string,
    run: RunIds,
    /** `null`: it ended while it was being told. */
    readonly endedAt: Date | null,
    options?: ErrorOptions,
  ) {
    const ended = endedAt === null ? 'has just ended' : `ended at ${endedAt.toISOString()}`;
    super(`no run is open on server ${serverId}; the last one ${ended}`, options);
    this.run = idsOf(run);
  }
}

/** Another run is open on the server, and comes first. */
export class OtherRun extends Error {
  override readonly name = 'OtherRun';
  /** `type`: of its workflow. */
  readonly run: RunIds & { taskQueue: string; type: string };
  constructor(
    readonly serverId: string,
    run: OtherRun['run'],
  ) {
    super(`another run (${run.type}) is open on server ${serverId}`);
    this.run = { ...idsOf(run), taskQueue: run.taskQueue, type: run.type };
  }
}

/** Temporal did not confirm it: it may have been done or not. The same call again is safe. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
  /** The run that was told; `null`: one was to be started. */
  readonly run: RunIds | null;
  constructor(
    message: string,
    /** A start of a run, or something that was sent to an open one. */
    readonly what: 'start' | 'message',
    readonly workflowId: string,
    run: RunIds | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.run = run === null ? null : idsOf(run);
  }
}

/** A closed run from which nothing is put back. */
export interface PassedRun {
  runId: string;
  endedAt: Date | null;
  why: string;
}

/** No closed run on the server was found that took NICs off which can be put back. */
export class NothingToRestore extends Error {
  override readonly name = 'NothingToRestore';
  constructor(
    readonly workflowId: string,
    /** The runs that were looked at, newest first. */
    readonly passed: readonly PassedRun[],
    /** They are all that the namespace knows. */
    readonly areAll: boolean,
  ) {
    super(`no closed run of ${workflowId} was found that NICs could be put back from`);
  }
}

/**
 * What this library throws beside the errors of the Temporal client. Each `message` is one sentence that states the
 * problem and names the server or the address; the fields are for programs.
 */

import { formatTime } from '../contract';
import type { Explanation } from './explain/connection';
import { sentencesOf } from './explain/connection';

/** Identifies a run. The id of the first run tells the chain from a later one under the same workflow id. */
export interface RunIds {
  readonly workflowId: string;
  /** Id of the last run of the chain. */
  readonly runId: string;
  /** Id of the first run; equal to `runId` unless the run has continued as new. */
  readonly firstRunId: string;
}

/** Copies only the ids: the source may be a whole run, whose ids move on along its chain. */
function idsOf({ workflowId, runId, firstRunId }: RunIds): RunIds {
  return { workflowId, runId, firstRunId };
}

/** Temporal is not reachable, or it refuses the connection. The message names the address and the remedy. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
  constructor(
    /** Of the server. */
    readonly address: string,
    /** The cause with its remedy. */
    readonly explanation: Explanation,
    options?: ErrorOptions,
  ) {
    super(sentencesOf(explanation, address), options);
  }
}

/** The namespace knows no run on the server, or not the named one: closed runs are kept for a limited time. */
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

/** The last run on the server has ended, so it can receive nothing. */
export class NoOpenRun extends Error {
  override readonly name = 'NoOpenRun';
  /** The last run. */
  readonly run: RunIds;
  constructor(
    readonly serverId: string,
    run: RunIds,
    /** `null`: the run ended during the call. */
    readonly endedAt: Date | null,
    options?: ErrorOptions,
  ) {
    const ended = endedAt === null ? 'has just ended' : `ended at ${formatTime(endedAt.toISOString())}`;
    super(`no run is open on server ${serverId}; the last one ${ended}`, options);
    this.run = idsOf(run);
  }
}

/** Another run is open on the server, and has to end first. */
export class OtherRun extends Error {
  override readonly name = 'OtherRun';
  /** `type`: the type of its workflow. */
  readonly run: RunIds & { taskQueue: string; type: string };
  constructor(
    readonly serverId: string,
    run: OtherRun['run'],
  ) {
    super(`another run (${run.type}) is open on server ${serverId}`);
    this.run = { ...idsOf(run), taskQueue: run.taskQueue, type: run.type };
  }
}

/** Temporal did not confirm the call: it may have taken effect or not. The same call again is safe. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed';
  /** The run that was to receive the message; `null`: a run was to be started. */
  readonly run: RunIds | null;
  constructor(
    message: string,
    /** A start of a run, or a message to an open one. */
    readonly what: 'start' | 'message',
    readonly workflowId: string,
    run: RunIds | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.run = run === null ? null : idsOf(run);
  }
}

/** A closed run that is not a source for a restore. */
export interface PassedRun {
  runId: string;
  endedAt: Date | null;
  why: string;
}

/** No closed run on the server took off NICs that can be put back. */
export class NothingToRestore extends Error {
  override readonly name = 'NothingToRestore';
  constructor(
    readonly workflowId: string,
    /** The runs that were examined, newest first. */
    readonly passed: readonly PassedRun[],
    /** The namespace knows no other runs. */
    readonly areAll: boolean,
  ) {
    super(`no closed run of ${workflowId} was found that NICs could be put back from`);
  }
}

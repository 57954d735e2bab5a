/** What is known of the namespace: the product's search attributes, its retention, and earlier runs of an id. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from '@temporalio/worker';
import type { Namespace, PreviousRun } from '../../activities/support/dependencies';
import type { PreviousOpenRun } from '../../activities/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement';
import { formatDuration } from '../../contract/duration';
import { MEMO } from '../../contract/names';
import type { Temporal as AnyTemporal } from '../../client/connect';
import { submissionIn } from '../../client/ending';
import { isOpenRun } from '../../client/find';
import { isForbidden, reasonOf } from '../../client/grpc';
import type { Attribute } from '../../client/namespace-settings';
import { forgetsTooSoon, readAttributes } from '../../client/namespace-settings';
import { confirmation, whyUnreadable } from './still-awaited';
import { readRun } from './read-run';
import { followTold } from './told-attributes';
import type { Temporal } from './connection';
import { every } from '../connection-watch';

/** For an `ecs-nics setup` while the worker runs: no restart should be needed. Two cheap calls a minute. */
const LIST_EVERY_MS = 30_000;

/** The search attributes of ecs-nics in a namespace, as far as they can be used. */
export interface AttributeListing {
  usable: string[];
  missing: string[];
  /** Present with another type: a run that sets a value of the wrong type is wedged. */
  mistyped: string[];
}

export async function listAttributes(temporal: AnyTemporal, withinMs?: number): Promise<AttributeListing> {
  const attributes = await readAttributes(temporal, withinMs);
  const named = (wanted: Attribute['state']) =>
    attributes.filter(({ state }) => state === wanted).map(({ name }) => name);
  return { usable: named('present'), missing: named('missing'), mistyped: named('wrong-type') };
}

/** What the operator has to do about a listing; `null`: nothing. */
export function attributeAdvice({ missing, mistyped }: AttributeListing): string | null {
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`${missing.join(', ')} not registered: run \`ecs-nics setup\``);
  if (mistyped.length > 0) {
    parts.push(`${mistyped.join(', ')} not of type Keyword: \`ecs-nics setup\` shows how to replace them`);
  }
  return parts.length === 0 ? null : `${parts.join('; ')}. Runs work without them`;
}

/** What the operator has to do about a too short retention; `null`: it is long enough, or unknown. */
export function retentionAdvice({
  retentionMs,
  namespace,
}: Pick<Temporal, 'retentionMs' | 'namespace'>): string | null {
  if (!forgetsTooSoon(retentionMs)) return null;
  return (
    `namespace ${namespace} keeps closed runs for ${formatDuration(retentionMs)} only: after that, \`status\` and ` +
    `\`restore\` can't read them. Keep them for 7 days at least: ` +
    `temporal operator namespace update --namespace ${namespace} --retention 7d`
  );
}

/** An answer of an activity waits for the listing, and the answers of effects are urgent. */
const LIST_WITHIN_MS = 2_000;

/**
 * What the activities may ask the namespace.
 * @param told the search attributes that it has, where it does not let them be listed; `null`: unknown
 */
export async function openNamespace(
  temporal: Temporal,
  log: Logger,
  told: readonly string[] | null = null,
): Promise<Namespace> {
  const retention = retentionAdvice(temporal);
  if (retention !== null) log.warn(retention);
  // The start does not wait for the answer: a server that gives none would delay it.
  void whyUnreadable(temporal).then((why) => {
    if (why !== null)
      log.warn(`the worker can't read runs, and sends nothing to the cloud without that: ${why.text}`);
  });
  let known: string | null = null;
  /** `null`: they can be listed. */
  let unlisted: (() => string[]) | null = null;
  const list = async (withinMs?: number): Promise<string[]> => {
    const listing = await listAttributes(temporal, withinMs);
    const usable = listing.usable.join();
    if (usable !== known) log.info(`search attributes: ${attributeAdvice(listing) ?? 'all registered'}`);
    known = usable;
    return listing.usable;
  };
  try {
    await list();
  } catch (error) {
    // Everything works without them, and a namespace may forbid the listing permanently.
    if (isForbidden(error)) unlisted = await followTold(temporal, told, reasonOf(error), log);
    else log.warn(`search attributes could not be listed: runs work without them (${reasonOf(error)})`);
  }
  // For the log: an `ecs-nics setup` is noticed also while no run is active.
  if (unlisted === null) every(LIST_EVERY_MS, async () => void (await list()));
  return {
    // Listed anew each time: a run that sets an attribute which the namespace has just lost is wedged.
    searchAttributes: async () =>
      unlisted === null ? await list(LIST_WITHIN_MS).catch(() => null) : unlisted(),
    awaits: confirmation(temporal, log),
    previousOpenRun: (run) => previousOpenRun(temporal.client, run, log),
    readRun: (run) => readRun(temporal, run),
    isOpen: (workflowId) => isOpen(temporal, workflowId),
  };
}

const DESCRIBE_WITHIN_MS = 3_000;

async function isOpen(temporal: AnyTemporal, workflowId: string): Promise<boolean | null> {
  try {
    const { client } = temporal;
    return isOpenRun(
      await temporal.call(DESCRIBE_WITHIN_MS, () => client.workflow.getHandle(workflowId).describe()),
    );
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? false : null;
  }
}

/** A run does not wait for an older job: the cloud forgets jobs a day after their end (docs/cloud-api.md §2.2). */
const WATCHED_MS = 24 * 3_600_000;

/** What a run's memo says about its submissions; `null`: it made none, so the run before it decides. */
export function submissionOf(
  runId: string,
  memo: Record<string, unknown> | undefined,
): PreviousOpenRun | 'settled' | null {
  const open = submissionIn(memo?.[MEMO.open]);
  // A submission may be under way; its details are unknown.
  if (open === 'unread') return { runId, nics: [], since: '', jobId: null };
  return open === null || open === 'settled' ? open : { runId, ...open, since: open.since ?? '' };
}

/** One call of some milliseconds; the deciding entry is nearly always among the first few. */
const PAGE_SIZE = 100;
/** Limits the cost of the look-up, however many runs a server has had. */
const MAX_ENTRIES = 1_000;
/** Only one run at a time is open under an id, so these are list entries that lag by seconds. */
const MAX_DESCRIBED = 20;

/** What an earlier run under the same id has left open. Throws a retryable failure when that is unknown at present. */
export async function previousOpenRun(
  client: Client,
  run: { workflowId: string; runId: string },
  log: Logger,
  now = Date.now(),
): Promise<PreviousRun> {
  try {
    return await lookForOpen(client, run, now - WATCHED_MS);
  } catch (error) {
    // If the server or the identity allows no listing at all, work continues; the guards look at the server itself.
    if (isForbidden(error)) {
      log.warn('the worker may not list runs of this namespace: runs before this one are not looked up', {
        workflowId: run.workflowId,
      });
      return notLooked(`the worker may not list runs in this namespace (${reasonOf(error)})`);
    }
    // Otherwise the activity is retried: the submission of an earlier run must not be overlooked.
    const message = error instanceof Error ? error.message : String(error);
    throw ApplicationFailure.retryable(
      `the previous run could not be looked up: ${message}`,
      ACTIVITY_FAILURE.unavailable,
    );
  }
}

async function lookForOpen(
  client: Client,
  run: { workflowId: string; runId: string },
  watchedFrom: number,
): Promise<PreviousRun> {
  const query = `WorkflowId = '${run.workflowId.replace(/'/g, '')}'`;
  let entries = 0;
  let described = 0;
  // Newest first. The list has the memo of a closed run, and that memo is final.
  for await (const entry of client.workflow.list({ query, pageSize: PAGE_SIZE })) {
    const { runId } = entry;
    if (runId === run.runId) continue;
    if (++entries > MAX_ENTRIES)
      return notLooked(`the last ${MAX_ENTRIES} runs sent nothing, and older ones were not looked up`);
    let { memo, closeTime } = entry;
    if (closeTime === undefined) {
      // The list lags, the description does not.
      if (++described > MAX_DESCRIBED) throw new Error('the list of runs lags far behind');
      ({ memo, closeTime } = await describedRun(client, run.workflowId, entry));
    }
    if (closeTime !== undefined && closeTime.getTime() < watchedFrom) break;
    const found = submissionOf(runId, memo);
    if (found === 'settled') break;
    if (found === null) continue;
    return { run: Date.parse(found.since) < watchedFrom ? null : found, notLooked: null };
  }
  return { run: null, notLooked: null };
}

type Entry = Pick<WorkflowExecutionInfo, 'runId' | 'memo' | 'closeTime'>;

/** A run that the namespace has already deleted may stay in the list: then the list entry is used. */
async function describedRun(client: Client, workflowId: string, entry: Entry): Promise<Entry> {
  try {
    return await client.workflow.getHandle(workflowId, entry.runId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return entry;
    throw error;
  }
}

function notLooked(why: string): PreviousRun {
  return { run: null, notLooked: why };
}

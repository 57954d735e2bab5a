/** What is known of the Temporal namespace: our search attributes, how long it remembers, and runs before this one. */
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
import { isForbidden } from '../../client/grpc';
import type { Attribute } from '../../client/namespace';
import { forgetsTooSoon, readAttributes } from '../../client/namespace';
import { confirmation, whyUnreadable } from './confirm';
import { readRun } from './read-run';
import type { Temporal } from './connection';
import { reasonOf } from './connection';
import { every } from '../watch';

/** For an `ecs-nics setup` while the worker runs: nobody should have to restart it. Two cheap calls a minute. */
const LIST_EVERY_MS = 30_000;

/** Our search attributes in a namespace, as far as they can be used. */
export interface AttributeListing {
  usable: string[];
  missing: string[];
  /** There, but of another type: a value that does not fit wedges the run that sets it. */
  mistyped: string[];
}

export async function listAttributes(temporal: AnyTemporal, withinMs?: number): Promise<AttributeListing> {
  const attributes = await readAttributes(temporal, withinMs);
  const named = (wanted: Attribute['state']) =>
    attributes.filter(({ state }) => state === wanted).map(({ name }) => name);
  return { usable: named('present'), missing: named('missing'), mistyped: named('wrong-type') };
}

/** What to do about a listing; `null`: nothing. */
export function attributeAdvice({ missing, mistyped }: AttributeListing): string | null {
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`${missing.join(', ')} not registered: run \`ecs-nics setup\``);
  if (mistyped.length > 0) {
    parts.push(`${mistyped.join(', ')} not of type Keyword: \`ecs-nics setup\` tells how to replace them`);
  }
  return parts.length === 0 ? null : `${parts.join('; ')}. Runs go without them`;
}

/** What to do about a namespace that forgets too soon; `null`: it does not, or does not say. */
export function retentionAdvice({
  retentionMs,
  namespace,
}: Pick<Temporal, 'retentionMs' | 'namespace'>): string | null {
  if (!forgetsTooSoon(retentionMs)) return null;
  return (
    `namespace ${namespace} keeps closed runs for ${formatDuration(retentionMs)} only: later \`status\` and ` +
    `\`restore\` read them. Keep them for 7 days at least: ` +
    `temporal operator namespace update --namespace ${namespace} --retention 7d`
  );
}

/** An answer waits for it; those of effects are urgent. */
const LIST_WITHIN_MS = 2_000;

/** What the activities may ask. */
export async function openNamespace(temporal: Temporal, log: Logger): Promise<Namespace> {
  const retention = retentionAdvice(temporal);
  if (retention !== null) log.warn(retention);
  // Nobody waits for the answer: a server that gives none would hold up the start.
  void whyUnreadable(temporal).then((why) => {
    if (why !== null)
      log.warn(`runs can't be read, and nothing is sent to the cloud without that: ${why.text}`);
  });
  let known: string | null = null;
  let forbidden = false;
  const list = async (withinMs?: number): Promise<string[]> => {
    const listing = await listAttributes(temporal, withinMs);
    const usable = listing.usable.join();
    if (usable !== known) log.info(`search attributes: ${attributeAdvice(listing) ?? 'all there'}`);
    known = usable;
    return listing.usable;
  };
  try {
    await list();
  } catch (error) {
    // Everything runs without them; a namespace may well forbid the question, once and for all.
    log.warn(`search attributes could not be listed: runs go without (${reasonOf(error)})`);
    forbidden = isForbidden(error);
  }
  // For the log: an `ecs-nics setup` is noticed while nothing runs, too.
  if (!forbidden) every(LIST_EVERY_MS, async () => void (await list()));
  return {
    // Asked anew each time: a run that sets an attribute which the namespace has just lost is wedged.
    searchAttributes: async () => (forbidden ? [] : await list(LIST_WITHIN_MS).catch(() => null)),
    awaits: confirmation(temporal, log),
    previousOpenRun: (run) => previousOpenRun(temporal.client, run, log),
    readRun: (run) => readRun(temporal, run),
  };
}

/** A job older than this is not waited for: the cloud forgets jobs a day after their end (docs/cloud-api.md §2.2). */
const WATCHED_MS = 24 * 3_600_000;

/** What a run's memo says of its submissions; `null`: it made none, so the run before it has the word. */
export function submissionOf(
  runId: string,
  memo: Record<string, unknown> | undefined,
): PreviousOpenRun | 'settled' | null {
  const open = submissionIn(memo?.[MEMO.open]);
  // Something may be at work, nobody can say what.
  if (open === 'unread') return { runId, nics: [], since: '', jobId: null };
  return open === null || open === 'settled' ? open : { runId, ...open, since: open.since ?? '' };
}

/** One call of some milliseconds; what decides is nearly always among the first few. */
const PAGE_SIZE = 100;
/** The look-up costs so much at most, however many runs a server has had. */
const MAX_ENTRIES = 1_000;
/** One run at a time is open under an id, so these are entries that lag, by seconds. */
const MAX_DESCRIBED = 20;

/** What an earlier run under the same id has left open. Throws a retryable failure when that can't be told at present. */
export async function previousOpenRun(
  client: Client,
  run: { workflowId: string; runId: string },
  log: Logger,
  now = Date.now(),
): Promise<PreviousRun> {
  try {
    return await lookForOpen(client, run, now - WATCHED_MS);
  } catch (error) {
    // A server or an identity that can't list at all must not stop all work; the guards look at the server itself.
    if (isForbidden(error)) {
      log.warn('runs before this one cannot be listed here', { workflowId: run.workflowId });
      return notLooked(`the worker may not list runs in this namespace (${reasonOf(error)})`);
    }
    // Otherwise later: what an earlier run sent must not be overlooked.
    const message = error instanceof Error ? error.message : String(error);
    throw ApplicationFailure.retryable(
      `the run before could not be looked up: ${message}`,
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
  // Newest first. The memo of a closed run stands in the list, and is final.
  for await (const entry of client.workflow.list({ query, pageSize: PAGE_SIZE })) {
    const { runId } = entry;
    if (runId === run.runId) continue;
    if (++entries > MAX_ENTRIES)
      return notLooked(`more than ${MAX_ENTRIES} runs before this one sent nothing`);
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

/** A run that the namespace has forgotten may stay in the list: then the list has the last word. */
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

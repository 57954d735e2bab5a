/** What is known of the Temporal namespace: our search attributes, how long it remembers, and runs before this one. */
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from '@temporalio/worker';
import type { Namespace } from '../activities/dependencies';
import type { PreviousOpenRun } from '../contract/activities';
import { ACTIVITY_FAILURE } from '../contract/activities';
import { formatDuration } from '../contract/duration';
import { isRecord } from '../contract/input';
import { KEYWORD_TYPE, LEAST_RETENTION_MS, MEMO, OPEN_SETTLED, SEARCH_ATTRIBUTE } from '../contract/names';
import { isForbidden } from './grpc';
import { readRun } from './read-run';
import type { Temporal } from './temporal';
import { reasonOf } from './temporal';
import { every } from './watch';

/** For an `ecs-nics setup` while the worker runs: nobody should have to restart it. Two cheap calls a minute. */
const LIST_EVERY_MS = 30_000;

const OURS = Object.values(SEARCH_ATTRIBUTE);

/** Our search attributes in a namespace, as far as they can be used. */
export interface AttributeListing {
  usable: string[];
  missing: string[];
  /** There, but of another type: a value that does not fit wedges the run that sets it. */
  mistyped: string[];
}

export async function listAttributes({
  connection,
  namespace,
}: Pick<Temporal, 'connection' | 'namespace'>): Promise<AttributeListing> {
  const { customAttributes } = await connection.withDeadline(Date.now() + 10_000, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  const typeOf = (name: string) => {
    const type = customAttributes?.[name];
    return type == null ? undefined : Number(type);
  };
  return {
    usable: OURS.filter((name) => typeOf(name) === KEYWORD_TYPE),
    missing: OURS.filter((name) => typeOf(name) === undefined),
    mistyped: OURS.filter((name) => typeOf(name) !== undefined && typeOf(name) !== KEYWORD_TYPE),
  };
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
  if (retentionMs === null || retentionMs >= LEAST_RETENTION_MS) return null;
  return (
    `namespace ${namespace} keeps closed runs for ${formatDuration(retentionMs)} only: later \`status\` and ` +
    `\`restore\` read them. Keep them for 7 days at least: ` +
    `temporal operator namespace update --namespace ${namespace} --retention 7d`
  );
}

/** What the activities may ask. The search attributes are listed at boot, and again every 30 s. */
export async function openNamespace(temporal: Temporal, log: Logger): Promise<Namespace> {
  const retention = retentionAdvice(temporal);
  if (retention !== null) log.warn(retention);
  let usable: string[] | null = null;
  let forbidden = false;
  const list = async (): Promise<void> => {
    const listing = await listAttributes(temporal);
    const changed = listing.usable.join() !== usable?.join();
    usable = listing.usable;
    if (changed) log.info(`search attributes: ${attributeAdvice(listing) ?? 'all there'}`);
  };
  try {
    await list();
  } catch (error) {
    // Everything runs without them; a namespace may well forbid the question, once and for all.
    log.warn(`search attributes could not be listed: runs go without (${reasonOf(error)})`);
    forbidden = isForbidden(error);
  }
  // What was known stays while it can't be asked.
  if (!forbidden) every(LIST_EVERY_MS, list);
  return {
    get searchAttributes() {
      return usable ?? [];
    },
    previousOpenRun: (run) => previousOpenRun(temporal.client, run, log),
    readRun: (run) => readRun(temporal.client, run),
  };
}

/** A job older than this is not waited for: the cloud forgets jobs a day after their end (ecs-api.md §2). */
const WATCHED_MS = 24 * 3_600_000;

/** What a run's memo says of its submissions; `null`: it made none, so the run before it has the word. */
export function submissionOf(
  runId: string,
  memo: Record<string, unknown> | undefined,
): PreviousOpenRun | 'settled' | null {
  const open = memo?.[MEMO.open];
  if (open === OPEN_SETTLED) return 'settled';
  // There, and in somebody's encoding: something may be at work, nobody can say what.
  if (open === null) return { runId, nics: [], since: '', jobId: null };
  if (!isRecord(open)) return null;
  return {
    runId,
    nics: Array.isArray(open.nics) ? open.nics.filter((id): id is string => typeof id === 'string') : [],
    since: typeof open.since === 'string' ? open.since : '',
    jobId: typeof open.jobId === 'string' ? open.jobId : null,
  };
}

/** What an earlier run under the same id has left open. */
export async function previousOpenRun(
  client: Client,
  run: { workflowId: string; runId: string },
  log: Logger,
  now = Date.now(),
): Promise<PreviousOpenRun | null> {
  const watchedFrom = now - WATCHED_MS;
  try {
    const query = `WorkflowId = '${run.workflowId.replace(/'/g, '')}'`;
    // Newest first.
    for await (const { runId } of client.workflow.list({ query, pageSize: 10 })) {
      if (runId === run.runId) continue;
      // The list lags, the description does not.
      const { memo, closeTime } = await client.workflow.getHandle(run.workflowId, runId).describe();
      if (closeTime !== undefined && closeTime.getTime() < watchedFrom) return null;
      const found = submissionOf(runId, memo);
      if (found === 'settled') return null;
      if (found !== null) return Date.parse(found.since) < watchedFrom ? null : found;
    }
    return null;
  } catch (error) {
    // A server or an identity that can't list at all must not stop all work; the guards look at the server itself.
    if (isForbidden(error)) {
      log.warn('runs before this one cannot be listed here', { workflowId: run.workflowId });
      return null;
    }
    // Otherwise later: what an earlier run sent must not be overlooked.
    const message = error instanceof Error ? error.message : String(error);
    throw ApplicationFailure.retryable(
      `the run before could not be looked up: ${message}`,
      ACTIVITY_FAILURE.unavailable,
    );
  }
}

/** Plan and report of a whole run. The run knows counts, its pages the servers: their documents are joined here. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type {
  DecommissionReport,
  DecommissionStatus,
  JoinedPlan,
  ListedServer,
  PagePlan,
  PageReport,
  PlanDocument,
  ReportServer,
  UnreadablePage,
} from '../../contract';
import { QUERY_PLAN, QUERY_REPORT } from '../../contract';
import { isRecord } from '../../contract/values';
import { askRun } from '../ask-run';
import type { Temporal } from '../connect';
import type { KnownRun, StatusAnswer } from '../find';
import { askWorkers, describe, firstRunOf, isOpenRun, readInput } from '../find';
import { reasonOf } from '../grpc';
import { inParallel } from './parallel';
import { askOrResult } from './read';

/** Pages that are asked at a time: the workers have other things to do. */
const AT_A_TIME = 5;

type Page = DecommissionStatus['pages'][number];
/** What is had of a page: its document, or its part of the list and why there is no more. */
export type PagePart<D extends object> =
  { document: D; isOpen: boolean } | { document: null; listed: ListedServer[]; unreadable: UnreadablePage };

/**
 * One row for each server of the list, in its order, however far the run is. Pages are asked while they are open; of
 * closed ones the result is read, which needs no worker. Throws nothing.
 * @param status of the run, as `readDecommission` returns it
 */
export async function readReport(
  temporal: Temporal,
  status: DecommissionStatus,
): Promise<DecommissionReport> {
  const parts = await inParallel(status.pages, AT_A_TIME, (page) =>
    partOf(temporal, page, QUERY_REPORT, asPageReport),
  );
  return joinReport(status, parts);
}

/** Pure. */
export function joinReport(
  { run, outcome }: Pick<DecommissionStatus, 'run' | 'outcome'>,
  parts: readonly PagePart<PageReport>[],
): DecommissionReport {
  const servers = parts.flatMap(rowsOf);
  const counts: DecommissionReport['counts'] = {};
  const codes: DecommissionReport['codes'] = {};
  for (const { outcome: how, errorCode } of servers) {
    counts[how] = (counts[how] ?? 0) + 1;
    if (errorCode !== null) codes[errorCode] = (codes[errorCode] ?? 0) + 1;
  }
  return { run, outcome: outcome ?? 'running', servers, counts, codes, unreadable: unreadableOf(parts) };
}

function rowsOf(part: PagePart<PageReport>): ReportServer[] {
  if (part.document === null)
    return part.listed.map(({ serverId, nics }) => ({
      serverId,
      serverName: null,
      ...unknown(`its page can't be read: ${part.unreadable.reason}`),
      nics: (nics === 'all' ? [] : nics).map(({ id, ip = null, mac = null }) => ({
        ...{ id, ip, mac, restore: 'no' as const },
        ...unknown(null),
        ...{ jobId: null, requestId: null },
      })),
    }));
  const { document, isOpen } = part;
  if (isOpen) return document.servers;
  // A page that was ended from outside has left such rows behind, and nobody works on them any more.
  return document.servers.map((server) =>
    server.outcome === 'running'
      ? {
          ...server,
          ...unknown('its page was ended from outside: look at the server, and at its own run'),
          nics: server.nics.map((nic) => (nic.outcome === 'untouched' ? { ...nic, ...unknown(null) } : nic)),
        }
      : server.outcome === 'waiting'
        ? { ...server, ...unknown('its page was ended from outside before its turn') }
        : server,
  );
}

function unknown(message: string | null) {
  return { outcome: 'unknown' as const, errorCode: null, message };
}

/**
 * What would be touched and what is left alone, server by server, as far as it is planned. Needs a worker: `why` says
 * that none has answered.
 */
export async function readPlan(
  temporal: Temporal,
  run: Pick<KnownRun, 'workflowId' | 'runId' | 'taskQueue'>,
): Promise<StatusAnswer<JoinedPlan>> {
  const answer = await askWorkers(temporal, run.taskQueue, async (ms) =>
    asPlan(await askRun(temporal, run, QUERY_PLAN, ms)),
  );
  if (answer.document === null) return answer;
  const plan = answer.document;
  const pages = plan.pages.map((workflowId): Page => ({ workflowId, servers: 0, state: 'loaded' }));
  const parts = await inParallel(pages, AT_A_TIME, (page) => partOf(temporal, page, QUERY_PLAN, asPagePlan));
  return { document: joinPlan(plan, parts) };
}

/** Pure. */
export function joinPlan(plan: PlanDocument, parts: readonly PagePart<PagePlan>[]): JoinedPlan {
  const read = parts.flatMap(({ document }) => document ?? []);
  return {
    ...plan,
    excluded: read.flatMap(({ excluded }) => excluded),
    nextPage: null,
    planned: read.flatMap(({ servers }) => servers),
    unreadable: unreadableOf(parts),
  };
}

function unreadableOf(parts: readonly PagePart<object>[]): UnreadablePage[] {
  return parts.flatMap((part) => (part.document === null ? part.unreadable : []));
}

async function partOf<D extends object>(
  temporal: Temporal,
  { workflowId, servers }: Page,
  query: string,
  read: (value: unknown) => D | null,
): Promise<PagePart<D>> {
  const without = (reason: string, listed: ListedServer[]): PagePart<D> => ({
    document: null,
    listed,
    unreadable: { workflowId, servers: listed.length || servers, reason },
  });
  try {
    const description = await describe(temporal, workflowId);
    const { runId, taskQueue } = description;
    const isOpen = isOpenRun(description);
    const answer = await askOrResult(temporal, { workflowId, runId, taskQueue, open: isOpen }, query, read);
    if (!('why' in answer)) return { document: answer.document, isOpen };
    const input = await readInput(temporal, { workflowId, runId, firstRunId: firstRunOf(description) });
    return without(answer.why, listedIn(input));
  } catch (error) {
    const isGone = error instanceof WorkflowNotFoundError;
    return without(isGone ? 'Temporal does not know it any more' : reasonOf(error), []);
  }
}

function listedIn(input: unknown): ListedServer[] {
  return isRecord(input) && Array.isArray(input.servers) ? (input.servers as ListedServer[]) : [];
}

function asPageReport(value: unknown): PageReport | null {
  return isPage(value) ? (value as unknown as PageReport) : null;
}

function asPagePlan(value: unknown): PagePlan | null {
  return isPage(value) && Array.isArray(value.excluded) ? (value as unknown as PagePlan) : null;
}

function isPage(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value.page === 'number' && Array.isArray(value.servers);
}

function asPlan(value: unknown): PlanDocument | null {
  return isRecord(value) && typeof value.run === 'string' && Array.isArray(value.pages)
    ? (value as unknown as PlanDocument)
    : null;
}

/** Uploads the list of a run in pages. The same list again goes on where an upload was cut off. */
import { createHash, randomUUID } from 'node:crypto';
import type { DecommissionStatus, ListedServer } from '../../contract';
import { DECOMMISSION_UPDATE, PAGE_LIMITS } from '../../contract';
import type { Temporal } from '../connect';
import type { RunIds } from '../errors';
import type { AskOptions, UpdateAnswer } from '../update';
import { askFor, callsOf } from '../update';
import { inParallel } from './parallel';
import { asStatus } from './read';

/** Pages on their way at a time: Temporal takes ten waiting Updates a run, and people need some of them. */
const AT_A_TIME = 5;
/**
 * A server of which all NICs are wanted counts as many as a server can hold (docs/cloud-api.md §1.2): the report of a page grows with
 * its NICs, and has to stay below Temporal's limit of a payload.
 */
const NICS_OF_ALL = 12;

/** Divides a list into pages that the Update `load` takes; equal lists are divided equally. Pure. */
export function pagesOf(servers: readonly ListedServer[]): ListedServer[][] {
  const pages: ListedServer[][] = [];
  let page: ListedServer[] = [];
  let nics = 0;
  let bytes = 0;
  for (const server of servers) {
    const itsNics = server.nics === 'all' ? NICS_OF_ALL : server.nics.length;
    // With the comma before it; the brackets of the list are within what is left of the limit.
    const itsBytes = Buffer.byteLength(JSON.stringify(server)) + 1;
    const isFull =
      page.length >= PAGE_LIMITS.servers ||
      nics + itsNics > PAGE_LIMITS.nics ||
      bytes + itsBytes > PAGE_LIMITS.bytes - 2;
    if (isFull && page.length > 0) {
      pages.push(page);
      [page, nics, bytes] = [[], 0, 0];
    }
    page.push(server);
    nics += itsNics;
    bytes += itsBytes;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}

export interface LoadOptions extends AskOptions {
  /** Called after each page that the run has. */
  onPage?: (loaded: number, pages: number) => void;
}

/** `failed` with type `NotApplicable`: the run has another list, or is closed to this one; `message` says which. */
export type Loaded = UpdateAnswer<DecommissionStatus>;

/**
 * Uploads the list and closes it. What an open run has already is not loaded twice, so this may be repeated at any
 * time; a different list is refused. Throws errors of the client that a retry cannot cure.
 */
export async function loadList(
  temporal: Temporal,
  run: RunIds,
  servers: readonly ListedServer[],
  { until, onPage = () => {} }: LoadOptions = {},
): Promise<Loaded> {
  const pages = pagesOf(servers);
  let loaded = 0;
  const state: { failed: Loaded | null } = { failed: null };
  await inParallel(pages, AT_A_TIME, async (some, page) => {
    if (state.failed !== null) return;
    const answer = await loadPage(temporal, run, page, some, { until });
    if (answer.kind === 'done') onPage(++loaded, pages.length);
    else state.failed ??= answer;
  });
  if (state.failed !== null) return state.failed;
  return ask(
    temporal,
    run,
    DECOMMISSION_UPDATE.loaded,
    { pages: pages.length, servers: servers.length },
    { until },
  );
}

async function loadPage(
  temporal: Temporal,
  run: RunIds,
  page: number,
  servers: ListedServer[],
  options: AskOptions,
): Promise<Loaded> {
  const digest = createHash('sha256').update(JSON.stringify(servers)).digest('hex').slice(0, 16);
  const name = `load-${page}-${digest}`;
  const answer = await ask(temporal, run, DECOMMISSION_UPDATE.load, { page, servers }, options, name);
  // Under its name an earlier failure would be told for ever, though its cause may be gone.
  return answer.kind === 'failed'
    ? ask(temporal, run, DECOMMISSION_UPDATE.load, { page, servers }, options, `${name}-${randomUUID()}`)
    : answer;
}

function ask(
  temporal: Temporal,
  run: RunIds,
  update: string,
  argument: object,
  options: AskOptions,
  name?: string,
): Promise<Loaded> {
  return askFor(callsOf(temporal, run, update, argument), asStatus, options, undefined, name).answer;
}

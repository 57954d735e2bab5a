/** The list, as the run remembers it while it is loaded: what tells pages and servers apart, not the servers. Pure. */
import type { LoadPage } from '../../../contract/decommission/input';
import { PAGE_LIMITS } from '../../../contract/decommission/input';
import type { ListedServer } from '../../../contract/decommission/types';
import type { NamedServers } from '../../policy/fleet/agreement';
import { FIRST_ORDER } from '../../policy/fleet/agreement';
import { digestOfText } from '../../policy/fleet/digest';
import type { FleetState } from './state';
import { isOver } from './state';

/** Hexadecimal digits that tell one server from another: among 100,000 servers two look alike once in 50,000 lists. */
const MARK = 12;

export function marksOf(servers: readonly ListedServer[]): string[] {
  return servers.map(({ serverId }) => digestOfText(serverId).slice(0, MARK));
}

export function digestOfList(servers: readonly ListedServer[]): string {
  return digestOfText(JSON.stringify(servers));
}

/** Why a page can't be loaded; `null`: it can, or is loaded already. */
export function loadProblem(state: FleetState, { page, servers }: LoadPage): string | null {
  if (state.aborted !== null) return 'the run was aborted';
  const known = state.loading[page]?.digest ?? state.pages[page]?.digest;
  if (known === digestOfList(servers)) return null;
  if (state.loaded) return 'the list is complete: the Update `loaded` has closed it';
  if (known === undefined) return null;
  return `page ${page} is loaded with other servers; a run's list never changes: start another run for another list`;
}

/** Why the list can't be closed; `null`: it can, or is closed already with the same numbers. */
export function loadedProblem(state: FleetState, told: { pages: number; servers: number }): string | null {
  if (state.loaded) {
    const servers = state.pages.reduce((sum, page) => sum + page.servers, 0);
    const isSame = told.pages === state.pages.length && told.servers === servers;
    return isSame ? null : `the list was closed with ${state.pages.length} pages and ${servers} servers`;
  }
  if (state.aborted !== null) return 'the run was aborted';
  const entries = Object.entries(state.loading);
  if (entries.length === 0) return 'nothing was loaded; an empty list means nothing, never everything';
  const missing = Array.from({ length: Math.min(told.pages, PAGE_LIMITS.pages) }, (_, n) => n).filter(
    (n) => state.loading[n]?.started !== true,
  );
  if (missing.length > 0)
    return `page${missing.length === 1 ? '' : 's'} ${missing.slice(0, 20).join(', ')} missing: load ${missing.length === 1 ? 'it' : 'them'} first`;
  if (entries.length !== told.pages) return `${entries.length} pages were loaded, not ${told.pages}`;
  const servers = entries.reduce((sum, [, page]) => sum + page.servers, 0);
  if (servers !== told.servers) return `${servers} servers were loaded, not ${told.servers}`;
  return twice(state);
}

function twice(state: FleetState): string | null {
  const pageOf = new Map<string, string>();
  for (const [page, { marks }] of Object.entries(state.loading)) {
    for (const mark of marks) {
      const other = pageOf.get(mark);
      if (other !== undefined)
        return `pages ${other} and ${page} name the same server: abort this run, and load a list that names each server once`;
      pageOf.set(mark, page);
    }
  }
  return null;
}

/** Digits by which a page is found for a server: among 10,000 servers one page in 1,600 is asked for nothing. */
const SHORT_MARK = 6;

/** Pages that may have the server. The run keeps no list: now and then a page is named that does not have it. */
export function pagesOf(state: FleetState, serverId: string): number[] {
  const mark = digestOfText(serverId).slice(0, SHORT_MARK);
  return state.pages.flatMap(({ marks }, index) => {
    for (let at = 0; at < marks.length; at += SHORT_MARK) if (marks.startsWith(mark, at)) return [index];
    return [];
  });
}

/** Of the servers that people have named, those of each page. */
export function partsOf(state: FleetState, { seq, skip, undo, who }: NamedServers): NamedServers[] {
  const parts = state.pages.map((): NamedServers => ({ seq, skip: [], undo: [], who }));
  for (const id of skip) for (const page of pagesOf(state, id)) parts[page]?.skip.push(id);
  for (const id of undo) for (const page of pagesOf(state, id)) parts[page]?.undo.push(id);
  return parts;
}

/** What a page has to hear of, once it is there again. */
export function together(before: NamedServers | null, now: NamedServers | null): NamedServers | null {
  if (before === null || now === null) return before ?? now;
  return { ...now, skip: [...before.skip, ...now.skip], undo: [...before.undo, ...now.undo] };
}

/** Servers that the list does not have, in words; `null`: it has them all, or is not complete yet. */
export function unlisted(state: FleetState, servers: readonly string[]): string | null {
  if (!state.loaded) return null;
  const missing = servers.filter((id) => pagesOf(state, id).length === 0);
  if (missing.length === 0) return null;
  const named = missing.slice(0, 10).join(', ');
  return `${missing.length} of the servers ${missing.length === 1 ? 'is' : 'are'} not on this run's list: ${named}${missing.length > 10 ? ', …' : ''}`;
}

/** Servers that only pages have which are over, in words: nothing reaches these; `null`: there are none. */
export function unreachable(state: FleetState, servers: readonly string[]): string | null {
  const gone = servers.filter((id) => pagesOf(state, id).every((page) => isOverAt(state, page)));
  if (gone.length === 0) return null;
  return `the page of ${gone.slice(0, 10).join(', ')} has ended: put them back one by one with \`ecs-nics restore <server-id>\``;
}

function isOverAt({ pages }: FleetState, index: number): boolean {
  const page = pages[index];
  return page === undefined || isOver(page);
}

/** The list is complete. From here on the pages are counted through. */
export function closeList(state: FleetState): void {
  const count = Math.max(-1, ...Object.keys(state.loading).map(Number)) + 1;
  // Of an upload that was aborted pages may be missing: the others keep their numbers.
  const missing = { servers: 0, digest: '', marks: [], started: false };
  state.pages = Array.from({ length: count }, (_, n) => state.loading[n] ?? missing).map(
    ({ servers, digest, marks, started }) => ({
      servers,
      marks: marks.map((mark) => mark.slice(0, SHORT_MARK)).join(''),
      digest,
      order: { ...FIRST_ORDER },
      undelivered: false,
      endedEarly: false,
      unconfirmed: 0,
      news: null,
      arrived: null,
      planned: null,
      refusalsSeen: 0,
      lost: !started,
      owed: null,
    }),
  );
  state.loading = {};
  // The first answer tells the rate of calls, too, which the forecast needs.
  state.checkedAt = 0;
  state.loaded = true;
  if (state.phase === 'loading') state.phase = 'planning';
}

/** A run keeps no list, only marks of it: enough to find the page of a server, and to tell a wrong one. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { closeList, loadedProblem, marksOf, pagesOf, unlisted } from '../../../src/workflows/fleet/run/list';
import type { FleetState } from '../../../src/workflows/fleet/run/state';

const PAGES = 100;
const SERVERS = 100;
const ids = Array.from({ length: PAGES }, () => Array.from({ length: SERVERS }, () => randomUUID()));

function loaded(pages: readonly (readonly string[])[]): FleetState {
  const loading = pages.map((servers, page) => ({
    servers: servers.length,
    digest: String(page),
    marks: marksOf(servers.map((serverId) => ({ serverId, nics: 'all' as const }))),
    started: true,
  }));
  return {
    loading: { ...loading },
    pages: [],
    loaded: false,
    aborted: null,
    phase: 'loading',
  } as unknown as FleetState;
}

describe('the list of a run', () => {
  it('a message about a server goes to its page, and to hardly any other, among 10,000 servers', () => {
    const state = loaded(ids);
    closeList(state);
    const found = ids.map((page) => page.map((id) => pagesOf(state, id)));
    found.forEach((page, index) => page.forEach((pages) => expect(pages).toContain(index)));
    const others = found.flat().reduce((sum, pages) => sum + pages.length - 1, 0);
    // One in 1,600 is expected.
    expect(others / (PAGES * SERVERS)).toBeLessThan(1 / 100);
  });

  it('its marks are small: the state is handed on from run to run', () => {
    const state = loaded(ids);
    closeList(state);
    expect(JSON.stringify(state.pages.map(({ marks }) => marks)).length).toBeLessThan(65_536);
  });

  it('of an upload that was aborted keeps the numbers of its pages, whichever are missing', () => {
    const state = loaded([['a'], ['b'], ['c']]);
    delete state.loading[1];
    closeList(state);
    expect(state.pages.map(({ lost, servers }) => [lost, servers])).toEqual([
      [false, 1],
      [true, 0],
      [false, 1],
    ]);
    expect(pagesOf(state, 'c')).toEqual([2]);
  });

  it('names servers that it does not have, once it is complete', () => {
    const state = loaded([['a', 'b'], ['c']]);
    expect(unlisted(state, ['a', 'z'])).toBeNull();
    closeList(state);
    expect(unlisted(state, ['a', 'c'])).toBeNull();
    expect(unlisted(state, ['a', 'z'])).toBe("1 of the servers is not on this run's list: z");
  });

  it('is not closed while a page is missing, one is too many, or two name the same server', () => {
    const of = (pages: string[][], told: { pages: number; servers: number }) =>
      loadedProblem(loaded(pages), told);
    expect(of([['a'], ['b']], { pages: 3, servers: 3 })).toMatch(/page 2 missing/);
    expect(of([['a'], ['b']], { pages: 1, servers: 1 })).toMatch(/2 pages were loaded, not 1/);
    expect(of([['a'], ['b']], { pages: 2, servers: 3 })).toMatch(/2 servers/);
    expect(of([['a'], ['b', 'a']], { pages: 2, servers: 3 })).toMatch(/pages 0 and 1 name the same server/);
    expect(of([['a'], ['b']], { pages: 2, servers: 2 })).toBeNull();
  });
});

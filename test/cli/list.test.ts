/** The list of runs as people see it. */
import { describe, expect, it } from 'vitest';
import { listReport } from '../../src/cli/show/list-report';
import type { ListedRun } from '../../src/client/runs';
import { ageText } from '../../src/cli/show/wording';
import { NOW, PAGE, RUN, SERVER } from './support';

const run = (changes: Partial<ListedRun> = {}): ListedRun => ({
  ...RUN,
  firstRunId: RUN.runId,
  serverId: SERVER,
  serverName: 'web-01',
  requestedBy: null,
  reason: null,
  type: 'deleteServerNics',
  taskQueue: 'ecs-nics',
  status: 'running',
  open: true,
  phase: 'polling',
  outcome: 'running',
  startedAt: new Date(NOW - 90_000),
  endedAt: null,
  ...changes,
});
const closed = (changes: Partial<ListedRun> = {}) =>
  run({ open: false, status: 'failed', phase: 'done', outcome: 'not-deleted', ...changes });
const FLAGS = { limit: 20 };
const list = (runs: ListedRun[], columns = 80, more = false, open = false) =>
  listReport({ runs, more, lookedAt: null }, { ...FLAGS, open }, { ...PAGE, columns });

describe('the list', () => {
  it('shows phase or outcome, start and age, one line a run', () => {
    const old = new Date(NOW - 3 * 86_400_000);
    expect(list([run(), closed({ serverName: null, startedAt: old })])).toEqual([
      'SERVER                                NAME    STATE        AGE',
      `${SERVER}  web-01  polling      90 s`,
      `${SERVER}  -       not-deleted  3 d`,
    ]);
  });

  it('says who asked for a run and why: on a line below it, or beside the start where there is room', () => {
    const runs = [run({ requestedBy: 'ops', reason: 'TICKET-7' }), closed({ reason: 'a purge' })];
    expect(list(runs).slice(1)).toEqual([
      `${SERVER}  web-01  polling      90 s`,
      '  asked by ops: TICKET-7',
      `${SERVER}  web-01  not-deleted  90 s`,
      '  asked by (not said): a purge',
    ]);
    expect(list(runs, 130).slice(0, 2)).toEqual([
      'SERVER                                NAME    STATE        STARTED                  AGE   ASKED BY',
      `${SERVER}  web-01  polling      2026-03-01 02:59:00 UTC  90 s  ops: TICKET-7`,
    ]);
  });

  it('a search says what it looked for, and when it could not look at all runs', () => {
    const flags = { limit: 20, outcome: 'refused', requestedBy: 'the ops team' };
    const none = { runs: [], more: false, lookedAt: null };
    expect(listReport(none, flags, PAGE).join()).toMatch(
      /^no run here fits --outcome refused --requested-by 'the ops team'; /,
    );
    expect(listReport({ runs: [run()], more: true, lookedAt: null }, flags, PAGE).at(-1)).toBe(
      "There are more: ecs-nics list --outcome refused --requested-by 'the ops team' --limit 40",
    );
    expect(listReport({ runs: [run()], more: true, lookedAt: 5_000 }, flags, PAGE).join()).toContain(
      'Only the latest 5000 runs were looked at',
    );
  });

  it('without search attributes, document and worker there is still the word of Temporal', () => {
    expect(list([run({ phase: null })])[1]).toMatch(/ running /);
    expect(list([closed({ outcome: null, status: 'timed-out' })])[1]).toMatch(/ timed-out /);
  });

  it('cuts long names first, then gives up the table; never an id, never a line too long', () => {
    const runs = [run({ serverName: '数据库服务器-'.repeat(9) }), closed({ outcome: 'outcome-unknown' })];
    const wide = list(runs, 80);
    expect(wide[1]).toMatch(/^3f0b6f0e\S+ {2}数据库服务器-数据… /);
    const narrow = list(runs, 58);
    expect(narrow).toHaveLength(4);
    expect(narrow[0]).toBe(SERVER);
    expect(narrow[3]).toBe('  web-01 · outcome-unknown · 90 s');
    for (const line of [...wide, ...narrow]) expect([...line].length).toBeLessThanOrEqual(79);
    expect(list(runs, Infinity)[1]).toContain('数据库服务器-'.repeat(9));
  });

  it('names of servers do nothing to the terminal', () => {
    // eslint-disable-next-line no-control-regex
    expect(list([run({ serverName: 'a\u001b[2Jb\nc' })]).join('')).not.toMatch(/[\u0000-\u001f]/);
  });

  it('says when there are more, and when there is nothing', () => {
    expect(list([run()], 80, true, true).at(-1)).toBe('There are more: ecs-nics list --open --limit 40');
    expect(list([]).join()).toContain('no run is known');
    expect(list([], 80, false, true)).toEqual(['no run is open on any server']);
  });
});

describe('ages', () => {
  it.each([
    [-5_000, '0 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('%d ms ago is %s', (ms, text) => {
    expect(ageText(new Date(NOW - ms), NOW)).toBe(text);
  });
});

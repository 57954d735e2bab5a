/** A decommission run as people see it: its state, the screen that is redrawn, lines in a pipe, and the next commands. */
import { describe, expect, it } from 'vitest';
import { exitCodeOfFleet } from '../../../src/cli/commands/decommission/follow';
import { widthOf } from '../../../src/cli/format';
import { PlainDecommission, screenLines } from '../../../src/cli/show/decommission/progress';
import { headText, statusLines } from '../../../src/cli/show/decommission/status';
import { decommissionSteps, inCommands } from '../../../src/cli/show/decommission/steps';
import type { DecommissionStatus } from '../../../src/contract';
import { NOW, PAGE, SERVER, WHERE, why } from '../support';
import { status } from './support';

const lines = (changes: Partial<DecommissionStatus> = {}) => statusLines(status(changes), PAGE);
const commands = (changes: Partial<DecommissionStatus>, but?: string) =>
  decommissionSteps(status(changes), but).map(({ command }) => command);
const FAILURE = { serverId: SERVER, errorCode: 'Ecs.0507', message: 'delete nic failed' };

describe('the state of a run', () => {
  it('has a bar for each wave, and what a person has to know to let the next one go', () => {
    const text = lines({ failed: 1, maxErrors: 2, failures: [FAILURE] }).join('\n');
    expect(text).toMatch(/wave 1 +█{24} 1 of 1\n.*wave 2 +█{10}░{14} 4 of 9\n.*wave 3 +░{24} 0 of 90\n/);
    expect(text).toContain('1, tolerated 2; at most 5 more can fail before it stops');
    expect(text).toContain('12.5 servers a minute; end about 2026-03-01 03:08:00 UTC');
    expect(text).toMatch(new RegExp(`${SERVER} Ecs.0507:`));
  });

  it('shows the waves around the present one; the others are one line', () => {
    const waves = Array.from({ length: 50 }, (_, n) => n + 1);
    const text = lines({ waves, wave: { number: 25, of: 50, size: 1, done: 0 } }).join('\n');
    expect(text.match(/wave \d+/g)).toEqual(['wave 23', 'wave 24', 'wave 25', 'wave 26', 'wave 27']);
    expect(text).toContain('1 to 22 are done');
    expect(text).toContain('28 to 50 come later');
  });

  it('says why and by whom it is paused, and tells no pace of a run that starts nothing', () => {
    const text = lines({ phase: 'paused', by: 'bob', reason: 'lunch', mayStillFail: 0 }).join('\n');
    expect(text).toMatch(/why +lunch \(bob\)/);
    expect(text).not.toContain('a minute');
  });

  it('says that it was aborted, until somebody asks for more', () => {
    const abort = { what: 'abort', by: 'bob', reason: 'wrong list', at: '2026-01-05T10:00:00Z' };
    for (const phase of ['running', 'undo-window', 'committing'] as const) {
      expect(headText(status({ phase, controls: [abort] }))).toContain('aborted');
      expect(headText(status({ phase, controls: [abort], undone: true }))).not.toContain('aborted');
      expect(headText(status({ phase }))).not.toContain('aborted');
    }
  });

  it('while it is inspected: a bar', () => {
    const planning = { phase: 'planning' as const, digest: null, wave: null, waves: [] };
    expect(lines({ ...planning, progress: { listed: 100, inspected: 50 } }).join('\n')).toContain(
      '50 of 100',
    );
    expect(headText(status({ ...planning }))).toContain('nothing is touched');
  });

  it('texts of others do nothing to the terminal', () => {
    const evil = 'a\u001b[2Jb\nc';
    const text = lines({ reason: evil, by: evil, failures: [{ ...FAILURE, message: evil }] });
    // eslint-disable-next-line no-control-regex
    expect(text.join('')).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe('a refusal', () => {
  it('names commands, not the messages that other services send', () => {
    const told = 'raise it with setLimits, or take them up with retryFailed; read it again (query plan)';
    expect(inCommands(told)).toBe('raise it with limits, or take them up with retry; read it again');
  });
});

describe('the screen', () => {
  const state = (document: DecommissionStatus | null) => ({ document, trouble: null, pollers: [] });
  const frame = (columns: number, rows: number) => ({
    ...{ now: NOW, startedAt: NOW - 90_000, run: WHERE, columns, rows, spinner: '*', colors: PAGE.colors },
  });
  const failures = Array.from({ length: 20 }, () => FAILURE);

  it.each([
    [80, 24],
    [60, 12],
    [40, 6],
    [20, 3],
  ])('fits %d columns and %d rows, and always says how to leave', (columns, rows) => {
    const screen = screenLines(state(status({ failures, failed: 20 })), frame(columns, rows));
    expect(screen.length).toBeLessThanOrEqual(rows);
    for (const line of screen) expect(widthOf(line), line).toBeLessThan(columns);
    expect(screen[0]).toContain('* 90 s');
    expect(screen.at(-1)).toContain('Ctrl-C');
  });

  it('names what can be done now, and what blocks the run', () => {
    const trouble = {
      ...{ kind: 'silent' as const, forMs: 5_000, limitMs: 30_000 },
      why: why({ kind: 'no-worker', queues: ['ecs-nics'] }),
    };
    const text = screenLines({ ...state(status()), trouble }, frame(100, 24)).join('\n');
    expect(text).toContain('now: pause, limits, skip, abort');
    expect(text).toContain('no worker polls task queue ecs-nics');
    expect(screenLines(state(null), frame(80, 24))[0]).toContain('waiting for the first answer');
  });
});

describe('in a pipe', () => {
  function said(...states: Partial<DecommissionStatus>[]): string[] {
    const out: string[] = [];
    const view = new PlainDecommission({ say: (line) => void out.push(line) }, WHERE);
    for (const changes of states) view.show({ document: status(changes), trouble: null, pollers: [] });
    return out;
  }
  const wave = (done: number) => ({ wave: { number: 1, of: 2, size: 1_000, done } });

  it('a line for each phase, order and failure, each once', () => {
    const order = { what: 'pause', by: 'bob', reason: 'lunch', at: '2026-03-01T03:00:00.000Z' };
    const out = said(
      {},
      {},
      { phase: 'paused', by: 'bob', reason: 'lunch', controls: [order] },
      { failures: [FAILURE] },
    );
    expect(out).toEqual([
      'phase: running, wave 2 of 3, 4 of 9 done (5 deleted)',
      'order: pause by bob: lunch',
      'phase: paused: lunch (bob), wave 2 of 3, 4 of 9 done (5 deleted)',
      `failed: ${SERVER}: Ecs.0507: delete nic failed`,
      'phase: running, wave 2 of 3, 4 of 9 done (5 deleted)',
    ]);
  });

  it('ten lines for a wave of a thousand servers, not a thousand', () => {
    const states = Array.from({ length: 1_001 }, (_, done) => wave(done));
    expect(said(...states)).toHaveLength(11);
  });
});

describe('the next commands', () => {
  it('an approval repeats digest and counts', () => {
    expect(commands({ phase: 'planned', next: ['approve', 'abort', 'skip'], wave: null }, 'status')).toEqual([
      'ecs-nics decommission plan cleanup',
      'ecs-nics decommission approve cleanup --digest 0123456789abcdef --servers 100 --nics 300 --by YOU --reason WHY',
      'ecs-nics decommission abort cleanup --by YOU --reason WHY',
      'ecs-nics decommission watch cleanup',
    ]);
  });

  it('a stopped run: each of its ways out, with what has failed', () => {
    const all = commands({
      phase: 'stopped',
      failed: 3,
      failures: [FAILURE],
      next: ['setLimits', 'skip', 'retryFailed', 'abort'],
    });
    expect(all).toContain('ecs-nics decommission limits cleanup --max-errors 3 --by YOU --reason WHY');
    expect(all).toContain(`ecs-nics decommission skip cleanup --server ${SERVER} --by YOU --reason WHY`);
    expect(all).toContain('ecs-nics decommission retry cleanup --by YOU --reason WHY');
  });

  it('of a finished run: its report', () => {
    expect(commands({ phase: 'done', outcome: 'done', next: [] })).toEqual([
      'ecs-nics decommission report cleanup',
    ]);
  });
});

describe('who waits ends with', () => {
  const done = { phase: 'done' as const, wave: { number: 3, of: 3, size: 90, done: 90 } };
  const between = { number: 1, of: 3, size: 1, done: 1 };
  it.each([
    [0, 'all went well', { ...done, outcome: 'done' as const }],
    [3, 'failures', { ...done, outcome: 'incomplete' as const, failed: 1 }],
    [3, 'unknown ends', { ...done, outcome: 'aborted' as const, counts: { unknown: 1 } }],
    [3, 'too many failures', { phase: 'stopped' as const, failed: 1 }],
    [7, 'an abort', { ...done, outcome: 'aborted' as const }],
    [0, 'a plan to approve', { phase: 'planned' as const, wave: null, next: ['approve', 'abort'] }],
    [4, 'a plan that cannot be approved', { phase: 'planned' as const, wave: null, next: ['abort'] }],
    [0, 'a pause between waves', { phase: 'paused' as const, wave: between, betweenWaves: true }],
    [0, 'a pause by a person', { phase: 'paused' as const, by: 'bob' }],
    [6, 'a pause by the run itself: the cloud refuses', { phase: 'paused' as const }],
    [6, 'the same when the wave is at rest', { phase: 'paused' as const, wave: between }],
    [6, 'the same while it plans', { phase: 'paused' as const, wave: null }],
    [0, 'an open window', { phase: 'undo-window' as const }],
    [
      0,
      'a run that was undone',
      {
        phase: 'done' as const,
        outcome: 'undone' as const,
        reason: 'a mistake',
        counts: { restored: 3, failed: 1 },
        failed: 1,
      },
    ],
    [
      6,
      'an undone run of which something is not back',
      { phase: 'done' as const, outcome: 'incomplete' as const, counts: { 'restore-incomplete': 1 } },
    ],
    [7, 'the open window of an aborted run', { phase: 'undo-window' as const, reason: 'a mistake' }],
    [3, 'servers that were not begun', { ...done, outcome: 'incomplete' as const }],
    [3, 'an open window after failures', { phase: 'undo-window' as const, failed: 1 }],
  ])('%d: %s', (code, _name, changes) => {
    expect(exitCodeOfFleet(status(changes))).toBe(code);
  });
});

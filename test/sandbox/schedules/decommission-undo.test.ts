/** The way back of decommission runs in schedules as small as can be: moments that the campaign meets too rarely. */
import { describe, expect, it } from 'vitest';
import { linesOf, played, resultOf, settings, startsOf } from './play-decommission';

const WINDOW = settings({ undoWindow: '4 minutes' });

describe('the undo of a decommission run', () => {
  it('a restore that is terminated half-way leaves nothing but doubt, and its ports', async () => {
    const run = await played([{ nics: 3, backMs: 20_000 }], {
      settings: WINDOW,
      messages: [{ name: 'undo', after: 'undo-window', ms: 0 }],
      outside: [{ what: 'terminate', whom: 'server', number: 0, after: 'undoing', ms: 25_000 }],
    });
    expect(linesOf(run)).toEqual([{ outcome: 'restore-incomplete', errorCode: null }]);
    expect(resultOf(run)).toMatchObject({ outcome: 'incomplete', back: { done: 1, of: 1 } });
  });

  it('some servers are undone twice, the second time with success, and the rest is committed', async () => {
    const run = await played([{ nics: 2, back: false }, { nics: 1 }], {
      settings: settings({ undoWindow: '4 minutes', maxErrors: 5 }),
      messages: [
        { name: 'undo', after: 'undo-window', ms: 0, servers: [0] },
        { name: 'undo', after: 'undo-window', ms: 30_000, servers: [0] },
      ],
    });
    expect(startsOf(run, 0).map(({ type }) => type)).toEqual([
      'deleteServerNics',
      'restoreServerNics',
      'restoreServerNics',
    ]);
    expect(linesOf(run).map(({ outcome }) => outcome)).toEqual(['restore-incomplete', 'deleted']);
  });

  it('the window does not end while servers go back, one after the other, however long that takes', async () => {
    const run = await played([{ nics: 1, backMs: 100_000 }, { nics: 1 }], {
      settings: settings({ undoWindow: '40s', concurrency: 1 }),
      messages: [{ name: 'undo', after: 'undo-window', ms: 10_000, servers: [0, 1] }],
    });
    expect(resultOf(run)).toMatchObject({ outcome: 'done', counts: { restored: 2 } });
  });

  it('a stopped run puts back what somebody names, stays stopped, and starts nothing', async () => {
    const run = await played([{ nics: 1 }, { fates: ['fails', 'fails'] }, { nics: 1 }], {
      settings: settings({ waves: '1,2,100%', undoWindow: '4 minutes' }),
      messages: [{ name: 'undo', after: 'stopped', ms: 0, servers: [0] }],
      remedies: ['abort'],
      watchMs: 15_000,
    });
    expect(linesOf(run).map(({ outcome }) => outcome)).toEqual(['restored', 'failed', 'untouched']);
  });

  it('a run that continues as new in the middle of it goes on with it', async () => {
    const run = await played([{ nics: 2, backMs: 30_000 }, { nics: 2, backMs: 30_000 }, {}], {
      pages: [2, 1],
      continueAfter: 4,
      settings: WINDOW,
      messages: [{ name: 'undo', after: 'undo-window', ms: 0 }],
    });
    expect(run.server.record.continued.length).toBeGreaterThan(1);
    expect(resultOf(run)).toMatchObject({ outcome: 'undone', counts: { restored: 3 } });
  });

  it('of all servers tells those that never began as aborted, and those that were left out before as skipped', async () => {
    const run = await played([{ nics: 1 }, { nics: 1 }, { nics: 1 }], {
      settings: settings({ waves: '1,100%', pauseAfter: 'first', undoWindow: '4 minutes' }),
      pausedMs: 60_000,
      messages: [
        { name: 'skip', after: 'paused', ms: 0, servers: [1] },
        { name: 'undo', after: 'paused', ms: 10_000 },
      ],
    });
    expect(linesOf(run)).toEqual([
      { outcome: 'restored', errorCode: null },
      { outcome: 'untouched', errorCode: 'Skipped' },
      { outcome: 'untouched', errorCode: 'Aborted' },
    ]);
    expect(resultOf(run)).toMatchObject({ outcome: 'undone', undone: true, back: { done: 1, of: 1 } });
  });

  it('of a run that is aborted after a refusal is not held up by it again', async () => {
    const run = await played([{ nics: 1 }, { nics: 1 }], {
      settings: settings({ waves: '1,100%', undoWindow: '4 minutes' }),
      refused: { ms: 5_000, forMs: 40_000 },
      pausedMs: 120_000,
      messages: [
        { name: 'abort', after: 'paused', ms: 20_000 },
        { name: 'undo', after: 'paused', ms: 40_000 },
      ],
    });
    const at = (name: string) => run.server.record.updates.find((each) => each.name === name)?.heardAt ?? 0;
    const after = run.operator.statuses.filter(({ at: when }) => when > at('abort'));
    expect(after.map(({ status }) => status.phase)).not.toContain('paused');
    expect(resultOf(run)).toMatchObject({ outcome: 'undone', counts: { restored: 1, untouched: 1 } });
  });

  it('brings back what a run had taken off that was terminated', async () => {
    const run = await played([{ nics: 2, jobMs: 20_000 }, {}], {
      settings: settings({ undoWindow: '4 minutes', maxErrors: 1 }),
      real: true,
      messages: [{ name: 'undo', after: 'running', ms: 60_000 }],
      outside: [{ what: 'terminate', whom: 'server', number: 0, after: 'running', ms: 10_000 }],
    });
    expect(startsOf(run, 0).map(({ type, end }) => [type, end?.kind])).toEqual([
      ['deleteServerNics', 'terminated'],
      ['restoreServerNics', 'completed'],
    ]);
    expect(linesOf(run).map(({ outcome }) => outcome)).toEqual(['restored', 'restored']);
  });

  it('refused credentials pause it, and a resume goes on', async () => {
    const run = await played([{ nics: 1 }], {
      settings: WINDOW,
      real: true,
      refused: { ms: 40_000, forMs: 150_000 },
      messages: [{ name: 'undo', after: 'undo-window', ms: 20_000 }],
    });
    const paused = run.operator.statuses.filter(({ status }) => status.phase === 'paused');
    expect(paused[0]?.status.reason).toMatch(/^the cloud refuses the worker/);
    expect(resultOf(run)).toMatchObject({ outcome: 'undone', counts: { restored: 1 } });
  });
});

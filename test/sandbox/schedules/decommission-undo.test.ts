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

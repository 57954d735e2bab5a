/** Decommission runs in the schedules, each as small as can be, by which the campaign has found something wrong. */
import { describe, expect, it } from 'vitest';
import { pageId, RUN_ID } from '../campaigns/fleet/operator';
import { linesOf, played, resultOf, settings, startsOf } from './play-decommission';

describe('a decommission run', () => {
  it('does not count a skipped server for a wave before its turn', async () => {
    const run = await played([{}, {}, {}], {
      settings: settings({ waves: '1,2,100%' }),
      messages: [{ name: 'skip', after: 'planned', ms: 0, servers: [1] }],
    });
    const [first] = startsOf(run, 0);
    expect(startsOf(run, 2)[0]?.at).toBeGreaterThan(first?.end?.at ?? Infinity);
    expect(linesOf(run)[1]).toEqual({ outcome: 'untouched', errorCode: 'Skipped' });
  });

  it('comes to its end when a page is cancelled before anything has begun', async () => {
    const run = await played([{}, {}], {
      pages: [1, 1],
      outside: [{ what: 'cancel', whom: 'page', number: 0, after: 'planned', ms: 0 }],
    });
    expect(linesOf(run, 0)).toEqual([{ outcome: 'untouched', errorCode: 'Aborted' }]);
    expect(linesOf(run, 1)).toEqual([{ outcome: 'deleted', errorCode: null }]);
  });

  it('goes on with no other wave while a failed server of the last one is tried again', async () => {
    const run = await played([{ fates: ['fails', 'fine'] }, {}, {}], {
      settings: settings({ waves: '1,100%', pauseAfter: 'first', maxErrors: 1 }),
      pausedMs: 5_000,
      messages: [{ name: 'retryFailed', after: 'paused', ms: 100 }],
    });
    const [, again] = startsOf(run, 0);
    expect(again?.end?.kind).toBe('completed');
    expect(startsOf(run, 1)[0]?.at).toBeGreaterThan(again?.end?.at ?? Infinity);
    expect(linesOf(run)).toEqual(Array(3).fill({ outcome: 'deleted', errorCode: null }));
  });

  it('keeps its first wave when a page was lost before it', async () => {
    const run = await played([{}, {}, {}, {}], {
      pages: [1, 3],
      approveMs: 130_000,
      settings: settings({ waves: '2,100%', maxErrors: 2, concurrency: 1 }),
      outside: [{ what: 'terminate', whom: 'page', number: 0, after: 'planned', ms: 0 }],
    });
    expect(resultOf(run)).toMatchObject({
      outcome: 'incomplete',
      pages: [{ state: 'lost' }, { state: 'done' }],
    });
    expect(startsOf(run, 2)[0]?.at).toBeGreaterThan(startsOf(run, 1)[0]?.end?.at ?? Infinity);
  });

  it('does not count the ends of a cancelled page for the servers of another one', async () => {
    const run = await played([{ fates: ['unknown'] }, {}, {}, {}], {
      pages: [1, 3],
      ...{ watchMs: 1_000, approveMs: 5_000 },
      settings: settings({ waves: '2,100%', pauseAfter: 'first', maxErrors: 2 }),
      outside: [{ what: 'cancel', whom: 'page', number: 1, after: 'planned', ms: 0 }],
    });
    const during = run.operator.statuses
      .map(({ status }) => status)
      .filter(({ phase }) => phase === 'running');
    expect(during.some(({ counts }) => counts.untouched === 3)).toBe(true);
    expect(during.map(({ wave }) => wave?.done)).not.toContain(2);
    const halted = run.operator.statuses.find(({ status }) => status.phase === 'paused');
    expect(halted?.status.reason).toContain('1 of 1 failed: that proves nothing');
  });

  it('deletes the ports that it holds after it was cancelled', async () => {
    const run = await played([{}], {
      settings: settings({ undoWindow: '40s' }),
      outside: [{ what: 'cancel', whom: 'run', number: 0, after: 'undo-window', ms: 0 }],
    });
    // Too late for an abort: all has been done.
    expect(resultOf(run)).toMatchObject({ outcome: 'done', reason: null });
    expect(linesOf(run)).toEqual([{ outcome: 'deleted', errorCode: null }]);
  });

  it('keeps its window through as many runs of its chain as it takes after it was cancelled', async () => {
    const run = await played([{}, {}], {
      settings: settings({ undoWindow: '40s' }),
      continueAfter: 3,
      outside: [{ what: 'cancel', whom: 'run', number: 0, after: 'running', ms: 0 }],
    });
    const last = run.server.record.continued.at(-1);
    expect(last?.at).toBeGreaterThan(startsOf(run, 0)[0]?.end?.at ?? Infinity);
    expect(resultOf(run)).toMatchObject({ outcome: 'aborted', reason: 'the run was cancelled' });
    const [{ at, end } = { at: 0, end: null }] = run.server.record.startsOf(RUN_ID);
    expect((end?.at ?? 0) - at).toBeGreaterThan(40_000);
    expect(linesOf(run)).toEqual(Array(2).fill({ outcome: 'deleted', errorCode: null }));
  });

  it('gives every server a line, though it was terminated before it had begun', async () => {
    const run = await played([{}, {}], {
      approveMs: null,
      outside: [{ what: 'terminate', whom: 'run', number: 0, after: 'planned', ms: 0 }],
    });
    const untouched = { outcome: 'untouched', errorCode: 'Aborted' };
    expect(linesOf(run)).toEqual([untouched, untouched]);
  });

  it('tells what the last run of a server has come to when it is aborted before the next one', async () => {
    const run = await played([{ nics: 2, fates: ['partly'] }, {}], {
      settings: settings({ concurrency: 1 }),
      remedies: ['retryFailed'],
      messages: [{ name: 'abort', after: 'stopped', ms: 0 }],
    });
    expect(linesOf(run)).toEqual([
      { outcome: 'failed', errorCode: 'Ecs.0507' },
      { outcome: 'untouched', errorCode: 'Aborted' },
    ]);
  });

  it('promises no less failures than there may be, though it is strict and slow', async () => {
    const run = await played([{ fates: ['fails'] }, { fates: ['fails'] }, {}], {
      settings: settings({ strict: true, concurrency: 1, maxErrors: 1 }),
    });
    expect(resultOf(run).failed).toBe(2);
  });

  it('pauses at once although the worker that asks for its pages is dead', async () => {
    const run = await played(
      Array.from({ length: 8 }, () => ({})),
      {
        settings: settings({ concurrency: 1 }),
        pausedMs: 60_000,
        messages: [{ name: 'pause', after: 'running', ms: 52_000 }],
      },
      { crash: (activity) => (activity === 'describeRuns' ? 'before' : null) },
    );
    expect(linesOf(run)).toEqual(Array.from({ length: 8 }, () => ({ outcome: 'deleted', errorCode: null })));
  });

  it('asks a slow Temporal server for few starts at a time, so that few come after a pause', async () => {
    const run = await played(
      Array.from({ length: 12 }, () => ({})),
      {
        settings: settings({ concurrency: 12 }),
        ...{ watchMs: 500, pausedMs: 20_000 },
        messages: [{ name: 'pause', after: 'running', ms: 100 }],
      },
      { delay: (of) => (of === 'start' ? 5_000 : 10) },
    );
    const starts = Array.from({ length: 12 }, (_, n) => startsOf(run, n)[0]?.at ?? NaN);
    const first = Math.min(...starts);
    expect(starts.filter((at) => at < first + 15_000)).toHaveLength(5);
    expect(linesOf(run)).toEqual(Array.from({ length: 12 }, () => ({ outcome: 'deleted', errorCode: null })));
  });

  it('promises the failures of servers that are to be tried again, before their page has heard of it', async () => {
    const run = await played(
      [{ fates: ['fails', 'fails'] }, { fates: ['fails', 'fails'] }],
      { watchMs: 2_000, settings: settings({ maxErrors: 1 }), remedies: ['retryFailed', 'abort'] },
      { delay: (of) => (of === 'message' ? 8_000 : 10) },
    );
    const [, again] = startsOf(run, 0);
    const before = run.operator.statuses.filter(({ at }) => at < (again?.at ?? 0));
    const asked = before.filter(({ status }) => status.phase === 'running' && status.failed === 2);
    expect(asked.length).toBeGreaterThan(0);
    for (const { status } of asked) expect(status).toMatchObject({ inFlight: 0, mayStillFail: 2 });
  });

  it('answers a page that is being started when somebody aborts it, and tells that page to end', async () => {
    const run = await played(
      [{}, {}],
      { pages: [1, 1], messages: [{ name: 'abort', after: null, ms: 200 }] },
      { delay: (of) => (of === 'start' ? 5_000 : 10) },
    );
    const load = run.server.record.updates.find(({ name }) => name === 'load');
    expect(load?.answer?.kind).toBe('completed');
    expect(resultOf(run)).toMatchObject({ outcome: 'aborted' });
    expect(run.server.record.startsOf(pageId(0))[0]?.end?.kind).toBe('completed');
  });
});

/** Runs that outlive a history, the cloud's memory, or the patience of polling every ten seconds. */
import { describe, expect, it } from 'vitest';
import { METRIC } from '../../../src/activities/agreement/metric-names';
import { play, TIMING } from '../engine/play';
import { documentOf } from '../judges/judge';
import { run } from './play-deletion';
import { createWorld, serverOf } from '../engine/world';

describe('long runs', () => {
  const HOUR = 3_600_000;

  it('a job of 20 hours costs some 160 polls, their step growing to 5 % of the time elapsed', async () => {
    const { told, played, posts } = await run([], {
      server: { jobSeconds: (19.5 * HOUR) / 1_000 },
      request: { deadline: '20 hours' },
    });
    expect([told.outcome, posts, told.warnings]).toEqual(['deleted', 1, []]);
    expect(told.jobs[0]?.polls).toBeGreaterThan(140);
    expect(told.jobs[0]?.polls).toBeLessThan(180);
    const late = played.virtualMs - 19.5 * HOUR;
    expect(late).toBeLessThan(1.15 * 0.05 * 20 * HOUR + 60_000);
  });

  it('no worker for longer than the cloud remembers jobs: the NICs decide', async () => {
    for (const lying of [false, true]) {
      const { told, world } = await run(
        lying ? [{ match: { class: 'delete' }, what: { kind: 'lying-job' } }] : [],
        {
          away: { at: 5_000, ms: 26 * HOUR },
        },
      );
      expect(told.jobs[0]?.status).toBe('gone');
      expect(told.outcome).toBe(lying ? 'not-deleted' : 'deleted');
      const polls = world.simulator.ledger.requests.filter(({ requestClass }) => requestClass === 'job');
      expect(polls.at(-1)?.status).toBe(400);
    }
  });

  it.each<[string, object[], Parameters<typeof run>[1], string]>([
    ['a happy run', [], {}, 'deleted'],
    ['a lost answer', [{ match: { class: 'delete' }, what: { kind: 'drop' }, times: 1 }], {}, 'deleted'],
    [
      'a lost answer to what was accepted',
      [{ match: { class: 'delete' }, what: { kind: 'drop', accepted: true }, times: 1 }],
      {},
      'deleted',
    ],
    ['a busy server', [{ match: { class: 'delete' }, what: { kind: 'busy' }, times: 3 }], {}, 'deleted'],
    ['throttling', [{ match: { class: 'delete' }, what: { kind: 'throttled' }, times: 3 }], {}, 'deleted'],
    [
      'a partial failure',
      [{ match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] } }],
      {},
      'not-deleted',
    ],
    [
      'a server in passing',
      [],
      { server: { status: 'REBOOT' }, request: { deadline: '3 minutes' } },
      'refused',
    ],
    ['a long job', [], { server: { jobSeconds: 300 } }, 'deleted'],
    ['a reset run', [], { reset: true }, 'outcome-unknown'],
    ['a reset run on a server in passing', [], { reset: true, server: { status: 'REBOOT' } }, 'refused'],
    ['a cancelled run', [], { server: { jobSeconds: 120 }, cancelAt: 40_000 }, 'cancelled'],
  ])(
    '%s ends the same wherever it continues as new',
    { timeout: 240_000 },
    async (_name, faults, change, outcome) => {
      const alone = await run(faults, change);
      expect(alone.told.outcome).toBe(outcome);
      for (let continueAfter = 1; continueAfter <= 12; continueAfter++) {
        const chained = await run(faults, { ...change, continueAfter });
        expect([chained.told.outcome, chained.posts], `after ${continueAfter}`).toEqual([
          outcome,
          alone.posts,
        ]);
        expect(chained.told.submissions).toBe(alone.told.submissions);
        expect(chained.told.startedAt).toBe(alone.told.startedAt);
        expect(chained.told.warnings).toEqual(alone.told.warnings);
        if (continueAfter === 1) expect(chained.played.runs.length).toBeGreaterThan(1);
        // Waits are handed on, too: a chain is neither quicker nor, but for its jitter, slower.
        expect(chained.played.virtualMs / alone.played.virtualMs).toBeGreaterThan(0.7);
        // A cancelled one with a long history slows down.
        const slower = outcome === 'cancelled' ? 3 : 1.5;
        expect(chained.played.virtualMs / alone.played.virtualMs).toBeLessThan(slower);
      }
    },
  );

  it('what is open stands in the memo of every run of the chain', async () => {
    const { played } = await run([], {
      server: { jobSeconds: 60 },
      continueAfter: 8,
      request: { timing: { ...TIMING, firstPoll: '5s', pollInterval: '5s' } },
    });
    expect(played.runs.length).toBeGreaterThan(1);
    const jobId = expect.stringMatching(/^[0-9a-f]{32}$/) as string;
    for (const open of played.openAtStart) expect(open).toMatchObject({ jobId });
  });

  it('a run that timed out and is tried again observes, and sends nothing', async () => {
    for (let continueAfter = 1; continueAfter <= 6; continueAfter++) {
      const { told, posts, played } = await run([], { continueAfter, retried: true });
      expect(played.runs.length).toBeGreaterThan(1);
      expect(posts).toBeLessThanOrEqual(1);
      expect(told.outcome).toBe(posts === 1 ? 'deleted' : 'outcome-unknown');
    }
  });

  it('no worker for two hours just when a run is handed on: only the time it takes changes', async () => {
    for (const continueAfter of [3, 4, 5]) {
      const { told } = await run([], {
        continueAfter,
        handOverMs: 2 * HOUR,
        server: { jobSeconds: 7_300 },
        request: { deadline: '5 minutes' },
      });
      expect([told.outcome, told.warnings]).toEqual(['deleted', []]);
    }
  });

  it('a later run of a chain that is reset never sends', async () => {
    const ready = { kind: 'meanwhile', afterMs: 60_000, change: { status: 'ACTIVE' } };
    const { told, posts } = await run([{ match: { class: 'detail' }, what: ready, times: 1 }], {
      server: { status: 'REBOOT' },
      continueAfter: 3,
      resetLater: true,
    });
    expect([told.outcome, posts]).toEqual(['outcome-unknown', 0]);
  });

  it('a cancelled run with a long history still tells what stays', async () => {
    const { played, told } = await run([{ match: { class: 'delete' }, what: { kind: 'lying-job' } }], {
      server: { jobSeconds: 60 },
      cancelAt: 2_000,
      continueAfter: 1,
    });
    expect(played.end.kind).toBe('cancelled');
    expect(told.nics.map((nic) => nic.outcome)).toEqual(['still-attached', 'still-attached']);
  });

  it('a cancelled run with a long history takes its time instead: it can not be handed on', async () => {
    const { played, told } = await run([], {
      server: { jobSeconds: 600 },
      request: { timing: { ...TIMING, firstPoll: 100, pollInterval: 100 } },
      cancelAt: 2_000,
      continueAfter: 100,
    });
    expect([told.outcome, played.runs.length]).toEqual(['cancelled', 1]);
    expect(played.runs[0]).toBeLessThan(180);
  });

  it('nobody but the server makes a run a continued one', async () => {
    const { told, posts } = await run([], {
      request: { resumed: { input: {}, state: { touched: true } } },
    });
    expect([told.outcome, posts]).toEqual(['invalid-input', 0]);
  });

  it('a worker that has seen jobs of 30 s looks when they are about to end', async () => {
    const world = createWorld(1);
    const polls: (number | undefined)[] = [];
    for (let seed = 1; seed <= 25; seed++) {
      const server = serverOf(world, { jobSeconds: 30 });
      const input = { serverId: server.id, nics: [{ id: server.nics[0] }] };
      const played = await play({ input, serverId: server.id, seed }, world);
      polls.push(documentOf(played).jobs[0]?.polls);
    }
    const mean = (counts: readonly (number | undefined)[]) =>
      counts.reduce<number>((sum, count) => sum + Number(count), 0) / counts.length;
    expect(polls.slice(0, 8).every((count) => count === 3 || count === 4)).toBe(true);
    // Eight jobs teach when to look first, twenty how long to wait then.
    expect(mean(polls.slice(8, 20))).toBeLessThan(mean(polls.slice(0, 8)));
    expect(mean(polls.slice(20))).toBeLessThanOrEqual(2.5);
  });

  it('counts polls, job times and delays for the metrics, once each', async () => {
    const { played } = await run([{ match: { class: 'delete' }, what: { kind: 'drop' }, times: 1 }], {
      continueAfter: 4,
    });
    const recorded = new Map(played.metrics.map(({ name, value }) => [name, value]));
    expect(played.metrics).toHaveLength(5);
    expect(recorded.get(METRIC.pollsPerJob)).toBe(2);
    expect(recorded.get(METRIC.jobSeconds)).toBe(12);
    expect(recorded.get(METRIC.detectionDelay)).toBeGreaterThan(0);
    expect(recorded.get(METRIC.detectionDelay)).toBeLessThan(13);
    expect(recorded.get(METRIC.unknownSubmissions)).toBe(1);
    expect(played.metrics.at(-1)).toMatchObject({ name: METRIC.runsEnded, tags: { outcome: 'deleted' } });
  });
});

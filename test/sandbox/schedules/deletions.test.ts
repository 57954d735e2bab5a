/** Named schedules of answers, faults, crashes, signals and cancels on virtual time; the ledger is the judge. */
import { describe, expect, it } from 'vitest';
import { play, TIMING } from '../engine/play';
import { createWorld, serverOf } from '../engine/world';
import { run } from './play-deletion';
import { contradictingReadings, takenTooLate } from './rare-schedules';

describe('named schedules', () => {
  it('a happy run', async () => {
    const { told, posts, played } = await run([]);
    expect([told.outcome, posts, told.jobs[0]?.polls]).toEqual(['deleted', 1, 2]);
    expect(played.activities.map(({ type }) => type)).toEqual([
      'inspectServer',
      'deleteNics',
      'getJobStatus',
      'getJobStatus', // the job has ended: the first reading comes along
      'listNics',
    ]);
    for (const { summary } of played.activities) expect(summary).not.toBe('');
  });

  it.each<[string, object, string, number]>([
    ['a lost answer, accepted', { what: { kind: 'drop', accepted: true }, times: 1 }, 'deleted', 1],
    ['a lost answer, not accepted', { what: { kind: 'drop' }, times: 1 }, 'deleted', 2],
    ['answers lost for ever', { what: { kind: 'drop' } }, 'outcome-unknown', 3],
    ['a busy server', { what: { kind: 'busy' }, times: 2 }, 'deleted', 3],
    // After 12.5 s, 25 s and 50 s, then once a minute until the deadline.
    ['a server busy for ever', { what: { kind: 'busy' } }, 'cloud-refused', 22],
    ['a partial failure', { what: { kind: 'partial-failure', nics: [0] } }, 'not-deleted', 1],
    [
      'a partial failure that the parent hides',
      { what: { kind: 'partial-failure', nics: [0], parent: 'SUCCESS' } },
      'not-deleted',
      1,
    ],
    ['a job that lies', { what: { kind: 'lying-job' } }, 'not-deleted', 1],
    [
      'a job that lies, its NICs going a minute late',
      { what: { kind: 'lying-job', lateMs: 60_000 } },
      'deleted',
      1,
    ],
    ['a job that claims failure', { what: { kind: 'false-failure' } }, 'deleted', 1],
    ['a job that is gone', { what: { kind: 'job-gone' } }, 'deleted', 1],
    ['a job that never ends', { what: { kind: 'job-stuck' } }, 'outcome-unknown', 1],
    ['a job that never ends though its NICs go', { what: { kind: 'job-stuck', nicsGo: true } }, 'deleted', 1],
  ])('%s', async (_name, fault, outcome, posts) => {
    const { told, posts: sent } = await run([{ match: { class: 'delete' }, ...fault }]);
    expect(told.outcome).toBe(outcome);
    expect(sent).toBeLessThanOrEqual(posts);
  });

  it('a third submission that was accepted with its answer lost, and a long job', async () => {
    const lost = [
      { match: { class: 'delete' }, what: { kind: 'drop' }, times: 2 },
      { match: { class: 'delete' }, what: { kind: 'drop', accepted: true }, after: 2 },
    ];
    const { told } = await run(lost, { server: { jobSeconds: 300 } });
    expect(told?.outcome).toBe('outcome-unknown');
  });

  it('202 with an error that was accepted after all: this run’s own deletion, also when cancelled', async () => {
    const body = { error: { code: 'Common.0024', message: 'busy' } };
    const fault = {
      match: { class: 'delete' },
      what: { kind: 'answer', status: 202, accepted: true, body },
      times: 1,
    };
    const { told } = await run([fault]);
    expect(told?.outcome).toBe('deleted');
    const { played } = await run([fault], { cancelAt: 20_000 });
    expect(played.memo.result).toMatchObject({ outcome: 'cancelled', counts: { deleted: 2 } });
  });

  it('a NIC that somebody else took off meanwhile is already absent', async () => {
    const world = { match: { class: 'ports' }, what: { kind: 'meanwhile', detach: [1] }, times: 1 };
    const { told } = await run([world]);
    expect(['deleted', 'nothing-to-do']).toContain(told?.outcome);
  });

  it('a list that stops being readable makes no NIC stay', async () => {
    const { told } = await run([
      { match: { class: 'delete' }, what: { kind: 'lying-job' } },
      { match: { class: 'list' }, what: { kind: 'status', status: 503 }, after: 3 },
    ]);
    expect(told?.outcome).toBe('outcome-unknown');
  });

  it('throttled readings cost time, not the verdict', async () => {
    const faults = [4, 5, 6].map((after) => ({
      match: { class: 'list' },
      what: { kind: 'throttled', retryAfter: 60 },
      times: 1,
      after: after - 3 + (after - 4),
    }));
    expect((await run(faults)).told?.outcome).toBe('deleted');
  });

  it('a NIC that keeps its port is detached, and the result says so', async () => {
    const nics = [{ primary: true }, { deleteOnTermination: false }, { deleteOnTermination: false }];
    const { told } = await run([], { server: { nics } });
    expect(told.outcome).toBe('detached');
    expect(told.nics.map((nic) => nic.restore)).toEqual(['exact', 'exact']);
    expect(told.warnings).toHaveLength(2);
  });

  it('polls refused for ever: the NIC list decides', async () => {
    const { told } = await run([
      {
        match: { class: 'job' },
        what: { kind: 'answer', status: 403, body: { error_code: 'APIGW.0302', error_msg: 'no' } },
      },
    ]);
    expect(told.outcome).toBe('deleted');
  });

  it.each<[string, object]>([
    [
      'polls are refused',
      {
        match: { class: 'job' },
        what: { kind: 'answer', status: 403, body: { error_code: 'APIGW.0302', error_msg: 'no' } },
      },
    ],
    ['polls fail', { match: { class: 'job' }, what: { kind: 'status', status: 500 } }],
    ['the job is gone', { match: { class: 'delete' }, what: { kind: 'job-gone' } }],
  ])('a long job is not taken for ended when %s', async (_name, fault) => {
    const { told } = await run([fault], { server: { jobSeconds: 900 } });
    expect(told?.outcome).toBe('deleted');
  });

  it('nothing readable after the submission: at most one try a minute, then OutcomeUnknown at the deadline', async () => {
    const refused = { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } };
    const { told, world } = await run([
      { match: { class: 'job' }, what: refused },
      { match: { class: 'list' }, what: refused, after: 1 },
    ]);
    expect(told.outcome).toBe('outcome-unknown');
    const { requests } = world.simulator.ledger;
    const tries = requests.filter((entry) => entry.status === 401).map((entry) => entry.at);
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(tries.length).toBeLessThanOrEqual(24);
    // The first refusal of a poll is followed by one look at once: the list may well be readable.
    for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThanOrEqual(59_000);
  });

  it('a server in passing is waited for; one that stays so is refused at the deadline', async () => {
    const { told, posts } = await run([], {
      server: { status: 'REBOOT' },
      request: { deadline: '5 minutes' },
    });
    expect([told.outcome, posts]).toEqual(['refused', 0]);
  });

  it('a cancel before anything was sent', async () => {
    const { played, posts } = await run([], { server: { status: 'REBOOT' }, cancelAt: 15_000 });
    expect([played.end.kind, posts]).toEqual(['cancelled', 0]);
  });

  it('terminated while it publishes its end: who waited had the right answer', async () => {
    const { played, told } = await run([], {
      request: { nics: [{ id: '5e0a4ad5-0000-4000-8000-000000000000' }] },
      // The attributes that the inspection names are old when it is told, so the run asks for them again.
      queueMs: new Map([
        [0, 45_000],
        [1, 45_000],
      ]),
      updates: [{ at: 50_000, name: 'submitted' }],
      terminateAt: 60_000,
    });
    expect([played.end.kind, told.phase, told.outcome]).toEqual(['terminated', 'done', 'nothing-to-do']);
    expect(played.waiting[0]?.asked[0]?.answer).toEqual({ kind: 'completed', value: { jobId: null } });
  });

  it('a cancel while polling: observed to the end', async () => {
    const { played, world } = await run([], { cancelAt: 5_000 });
    expect(played.end.kind).toBe('cancelled');
    expect(played.memo.result).toEqual({ outcome: 'cancelled', counts: { deleted: 2 }, submissions: 1 });
    expect(world.simulator.ledger.summary().nicsDetached).toBe(2);
  });

  it('a cancel before a worker has taken the submission: nothing is sent', async () => {
    const { told, played, posts } = await run([], { queueMs: new Map([[1, 20_000]]), cancelAt: 5_000 });
    expect([played.end.kind, posts]).toEqual(['cancelled', 0]);
    expect(told.nics.map((nic) => nic.outcome)).toEqual(['untouched', 'untouched']);
  });

  it('a cancel while the submission is on its way: its job is followed', async () => {
    const { told, played, posts } = await run(
      [{ match: { class: 'delete' }, what: { kind: 'hang', accepted: true } }],
      {
        cancelAt: 5_000,
      },
    );
    expect([played.end.kind, posts, told.submissions]).toEqual(['cancelled', 1, 1]);
    expect(told.nics.map((nic) => nic.outcome)).toEqual(['deleted', 'deleted']);
  });

  it.each(['before', 'after'] as const)('a worker that dies %s the submission', async (when) => {
    const { told, posts } = await run([], { crashes: new Map([[1, when]]) });
    expect([told.outcome, posts]).toEqual(['deleted', 1]);
  });

  it('a worker that takes the submission too late does not send it then', takenTooLate);

  it('no worker for an hour while the job runs: only the time it takes changes', async () => {
    const { told } = await run([], {
      away: { at: 5_000, ms: 3_600_000 },
      request: { deadline: '3 minutes' },
    });
    expect([told.outcome, told.warnings]).toEqual(['deleted', []]);
  });

  it('a worker that restarts while the NICs are looked at: two readings after it is back', async () => {
    for (let at = 60_000; at <= 150_000; at += 5_000) {
      const { told } = await run([{ match: { class: 'delete' }, what: { kind: 'lying-job' } }], {
        away: { at, ms: 14_000 },
      });
      expect(told.outcome).toBe('not-deleted');
    }
  });

  it('no worker for a quarter of an hour while the NICs are looked at: only the time it takes changes', async () => {
    for (let at = 80_000; at <= 160_000; at += 10_000) {
      const { told } = await run([{ match: { class: 'delete' }, what: { kind: 'lying-job' } }], {
        away: { at, ms: 900_000 },
      });
      expect(told.outcome, `away from ${at} ms on`).toBe('not-deleted');
    }
  });

  it('no worker for a quarter of an hour right after a reading: the time is none in which the NIC was seen', async () => {
    for (let number = 2; number <= 12; number++) {
      const { told } = await run([{ match: { class: 'delete' }, what: { kind: 'lying-job' } }], {
        silentMs: new Map([[number, 900_000]]),
      });
      expect(told.outcome, `after activity ${number}`).toBe('not-deleted');
    }
  });

  it(
    'two readings that contradict each other after a quarter of an hour without a worker are not the last',
    contradictingReadings,
  );

  it('a list that changes from look to look is not read for ever', async () => {
    const world = createWorld(1);
    const { id: serverId, nics } = serverOf(world, { jobSeconds: 1 });
    // The first two and every second reading after the job show the NICs that are gone.
    for (const after of [1, ...Array.from({ length: 40 }, (_, index) => 2 + 2 * index)])
      world.simulator.control.addFault({ what: { kind: 'stale-list' }, times: 1, after });
    const input = { serverId, nics: nics.map((id) => ({ id })), timing: TIMING };
    const played = await play({ input, serverId, seed: 1, away: { at: 12_000, ms: 900_000 } }, world);
    expect(played.status).toMatchObject({ outcome: 'outcome-unknown' });
    expect(played.activities.filter(({ type }) => type === 'listNics')).toHaveLength(7);
  });

  it('a look that was given up and is made after the next submission is none of those before a third one', async () => {
    const hang = { match: { class: 'delete' }, what: { kind: 'hang' }, times: 2 };
    const { told, posts, world } = await run([hang], { frozenMs: new Map([[3, 100_000]]) });
    expect([told.outcome, posts]).toEqual(['deleted', 3]);
    const { requests } = world.simulator.ledger;
    const [, second] = requests.filter((it) => it.requestClass === 'delete');
    const next = requests.find((it) => it.requestClass === 'list' && it.seq > (second?.seq ?? Infinity));
    expect(
      (next?.at ?? 0) - (second?.at ?? 0),
      'ms from the submission to the look of the frozen worker',
    ).toBeLessThan(30_000);
  });

  it('a run that is terminated when its verdicts stand leaves nothing open', async () => {
    // The last reading is so late that the run asks for the search attributes anew. The worker dies of both.
    const crashes = new Map([4, 5].map((number) => [number, 'before'] as const));
    const { told, played } = await run([], { crashes, terminateAt: 90_000 });
    expect([played.end.kind, told.outcome, played.memo.open]).toEqual(['terminated', 'deleted', 'settled']);
    expect(played.activities.at(-1)).toMatchObject({ type: 'listSearchAttributes', attempts: 1 });
  });

  it('a reset run never sends', async () => {
    const { told, posts } = await run([], { reset: true });
    expect([told.outcome, posts]).toEqual(['outcome-unknown', 0]);
  });

  it('`pollNow` shortens the wait', async () => {
    const { played } = await run([], {
      pollNowAt: [13_000],
      request: { timing: { ...TIMING, firstPoll: '10 minutes' } },
    });
    expect(played.virtualMs).toBeLessThan(20_000);
  });
});

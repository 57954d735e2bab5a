/** The fate of the one POST, as the activity tells it and as the cloud's ledger has it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloudActivities } from '../../src/activities/agreement';
import { DEFAULT_LIMITS } from '../../src/ecs/transport';
import { call, createBench, environmentOf, RUN } from './support';

const bench = createBench();
const { control, ledger } = bench.simulator;
let url: string;
let activities: CloudActivities;
beforeAll(async () => {
  url = await bench.simulator.listen();
  activities = bench.activitiesAt(url);
});
afterAll(() => bench.simulator.close());

const inputOf = (server: { id: string; nics: string[] }, originalRunId = RUN.runId) => ({
  serverId: server.id,
  nicIds: server.nics.slice(1),
  originalRunId,
});
const send = (server: { id: string; nics: string[] }, info: object = {}, of = activities) =>
  call(of, 'deleteNics', inputOf(server), environmentOf(info));

describe('deleteNics', () => {
  it('sends exactly the NICs named, once', async () => {
    const server = bench.createServer({ nics: 5 });
    const nicIds = [server.nics[2]!, server.nics[4]!];
    const answer = await call(activities, 'deleteNics', { ...inputOf(server), nicIds });
    expect(answer).toMatchObject({ kind: 'accepted', submittedAt: expect.stringMatching(/Z$/) });
    const { requests, jobs } = ledger.forServer(server.id);
    expect(requests.map((entry) => entry.nicIds)).toEqual([nicIds]);
    expect(jobs.map(({ jobId }) => jobId)).toEqual([answer.kind === 'accepted' && answer.jobId]);
  });

  it.each<[string, object, object, number]>([
    ['dropped, not accepted', { kind: 'drop' }, { kind: 'unknown' }, 0],
    ['dropped, accepted', { kind: 'drop', accepted: true }, { kind: 'unknown' }, 1],
    ['broken off partway', { kind: 'drop', accepted: true, partway: true }, { kind: 'unknown' }, 1],
    ['never answered', { kind: 'hang', accepted: true }, { kind: 'unknown' }, 1],
    ['500', { kind: 'status', status: 500 }, { kind: 'unknown', httpStatus: 500 }, 0],
    [
      '504, accepted',
      { kind: 'status', status: 504, accepted: true },
      { kind: 'unknown', httpStatus: 504 },
      1,
    ],
    ['200 without a job id', { kind: 'no-job-id', status: 200 }, { kind: 'unknown', httpStatus: 200 }, 1],
    ['202 without a job id', { kind: 'no-job-id', status: 202 }, { kind: 'unknown', httpStatus: 202 }, 1],
    ['202 Common.0024', { kind: 'throttled', as: '202' }, { kind: 'throttled', look: true }, 0],
    ['429', { kind: 'throttled' }, { kind: 'throttled', look: false }, 0],
    ['busy', { kind: 'busy' }, { kind: 'refused', next: 'busy', code: 'Ecs.0603' }, 0],
    [
      '401',
      { kind: 'answer', status: 401, body: { error_code: 'APIGW.0301', error_msg: 'no' } },
      { kind: 'refused', next: 'credentials' },
      0,
    ],
    [
      'a refusal nobody knows',
      { kind: 'answer', status: 400, body: { error: { code: 'Ecs.9999', message: 'no' } } },
      { kind: 'refused', next: 'never', code: 'Ecs.9999' },
      0,
    ],
  ])('%s', async (_name, what, expected, jobs) => {
    const server = bench.createServer();
    bench.fault({
      match: { class: 'delete', serverId: server.id },
      what: what as never,
      times: 1,
    });
    const impatient = bench.activitiesAt(url, { ...DEFAULT_LIMITS, headersMs: 700 });
    expect(await send(server, {}, impatient)).toMatchObject(expected);
    expect(bench.posts(server.id)).toBe(1);
    expect(ledger.forServer(server.id).jobs).toHaveLength(jobs);
  });

  it('a redirect is not followed', async () => {
    const server = bench.createServer();
    const what = { kind: 'answer', status: 307, headers: { location: url } } as const;
    bench.fault({ match: { class: 'delete', serverId: server.id }, what, times: 1 });
    const before = ledger.requests.length;
    expect((await send(server)).kind).toBe('unknown');
    expect(ledger.requests.length - before).toBe(1);
  });

  it('a reset run sends nothing', async () => {
    const server = bench.createServer();
    const before = ledger.requests.length;
    expect(await call(activities, 'deleteNics', inputOf(server, 'the-run-before'))).toEqual({
      kind: 'unsent',
      why: 'reset',
    });
    expect(ledger.requests).toHaveLength(before);
  });

  it.each([31_000, 60_000, 86_400_000])('an attempt handed out %d ms ago sends nothing', async (ms) => {
    const server = bench.createServer();
    const before = ledger.requests.length;
    const info = { currentAttemptScheduledTimestampMs: Date.now() - ms };
    expect(await send(server, info)).toEqual({ kind: 'unsent', why: 'late' });
    expect(ledger.requests).toHaveLength(before);
  });

  it('one handed out 20 s ago, or by a clock ahead of ours, still sends', async () => {
    for (const ms of [-20_000, 20_000]) {
      const info = { currentAttemptScheduledTimestampMs: Date.now() + ms };
      expect(await send(bench.createServer(), info)).toMatchObject({ kind: 'accepted' });
    }
  });

  it('a refused connection: certainly nothing was sent', async () => {
    const closed = createBench();
    const origin = await closed.simulator.listen();
    await closed.simulator.close();
    const server = bench.createServer();
    expect(await send(server, {}, bench.activitiesAt(origin))).toEqual({
      kind: 'unsent',
      why: 'unreachable',
    });
    expect(bench.posts(server.id)).toBe(0);
  });

  it('a cancellation does not call back what is on its way: the job id is told', async () => {
    const server = bench.createServer();
    bench.fault({
      match: { class: 'delete', serverId: server.id },
      what: { kind: 'delay', ms: 400, when: 'after' },
      times: 1,
    });
    const environment = environmentOf();
    const sent = call(activities, 'deleteNics', inputOf(server), environment);
    setTimeout(() => environment.cancel(), 100);
    expect(await sent).toMatchObject({ kind: 'accepted' });
    expect(control.truth(server.id)).toBeDefined();
  });
});

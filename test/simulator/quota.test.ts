import { describe, expect, it } from 'vitest';
import { mostWithin } from '../../simulator';
import { Bench } from './support';

describe('the quota of an account', () => {
  it('takes so many calls in any window over all APIs and projects, and names the wait', async () => {
    const other = 'ffffffffffffffffffffffffffffffff';
    const bench = new Bench({ knobs: { accountQuota: { calls: 3, seconds: 1 } }, otherProjects: [other] });
    const server = bench.server();
    const elsewhere = async () =>
      (await bench.simulator.app.inject({ method: 'GET', url: `/v1/${other}/ports` })).statusCode;
    const detail = () => bench.detail(server.id);
    expect((await detail()).status).toBe(200);
    bench.advance(0.5);
    expect((await bench.port(server.a)).status).toBe(200);
    expect(await elsewhere()).toBe(200);
    const refused = await detail();
    expect(refused).toMatchObject({ status: 429, body: { error_code: 'APIGW.0308' } });
    expect(refused.body.error_msg).toContain('limit:3,time:1 second');
    expect(refused.headers['retry-after']).toBe('1');
    // The first call leaves the window; those refused were never in it.
    bench.advance(0.5);
    expect([(await detail()).status, (await detail()).status]).toEqual([200, 429]);
    bench.advance(0.5);
    expect([(await detail()).status, await elsewhere(), (await detail()).status]).toEqual([200, 200, 429]);

    const { requests } = bench.simulator.ledger;
    const taken = requests.filter(({ status }) => status !== 429);
    expect([taken.length, requests.length - taken.length]).toEqual([6, 3]);
    expect(mostWithin(taken, 1_000)).toBe(3);
    expect(mostWithin(requests, 1_000)).toBe(5);
  });

  it('names the wait that the knob says, or none, and can be lowered and lifted', async () => {
    const bench = new Bench({ knobs: { accountQuota: { calls: 2, seconds: 10, retryAfter: 7 } } });
    const server = bench.server();
    const wait = async () => {
      const { status, headers } = await bench.detail(server.id);
      return status === 429 ? headers['retry-after'] : status;
    };
    expect([await wait(), await wait(), await wait()]).toEqual([200, 200, '7']);
    bench.control.setKnobs({ accountQuota: { calls: 2, seconds: 10, retryAfter: null } });
    expect(await wait()).toBeUndefined();
    bench.control.setKnobs({ accountQuota: { calls: 1, seconds: 10 } });
    bench.advance(3.5);
    expect(await wait()).toBe('7');
    bench.control.setKnobs({ accountQuota: null });
    expect(await wait()).toBe(200);
    bench.control.reset();
    expect(bench.simulator.ledger.requests).toEqual([]);
  });

  it('is measured as the most calls that begin in any window, its end excluded', () => {
    const at = (...times: number[]) => times.map((time) => ({ at: time }));
    expect(mostWithin([], 1_000)).toBe(0);
    expect(mostWithin(at(0, 999, 1_000, 1_998), 1_000)).toBe(3);
    expect(mostWithin(at(2_000, 0, 1_000), 1_000)).toBe(1);
    expect(mostWithin(at(5, 5, 5, 5_000), 1)).toBe(3);
  });
});

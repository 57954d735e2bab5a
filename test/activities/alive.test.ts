/** The server learns soon that a worker is dead: one that is alive reports while it works, where that is asked of it. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { CloudActivities } from '../../src/activities/agreement';
import { HEARTBEAT } from '../../src/activities/agreement';
import { call, createBench, environmentOf, RUN } from './support';

const bench = createBench();
let activities: CloudActivities;
beforeAll(async () => {
  activities = bench.activitiesAt(await bench.simulator.listen());
});
afterAll(() => bench.simulator.close());

/** How often it has reported until the cloud answered after two periods and a half. */
async function reports(info: object): Promise<number> {
  const server = bench.createServer();
  const ms = 2.5 * HEARTBEAT.everyMs;
  bench.fault({
    match: { class: 'delete', serverId: server.id },
    what: { kind: 'delay', ms, when: 'after' },
    times: 1,
  });
  const environment = environmentOf(info);
  const heard = vi.fn();
  environment.on('heartbeat', heard);
  const input = { serverId: server.id, originalRunId: RUN.runId, nicIds: [server.nics[1] ?? ''] };
  expect(await call(activities, 'deleteNics', input, environment)).toMatchObject({ kind: 'accepted' });
  const until = heard.mock.calls.length;
  // What has answered reports no more.
  await new Promise((resolve) => setTimeout(resolve, HEARTBEAT.everyMs + 200));
  expect(heard).toHaveBeenCalledTimes(until);
  return until;
}

it.concurrent(
  'reports for as long as it works',
  async () => {
    expect(await reports({ heartbeatTimeoutMs: HEARTBEAT.timeoutMs })).toBeGreaterThanOrEqual(2);
  },
  30_000,
);

it.concurrent(
  'reports nothing where nothing is asked for: the SDK forbids it',
  async () => {
    expect(await reports({})).toBe(0);
  },
  30_000,
);

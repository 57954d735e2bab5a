/** From the project's servers to a list, and from there to a plan. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundServer, FoundServers } from '../../../src/contract';
import { BY, FleetStarter, SETTINGS } from '../../support/fleet-starter';
import type { WatchedStack } from '../../support/watched-stack';
import { startStack } from '../../support/watched-stack';

describe('ecs-nics decommission list', { timeout: 600_000 }, () => {
  let stack: WatchedStack;
  let fleet: FleetStarter;

  beforeAll(async () => {
    stack = await startStack({ label: 'fleet-list', workerEnv: { ECS_NICS_CLOUD_RPS: '200' } });
    fleet = await FleetStarter.on(stack);
    const create = (servers: object[]) =>
      Promise.all(servers.map((server) => stack.simulator.post('/_sim/servers', server)));
    await create(
      Array.from({ length: 230 }, (_, n) => ({
        name: `web-${n}`,
        nics: 3,
        jobSeconds: 1,
        tags: [{ key: 'env', value: n < 4 ? 'old' : 'new' }],
      })),
    );
    await create([
      { name: 'bare', nics: 1 },
      { name: 'hidden\u202eeman', nics: 2 },
    ]);
  });
  afterAll(async () => {
    await stack?.close();
    await fleet?.close();
  });

  const linesOf = (stdout: string) =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as FoundServer);

  it('prints every server of the project, and what it leaves out on standard error', async () => {
    const { code, stdout, stderr } = await fleet.run('list');
    expect(code).toBe(0);
    const servers = linesOf(stdout);
    expect(new Set(servers.map(({ serverId }) => serverId)).size).toBe(231);
    expect(stderr).toMatch(/^232 servers looked at\nleft out: 1 server with no NIC but the primary one\n$/);
    // A character that would turn a terminal's line around does not get here.
    const hidden = stdout.split('\n').find((line) => line.includes('hidden'));
    expect(hidden).toContain('"hiddeneman"');
    const { answer } = await fleet.json<FoundServers>('list', '--name', 'web-1*');
    expect([answer.servers.length, answer.seen]).toEqual([111, 232]);
  });

  it('prints what start takes: the plan has all of it, but what has changed since', async () => {
    const { stdout } = await fleet.run('list', '--tag', 'env=old', '--name', 'web-*', '--status', 'ACTIVE');
    const found = linesOf(stdout);
    expect(found.map(({ serverName }) => serverName).sort()).toEqual(['web-0', 'web-1', 'web-2', 'web-3']);
    expect(found.every(({ nics }) => nics.length === 2)).toBe(true);
    const [changed, ...same] = found as [FoundServer, ...FoundServer[]];
    await stack.simulator.control('PATCH', `/_sim/ports/${changed.nics[0]?.id}`, {
      mac: 'fa:16:3e:ff:ff:01',
    });
    const file = await fleet.list('old.jsonl', stdout.split('\n'));
    const started = await fleet.json('start', file, '--run', 'from-list', ...SETTINGS);
    expect([started.code, started.answer.servers, started.answer.nics]).toEqual([0, 3, 6]);
    const plan = await fleet.run('plan', 'from-list', '--format', 'csv');
    expect(plan.stdout).toMatch(new RegExp(`^${changed.serverId},.*,Drifted,`, 'm'));
    for (const { serverId } of same) expect(plan.stdout).toContain(serverId);
    expect((await fleet.run('abort', 'from-list', ...BY)).code).toBe(0);
  });

  it('says what is wrong with its flags, and that a list which could not be read is not whole', async () => {
    const wrong = await fleet.run('list', '--tag', '=old');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--tag: "=old" has no key')]);
    await stack.simulator.post('/_sim/faults', {
      match: { class: 'servers' },
      what: { kind: 'answer', status: 403, body: { error: { code: 'Ecs.0010', message: 'not allowed' } } },
    });
    const refused = await fleet.json('list');
    expect([refused.code, refused.answer.error?.message]).toEqual([
      1,
      expect.stringMatching(/^the list is not whole: .*403/),
    ]);
  });
});

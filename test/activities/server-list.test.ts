/** The walk through the project's servers: what is on the list, and when there is rather none. */
import type { ServerSpec } from '../../simulator';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CloudActivities, ServersPage } from '../../src/activities/agreement';
import { call, createBench } from './support';

const bench = createBench();
const { control, ledger } = bench.simulator;
let activities: CloudActivities;
beforeAll(async () => {
  const origin = await bench.simulator.listen();
  activities = bench.activitiesAt(origin);
});
beforeEach(() => control.reset());
afterEach(() => control.clearFaults());
afterAll(() => bench.simulator.close());

const create = (spec: ServerSpec) => control.createServer(spec);
async function list(filter: object = {}): Promise<ServersPage> {
  const input = { after: null, name: null, status: null, tags: [], ...filter };
  const result = await call(activities, 'listServers', input);
  if (result.kind !== 'servers') throw new Error(result.kind);
  return result;
}
it('has a line for each server with its further NICs, their IPs and MACs, and one call for a hundred servers', async () => {
  const servers = Array.from({ length: 3 }, (_, n) => create({ name: `web-${n}`, nics: 1 + n }));
  const before = ledger.requests.length;
  const page = await list();
  expect(ledger.requests.slice(before).map(({ requestClass }) => requestClass)).toEqual(['servers']);
  expect(page).toMatchObject({ bare: 1, unclear: [], seen: 3, next: null });
  expect(page.servers).toEqual(
    servers.slice(1).map(({ id, name, nics }) => ({
      serverId: id,
      serverName: name,
      nics: nics.filter(({ primary }) => !primary).map((nic) => ({ id: nic.id, ip: nic.ip, mac: nic.mac })),
    })),
  );
});

it('goes on behind the last server of a page, also when that is gone meanwhile', async () => {
  for (let n = 0; n < 150; n++) create({ name: `web-${n}`, nics: 2 });
  const first = await list();
  expect([first.servers.length, first.seen]).toEqual([100, 100]);
  control.deleteServer(first.next ?? '');
  const second = await list({ after: first.next });
  expect([second.servers.length, second.next]).toEqual([50, null]);
  const ids = [...first.servers, ...second.servers].map(({ serverId }) => serverId);
  expect(new Set(ids).size).toBe(150);
});

it.each([
  [{ name: 'web-*' }, ['web-1', 'web-22']],
  [{ name: 'web-?' }, ['web-1']],
  [{ name: 'b' }, []],
  [{ name: 'd.-1' }, []],
  [{ tags: ['env=old'] }, ['web-1', 'db-1']],
  [{ tags: ['env'] }, ['web-1', 'web-22', 'db-1']],
  [{ tags: ['env=old', 'team=a'] }, ['db-1']],
  [{ tags: ['env=ol'] }, []],
  [{ status: 'shutoff' }, ['db-1']],
  [{ status: 'ACTIVE', name: '*-1' }, ['web-1']],
])('%j keeps %j', async (filter, names) => {
  const tag = (key: string, value: string) => ({ key, value });
  create({ name: 'web-1', nics: 2, tags: [tag('env', 'old')] });
  create({ name: 'web-22', nics: 2, tags: [tag('env', 'older')] });
  create({ name: 'db-1', nics: 2, status: 'SHUTOFF', tags: [tag('env', 'old'), tag('team', 'a')] });
  expect((await list(filter)).servers.map(({ serverName }) => serverName)).toEqual(names);
});

it('asks for a server alone where the list does not tell the primary NIC', async () => {
  control.setKnobs({ serverListPrimary: false });
  const { id } = create({ nics: 3 });
  const before = ledger.requests.length;
  expect((await list()).servers).toMatchObject([{ serverId: id, nics: [{}, {}] }]);
  expect(ledger.requests.slice(before).map(({ requestClass }) => requestClass)).toEqual([
    'servers',
    'detail',
  ]);
});

it('names a server of which nobody tells the primary NIC, and has no line for it', async () => {
  const { id } = create({ nics: 3 });
  control.setKnobs({ serverListPrimary: false, detailPrimary: 'omitted' });
  expect(await list()).toMatchObject({ servers: [], unclear: [id], seen: 1 });
});

it('is refused where an entry can’t be read, or the list begins anew: a list that lacks servers looks like a whole one', async () => {
  const { id } = create({ nics: 2 });
  await expect(list({ after: id })).resolves.toMatchObject({ servers: [] });
  control.addFault({
    match: { class: 'servers' },
    what: { kind: 'edit', merge: { servers: [{ id: 7 }] } },
  });
  await expect(list()).rejects.toThrow('an entry of the list is unreadable');
  control.clearFaults();
  control.setKnobs({ serverListMarker: false });
  await expect(list({ after: id })).rejects.toThrow('the list does not go on after its marker');
});

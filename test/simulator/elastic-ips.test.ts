import { describe, expect, it } from 'vitest';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

/** A server whose second NIC has an elastic IP, and calls about elastic IPs. */
function bound(options: ConstructorParameters<typeof Bench>[0] = {}) {
  const bench = new Bench(options);
  const server = bench.control.createServer({ nics: [{}, { elasticIp: '203.0.113.77' }, {}] });
  const [, carrier, other] = server.nics.map((nic) => nic.id) as [string, string, string];
  const [elasticIp] = bench.control.elasticIps();
  const id = elasticIp?.id ?? '';
  return {
    ...{ bench, server, carrier, other, id },
    show: async () => (await bench.call('GET', `/publicips/${id}`)).body.publicip as object,
    bind: (portId?: string | null, which = id) =>
      bench.call('PUT', `/publicips/${which}`, { publicip: portId === undefined ? {} : { port_id: portId } }),
    listed: async (query: string) => {
      const { body } = await bench.call('GET', `/publicips?${query}`);
      return (body.publicips as { id: string }[]).map((row) => row.id);
    },
    rules: () => bench.control.invariants().map(({ rule }) => rule),
  };
}

describe('elastic IPs', () => {
  it('are shown with what they are bound to, and listed by port and page by page', async () => {
    const { bench, server, carrier, other, id, show, listed } = bound();
    expect(await show()).toMatchObject({
      ...{ id, status: 'ACTIVE', port_id: carrier, public_ip_address: '203.0.113.77' },
      private_ip_address: server.nics[1]?.ip,
    });
    const free = bench.control.createElasticIp().id;
    expect(await listed(`port_id=${carrier}`)).toEqual([id]);
    expect(await listed(`port_id=${other}`)).toEqual([]);
    const all = [id, free].sort();
    expect(await listed('')).toEqual(all);
    expect(await listed('limit=1')).toEqual(all.slice(0, 1));
    expect(await listed(`limit=1&marker=${all[0]}`)).toEqual(all.slice(1));
    bench.control.setKnobs({ elasticIpFilter: false });
    expect(await listed(`port_id=${carrier}`)).toEqual(all);
    expect(await bench.call('GET', `/publicips/${NOBODY}`)).toMatchObject({
      status: 404,
      body: { code: 'VPC.0504' },
    });
  });

  it('are unbound and kept when their port is deleted, and can be bound again', async () => {
    const { bench, server, carrier, other, show, bind, listed } = bound();
    await bench.deleteNics(server.id, [carrier]);
    bench.advance(12);
    const unbound = await show();
    expect(unbound).toMatchObject({ status: 'DOWN' });
    expect(unbound).not.toHaveProperty('port_id');
    bench.control.setKnobs({ unboundElasticIp: 'empty' });
    expect(await show()).toMatchObject({ port_id: '', private_ip_address: '' });
    expect(bench.control.truth(server.id).nics[1]?.elasticIp).toEqual({
      address: '203.0.113.77',
      bound: false,
    });

    expect(await bind(other)).toMatchObject({ status: 200, body: { publicip: { port_id: other } } });
    expect(bench.control.server(server.id).nics[1]).toMatchObject({ id: other, elasticIp: '203.0.113.77' });
    expect(await listed(`port_id=${other}`)).toHaveLength(1);
    const rows = (await bench.detail(server.id)).body.server.addresses[server.vpcId] as object[];
    expect(rows).toContainEqual(
      expect.objectContaining({
        addr: '203.0.113.77',
        'OS-EXT-IPS:port_id': other,
        'OS-EXT-IPS:type': 'floating',
      }),
    );
    expect(bench.simulator.ledger.effects.map(({ kind, by, portId }) => [kind, by, portId])).toEqual([
      ['nic-detached', 'job', carrier],
      ['port-deleted', 'job', carrier],
      ['elastic-ip-unbound', 'job', carrier],
      ['elastic-ip-bound', 'request', other],
    ]);
    expect(bench.control.invariants()).toEqual([]);
  });

  it.each([undefined, '', null])(
    'are unbound by a call whose port id is %j, and the invariant sees it',
    async (portId) => {
      const { bench, carrier, id, bind, show, rules } = bound();
      expect((await bind(portId)).status).toBe(200);
      expect(await show()).toMatchObject({ status: 'DOWN' });
      expect(bench.simulator.ledger.effects).toMatchObject([
        { kind: 'elastic-ip-unbound', portId: carrier, elasticIpId: id, by: 'request' },
      ]);
      expect(rules()).toEqual(['no-unbind']);
    },
  );

  it('are seen to be unbound even by a request that got lost', async () => {
    const { bench, bind, rules } = bound();
    bench.control.addFault({ match: { class: 'elastic-ip-bind' }, what: { kind: 'drop' } });
    await expect(bind('')).rejects.toThrow();
    expect(rules()).toEqual(['no-unbind']);
  });

  it('are not bound twice, nor to nothing that exists', async () => {
    const { bench, carrier, other, bind } = bound();
    const free = bench.control.createElasticIp().id;
    const code = async (answer: ReturnType<typeof bind>) => {
      const { status, body } = await answer;
      return [status, body.code as string];
    };
    expect(await code(bind(NOBODY, free))).toEqual([400, 'VPC.0517']);
    expect(await code(bind(carrier, free))).toEqual([409, 'VPC.0511']);
    expect(await code(bind(other))).toEqual([409, 'VPC.0510']);
    expect(await code(bind(other, NOBODY))).toEqual([404, 'VPC.0504']);
    expect(await code(bench.call('PUT', `/publicips/${free}`, {}))).toEqual([400, 'VPC.0002']);
    expect(bench.simulator.ledger.effects).toEqual([]);
    bench.control.setKnobs({ deniedActions: ['vpc:publicIps:update'] });
    expect((await bind(other, free)).body.code).toBe('Pdp.0001');
  });

  it('can be left alone by a call that says it has bound them; faults know the server', async () => {
    const { bench, server, other, bind } = bound();
    const free = bench.control.createElasticIp().id;
    bench.control.addFault({
      match: { class: 'elastic-ip-bind', serverId: server.id },
      what: { kind: 'ignored' },
      times: 1,
    });
    expect((await bind(other, free)).status).toBe(200);
    expect(bench.simulator.ledger.requests.at(-1)).toMatchObject({
      ...{
        requestClass: 'elastic-ip-bind',
        serverId: server.id,
        portId: other,
        elasticIpId: free,
        accepted: true,
      },
    });
    expect(bench.control.server(server.id).nics[2]?.elasticIp).toBeNull();
    expect((await bind(other, free)).status).toBe(200);
    expect(bench.control.server(server.id).nics[2]?.elasticIp).not.toBeNull();
  });
});

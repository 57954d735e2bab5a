import { describe, expect, it } from 'vitest';
import { Bench } from './support';

interface Address {
  addr: string;
  primary?: boolean;
  'OS-EXT-IPS:port_id': string;
  'OS-EXT-IPS:type': string;
}

/** Port ids that the detail marks as primary. */
async function marked(bench: Bench, serverId: string): Promise<string[]> {
  const { body } = await bench.detail(serverId);
  const rows = Object.values(body.server.addresses as Record<string, Address[]>).flat();
  return rows.filter((row) => row.primary).map((row) => row['OS-EXT-IPS:port_id']);
}

async function witness(bench: Bench, portId: string): Promise<unknown> {
  const { body } = await bench.port(portId);
  return body.port['binding:vif_details'].primary_interface;
}

describe('the server detail', () => {
  it('has a row per address, keyed by the VPC, elastic ones with the port they hang on', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({ name: 'web-01', nics: [{}, { elasticIp: '203.0.113.77' }] });
    const { body } = await bench.detail(server.id);
    expect(body.server).toMatchObject({
      id: server.id,
      name: 'web-01',
      status: 'ACTIVE',
      'OS-EXT-STS:vm_state': 'active',
      'OS-EXT-STS:task_state': null,
      locked: false,
    });
    expect(Object.keys(body.server.addresses as object)).toEqual([server.vpcId]);
    const rows = body.server.addresses[server.vpcId] as Address[];
    expect(rows.map((row) => [row['OS-EXT-IPS:type'], row['OS-EXT-IPS:port_id'], row.primary])).toEqual([
      ['fixed', server.nics[0]?.id, true],
      ['fixed', server.nics[1]?.id, false],
      ['floating', server.nics[1]?.id, false],
    ]);
    expect(rows[2]?.addr).toBe('203.0.113.77');
  });

  it('marks the primary NIC, or does not, or marks the wrong one', async () => {
    const bench = new Bench();
    const server = bench.server();
    expect(await marked(bench, server.id)).toEqual([server.primary]);
    bench.control.setKnobs({ detailPrimary: 'omitted' });
    expect(await marked(bench, server.id)).toEqual([]);
    bench.control.setKnobs({ detailPrimary: 'wrong' });
    expect(await marked(bench, server.id)).toEqual([server.a]);
    bench.control.setKnobs({ detailPrimary: 'all' });
    expect(await marked(bench, server.id)).toHaveLength(4);
  });

  it('need not have the primary NIC first', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({ nics: [{}, { primary: true }, {}] });
    expect(await marked(bench, server.id)).toEqual([server.nics[1]?.id]);
    bench.control.setKnobs({ nicOrder: 'shuffled' });
    const ids = server.nics.map((nic) => nic.id);
    expect([...(await bench.listed(server.id))].sort()).toEqual([...ids].sort());
  });

  it('has tags', async () => {
    const bench = new Bench();
    const tags = [{ key: 'ecs-nics-protect', value: 'true' }];
    const server = bench.server({ tags });
    expect((await bench.call('GET', `/cloudservers/${server.id}/tags`)).body).toEqual({ tags });
  });
});

describe('the NIC list', () => {
  it('has no primary flag, and says how many NICs can be added', async () => {
    const bench = new Bench();
    const server = bench.server();
    const { body } = await bench.call('GET', `/cloudservers/${server.id}/os-interface`);
    expect(body.attachableQuantity.free_nic).toBe(8);
    expect(JSON.stringify(body)).not.toContain('primary');
    expect(body.interfaceAttachments[0]).toMatchObject({ port_state: 'ACTIVE', delete_on_termination: true });
  });
});

describe('a port', () => {
  it('witnesses whether it is the primary interface, unless the knob has it be silent or wrong', async () => {
    const bench = new Bench();
    const server = bench.server();
    expect(await witness(bench, server.primary)).toBe(true);
    expect(await witness(bench, server.a)).toBe(false);
    bench.control.setKnobs({ portPrimary: 'omitted' });
    expect(await witness(bench, server.primary)).toBeUndefined();
    bench.control.setKnobs({ portPrimary: 'denied' });
    expect(await witness(bench, server.primary)).toBe(false);
    bench.control.setKnobs({ portPrimary: 'wrong' });
    expect(await witness(bench, server.a)).toBe(true);
  });

  it('is found by server, by name, by network, and page by page', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({ nics: [{}, { name: 'eth-b' }, {}] });
    bench.server();
    const free = bench.control.createPort({ name: 'free' });
    const find = async (query: string) => {
      const { body } = await bench.call('GET', `/ports?${query}`);
      return (body.ports as { id: string }[]).map((port) => port.id);
    };
    const own = server.nics.map((nic) => nic.id).sort();
    expect(await find(`device_id=${server.id}`)).toEqual(own);
    expect(await find(`device_id=${server.id}&limit=2`)).toEqual(own.slice(0, 2));
    expect(await find(`device_id=${server.id}&limit=2&marker=${own[1]}`)).toEqual(own.slice(2));
    expect(await find('name=eth-b')).toEqual([server.nics[1]?.id]);
    expect(await find(`name=free&network_id=${free.networkId}`)).toEqual([free.id]);
    expect(await find(`network_id=${free.networkId}`)).toContain(free.id);
  });
});

import { describe, expect, it } from 'vitest';
import { differences } from '../../simulator';
import { Bench } from './support';

/** A server one of whose NICs has everything that a NIC can have. */
function rich() {
  const bench = new Bench();
  const server = bench.control.createServer({
    nics: [
      {},
      {
        name: 'eth-b',
        ip: '10.2.4.4',
        ipv6: '2001:db8::4',
        securityGroups: ['sg-2', 'sg-1'],
        allowedAddressPairs: [{ ip_address: '10.2.0.100' }],
        extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
        portSecurity: false,
        deleteOnTermination: true,
        elasticIp: '203.0.113.9',
      },
      {},
    ],
  });
  return { bench, server, nic: server.nics[1]?.id ?? '', last: server.nics[2]?.id ?? '' };
}

describe('the state of a server', () => {
  it('has everything about each NIC, and does not change afterwards', () => {
    const { bench, server, nic } = rich();
    const state = bench.control.snapshotOf(server.id);
    expect(state.nics[1]).toEqual({
      id: nic,
      name: 'eth-b',
      mac: server.nics[1]?.mac,
      networkId: server.nics[1]?.networkId,
      fixedIps: [
        { subnetId: server.nics[1]?.subnetId, ip: '10.2.4.4' },
        { subnetId: expect.any(String) as string, ip: '2001:db8::4' },
      ],
      securityGroups: ['sg-2', 'sg-1'],
      allowedAddressPairs: [{ ip_address: '10.2.0.100' }],
      extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
      portSecurity: false,
      deleteOnTermination: true,
      primary: false,
      elasticIp: '203.0.113.9',
      position: 1,
    });
    bench.control.patchPort(nic, { name: 'other' });
    expect(state.nics[1]?.name).toBe('eth-b');
  });

  it('is the same after an exact undo with every step of it, and differs after each one that is left out', async () => {
    const undo = async (leftOut?: 'flag' | 'order') => {
      const { bench, server, nic, last } = rich();
      const before = bench.control.snapshotOf(server.id);
      const flag = (id: string, delete_on_termination: boolean) =>
        bench.call('PUT', `/cloudservers/${server.id}/os-interface/${id}`, {
          interface_attachment: { delete_on_termination },
        });
      for (const id of [nic, last]) await flag(id, false);
      await bench.deleteNics(server.id, [nic, last]);
      bench.advance(12);
      const order = leftOut === 'order' ? [last, nic] : [nic, last];
      await bench.attachNics(
        server.id,
        order.map((port_id) => ({ port_id })),
      );
      bench.advance(12);
      for (const id of leftOut === 'flag' ? [last] : [nic, last]) await flag(id, true);
      return differences(before, bench.control.snapshotOf(server.id)).map(({ field }) => field);
    };
    expect(await undo()).toEqual([]);
    expect(await undo('flag')).toEqual(['deleteOnTermination']);
    expect(await undo('order')).toEqual(['position', 'position']);
  });
});

describe('differences', () => {
  it.each([
    ['name', { name: 'x' }],
    ['securityGroups', { securityGroups: ['sg-1', 'sg-2'] }],
    ['allowedAddressPairs', { allowedAddressPairs: [] }],
    ['extraDhcpOpts', { extraDhcpOpts: [] }],
    ['portSecurity', { portSecurity: true }],
    ['deleteOnTermination', { deleteOnTermination: false }],
    ['primary', { primary: true }],
  ] as const)('name %s', (field, patch) => {
    const { bench, server, nic } = rich();
    const before = bench.control.snapshotOf(server.id);
    bench.control.patchPort(nic, patch as object);
    expect(differences(before, bench.control.snapshotOf(server.id))).toEqual([
      { nicId: nic, field, before: before.nics[1]?.[field], after: Object.values(patch)[0] as unknown },
    ]);
  });

  it('name an elastic IP that is gone, a NIC that is gone, and one that is new', () => {
    const { bench, server, nic, last } = rich();
    const before = bench.control.snapshotOf(server.id);
    bench.control.bindElasticIp('203.0.113.9', null);
    bench.control.detachNic(server.id, last);
    const added = bench.control.attachNic(server.id).id;
    expect(differences(before, bench.control.snapshotOf(server.id))).toEqual([
      { nicId: nic, field: 'elasticIp', before: '203.0.113.9', after: null },
      { nicId: last, field: 'attached', before: true, after: false },
      { nicId: added, field: 'attached', before: false, after: true },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../simulator';
import { Bench } from './support';

type Meanwhile = Omit<Extract<FaultSpec['what'], { kind: 'meanwhile' }>, 'kind'>;

/** A server whose second NIC has an elastic IP, and another actor who acts once, on the next request of a class. */
function withOthers(cls: 'delete' | 'attach' | 'ports', what: Meanwhile | ((ip: string) => Meanwhile)) {
  const bench = new Bench();
  const server = bench.control.createServer({ nics: [{}, { elasticIp: '203.0.113.5' }, {}] });
  const [, first, second] = server.nics as [unknown, (typeof server.nics)[0], (typeof server.nics)[0]];
  const given = typeof what === 'function' ? what(first.ip) : what;
  bench.control.addFault({ match: { class: cls }, what: { kind: 'meanwhile', ...given }, times: 1 });
  const create = (ip: string) =>
    bench.call('POST', '/ports', { port: { network_id: first.networkId, fixed_ips: [{ ip_address: ip }] } });
  return { bench, server, first, second, create };
}

/** Who has the address by the ports that exist. */
async function holders(bench: Bench, ip: string): Promise<string[]> {
  const { body } = await bench.call('GET', '/ports');
  const ports = body.ports as { id: string; fixed_ips: { ip_address: string }[] }[];
  return ports.filter((port) => port.fixed_ips[0]?.ip_address === ip).map(({ id }) => id);
}

describe('another tenant who steals an address', () => {
  it('waits until it is free, and is faster than anybody', async () => {
    const { bench, server, first, create } = withOthers('delete', (ip) => ({ steal: [ip] }));
    await bench.deleteNics(server.id, [first.id]);
    bench.advance(5);
    expect(bench.states(server.id)[first.id]).toBe('on-server');
    bench.advance(7);
    expect(await holders(bench, first.ip)).not.toContain(first.id);
    expect(await holders(bench, first.ip)).toHaveLength(1);
    expect((await create(first.ip)).body.code).toBe('VPC.0701');
    // Once it lets go, it does not come back.
    const [thief = ''] = await holders(bench, first.ip);
    expect((await bench.call('DELETE', `/ports/${thief}`)).status).toBe(204);
    expect((await create(first.ip)).status).toBe(200);
    expect(bench.simulator.ledger.effects.map(({ kind, by }) => `${kind} by ${by}`)).toEqual([
      'nic-detached by job',
      'port-deleted by job',
      'elastic-ip-unbound by job',
      'port-created by control',
      'port-deleted by request',
      'port-created by request',
    ]);
  });

  it('takes nothing from a port that is kept, until that is deleted', async () => {
    const { bench, server, first } = withOthers('delete', (ip) => ({ steal: [ip] }));
    bench.control.patchPort(first.id, { deleteOnTermination: false });
    await bench.deleteNics(server.id, [first.id]);
    bench.advance(60);
    expect(await holders(bench, first.ip)).toEqual([first.id]);
    await bench.call('DELETE', `/ports/${first.id}`);
    expect(await holders(bench, first.ip)).toHaveLength(1);
  });

  it('takes a free one at once, also on a request about no server', async () => {
    const { bench, create } = withOthers('ports', { steal: ['10.2.99.9'], afterMs: 1_000 });
    await bench.call('GET', '/ports');
    expect(await holders(bench, '10.2.99.9')).toEqual([]);
    bench.advance(1);
    expect((await create('10.2.99.9')).body.code).toBe('VPC.0701');
  });
});

describe('another actor', () => {
  it('attaches a free port to another server before the job does', async () => {
    const bench = new Bench();
    const server = bench.server();
    const port = bench.freePort();
    const what: Meanwhile = { attachPortElsewhere: port, afterMs: 1_000 };
    bench.control.addFault({ match: { class: 'attach' }, what: { kind: 'meanwhile', ...what } });
    const { body } = await bench.attachNics(server.id, [{ port_id: port }]);
    bench.advance(12);
    expect((await bench.job(body.job_id as string)).body).toMatchObject({
      status: 'FAIL',
      error_code: 'Ecs.0919',
    });
    const device = (await bench.port(port)).body.port.device_id as string;
    expect(device).not.toBe(server.id);
    expect(bench.control.server(device).name).toBe('elsewhere');
    // A second try finds it taken and is refused, as an actor would be.
    expect((await bench.attachNics(server.id, [{ port_id: port }])).body.error.code).toBe('Ecs.0919');
    bench.advance(1);
    expect((await bench.port(port)).body.port.device_id).toBe(device);
  });

  it('unbinds an elastic IP, or binds it elsewhere', async () => {
    const elasticIp = (bench: Bench) => bench.control.elasticIps()[0]?.portId;
    const off = withOthers('delete', { unbind: ['203.0.113.5'] });
    await off.bench.deleteNics(off.server.id, [off.second.id]);
    off.bench.advance(1);
    expect(elasticIp(off.bench)).toBe('');

    const away = withOthers('delete', { bindElsewhere: ['203.0.113.5', 'none'] });
    await away.bench.deleteNics(away.server.id, [away.second.id]);
    away.bench.advance(1);
    const holder = elasticIp(away.bench) ?? '';
    expect(holder).not.toBe(away.first.id);
    expect((await away.bench.port(holder)).body.port.device_id).toBe('');
    expect(away.bench.control.server(away.server.id).nics[1]?.elasticIp).toBeNull();
  });
});

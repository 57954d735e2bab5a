import { describe, expect, it } from 'vitest';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

/** A bench with one server, and calls about ports. */
function ports(options: ConstructorParameters<typeof Bench>[0] = {}) {
  const bench = new Bench(options);
  const server = bench.control.createServer();
  const nic = server.nics[1];
  const network = nic?.networkId ?? '';
  return {
    bench,
    server,
    id: nic?.id ?? '',
    network,
    subnet: nic?.subnetId ?? '',
    create: (port?: object) =>
      bench.call('POST', '/ports', port && { port: { network_id: network, ...port } }),
    update: (id: string, port?: object) => bench.call('PUT', `/ports/${id}`, port && { port }),
    code: async (answer: Promise<{ status: number; body: { code: string } }>) => {
      const { status, body } = await answer;
      return [status, body.code];
    },
  };
}

describe('creating a port', () => {
  it('takes the address asked for, and all that hangs on a port', async () => {
    const { bench, create, network, subnet } = ports();
    const attributes = {
      name: 'restored',
      security_groups: ['sg-b', 'sg-a'],
      allowed_address_pairs: [{ ip_address: '1.1.1.1/0' }],
      extra_dhcp_opts: [{ opt_name: '51', opt_value: '24h' }],
    };
    const { status, body } = await create({ ...attributes, fixed_ips: [{ ip_address: '10.2.5.5' }] });
    expect(status).toBe(200);
    expect(body.port).toMatchObject({
      ...{ ...attributes, network_id: network, device_id: '', status: 'DOWN' },
      fixed_ips: [{ subnet_id: subnet, ip_address: '10.2.5.5' }],
    });
    const id = body.port.id as string;
    expect((await bench.port(id)).body.port).toEqual(body.port);
    expect(bench.simulator.ledger.requests[0]).toMatchObject({
      ...{ requestClass: 'port-create', portId: id, accepted: true },
    });
    expect(bench.simulator.ledger.effects).toMatchObject([
      { kind: 'port-created', portId: id, by: 'request', requestSeq: 0 },
    ]);
    expect(await bench.call('GET', '/ports?name=restored')).toMatchObject({ body: { ports: [{ id }] } });
  });

  it('takes any free address when none is asked for', async () => {
    const { create, server } = ports();
    const { body } = await create({});
    const ip = body.port.fixed_ips[0].ip_address as string;
    expect(ip).toMatch(/^10\.2\./);
    expect(server.nics.map((nic) => nic.ip)).not.toContain(ip);
    expect(body.port.security_groups).toEqual(server.nics[0]?.securityGroups);
  });

  it('is not idempotent: the same name twice makes two', async () => {
    const { bench, create } = ports();
    const ids = [await create({ name: 'twin' }), await create({ name: 'twin' })].map(
      ({ body }) => body.port.id as string,
    );
    expect(ids[0]).not.toBe(ids[1]);
    expect((await bench.call('GET', '/ports?name=twin')).body.ports).toHaveLength(2);
  });

  it('is refused: an address in use, an unknown network, a quota, a bad body', async () => {
    const { bench, server, create, code, subnet } = ports({ knobs: { portQuota: 5 } });
    const used = server.nics[1]?.ip;
    expect(await code(create({ fixed_ips: [{ ip_address: used }] }))).toEqual([409, 'VPC.0701']);
    expect(await code(create({ network_id: NOBODY }))).toEqual([404, 'VPC.0202']);
    // A subnet's id is not the network's (docs/cloud-api.md §3.4).
    expect(await code(create({ network_id: subnet }))).toEqual([404, 'VPC.0202']);
    expect(await code(create())).toEqual([400, 'VPC.0002']);
    const bad = [
      { name: 7 },
      { fixed_ips: [{ ip_address: '10.2.0' }] },
      { fixed_ips: [{ ip_address: '10.3.0.7' }] },
      { fixed_ips: [{ subnet_id: NOBODY }] },
      { fixed_ips: [{}, {}] },
      { allowed_address_pairs: [{ ip_address: '0.0.0.0/0' }] },
      { extra_dhcp_opts: [{ opt_name: '67', opt_value: 'x' }] },
    ];
    for (const port of bad) expect(await code(create(port))).toEqual([400, 'VPC.0002']);
    expect(await code(create({ security_groups: [] }))).toEqual([400, 'VPC.2500']);
    expect(bench.simulator.ledger.effects).toEqual([]);
    expect((await create({})).status).toBe(200);
    expect(await code(create({}))).toEqual([409, 'VPC.2504']);
    bench.control.detachNic(server.id, server.nics[3]?.id ?? '');
    expect((await create({})).status).toBe(200);
    bench.control.setKnobs({ deniedActions: ['vpc:ports:create'] });
    expect((await create({})).body.code).toBe('Pdp.0001');
  });
});

describe('changing a port', () => {
  it('changes what is named, and nothing else, attached or not', async () => {
    const { bench, id, update, server } = ports();
    const before = (await bench.port(id)).body.port as object;
    const changes = { name: 'new', allowed_address_pairs: [{ ip_address: '10.2.0.100', mac_address: 'aa' }] };
    expect(await update(id, changes)).toMatchObject({ status: 200, body: { port: changes } });
    expect((await bench.port(id)).body.port).toEqual({ ...before, ...changes });
    await update(id, {
      security_groups: ['sg-2', 'sg-1'],
      extra_dhcp_opts: [{ opt_name: '51', opt_value: '1h' }],
    });
    expect((await bench.port(id)).body.port).toMatchObject({
      ...{ ...changes, security_groups: ['sg-2', 'sg-1'] },
      extra_dhcp_opts: [{ opt_value: '1h' }],
    });
    await update(id, { allowed_address_pairs: [] });
    expect((await bench.port(id)).body.port.allowed_address_pairs).toEqual([]);
    // What changes nothing leaves no effect.
    await update(id, { name: 'new' });
    expect(bench.simulator.ledger.effects.map(({ kind, serverId }) => [kind, serverId])).toEqual(
      Array.from({ length: 3 }, () => ['port-updated', server.id]),
    );
    expect(bench.simulator.ledger.requests.at(-1)).toMatchObject({
      ...{ requestClass: 'port-update', portId: id, serverId: server.id, accepted: true },
    });
  });

  it('is refused: no group at all, no such port, a bad body', async () => {
    const { id, update, code } = ports();
    expect(await code(update(id, { security_groups: [] }))).toEqual([400, 'VPC.2500']);
    expect(await code(update(NOBODY, { name: 'x' }))).toEqual([404, 'VPC.2502']);
    expect(await code(update(id))).toEqual([400, 'VPC.0002']);
    expect(await code(update(id, { name: null }))).toEqual([400, 'VPC.0002']);
  });
});

describe('a port with two fixed IPs', () => {
  it('shows both, everywhere', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({ nics: [{}, { ipv6: '2001:db8::7', portSecurity: false }] });
    const nic = server.nics[1];
    const { port } = (await bench.port(nic?.id ?? '')).body;
    expect(port).toMatchObject({
      port_security_enabled: false,
      fixed_ips: [{ subnet_id: nic?.subnetId, ip_address: nic?.ip }, { ip_address: '2001:db8::7' }],
    });
    expect(port.fixed_ips[1].subnet_id).not.toBe(nic?.subnetId);
    expect((await bench.port(server.nics[0]?.id ?? '')).body.port.port_security_enabled).toBe(true);
    const list = (await bench.call('GET', `/cloudservers/${server.id}/os-interface`)).body;
    expect(list.interfaceAttachments[1].fixed_ips).toEqual(port.fixed_ips);
    const detail = (await bench.detail(server.id)).body.server;
    const rows = detail.addresses[server.vpcId] as { version: string; addr: string }[];
    expect(rows.map(({ version, addr }) => [version, addr]).slice(1)).toEqual([
      ['4', nic?.ip],
      ['6', '2001:db8::7'],
    ]);
    expect(detail.network_interfaces[1].ipv6_addresses).toEqual(['2001:db8::7']);
  });

  it('holds both until it is deleted', async () => {
    const bench = new Bench();
    const id = bench.freePort({ ipv6: '2001:db8::7' });
    expect(() => bench.freePort({ ipv6: '2001:db8::7' })).toThrow('in use');
    expect(() => bench.control.createServer({ nics: [{ ipv6: '2001:db8::7' }] })).toThrow('in use');
    bench.control.deletePort(id);
    expect(bench.freePort({ ipv6: '2001:db8::7' })).not.toBe(id);
  });
});

describe('a call that succeeds without doing anything', () => {
  it('leaves flag and port as they were', async () => {
    const { bench, server, id, update } = ports();
    const free = bench.freePort({ name: 'old' });
    bench.control.addFault({
      match: { class: ['flag', 'port-update', 'port-delete'] },
      what: { kind: 'ignored' },
    });
    const flag = (value: boolean) =>
      bench.call('PUT', `/cloudservers/${server.id}/os-interface/${id}`, {
        interface_attachment: { delete_on_termination: value },
      });
    expect((await flag(false)).status).toBe(204);
    expect((await update(id, { name: 'new' })).status).toBe(200);
    expect((await bench.call('DELETE', `/ports/${free}`)).status).toBe(204);
    expect(bench.simulator.ledger.requests.map(({ accepted }) => accepted)).toEqual([true, true, true]);
    expect(bench.control.server(server.id).nics[1]).toMatchObject({ deleteOnTermination: true, name: '' });
    expect((await bench.port(free)).body.port.name).toBe('old');
    expect(bench.simulator.ledger.effects.filter(({ by }) => by === 'request')).toEqual([]);

    // A refusal is one all the same.
    expect((await update(NOBODY, { name: 'new' })).status).toBe(404);
    bench.control.clearFaults();
    await flag(false);
    expect(bench.simulator.ledger.effects.at(-1)).toMatchObject({
      kind: 'flag-changed',
      portId: id,
      value: false,
    });
  });

  it('is about the flag unless said otherwise, which can be refused as well', async () => {
    const { bench, server, id } = ports();
    expect(bench.control.addFault({ what: { kind: 'ignored' } }).match.class).toBe('flag');
    bench.control.clearFaults();
    const body = { error: { code: 'Ecs.0213', message: 'Failed to update the port.' } };
    bench.control.addFault({
      match: { class: 'flag' },
      what: { kind: 'answer', status: 400, body },
      times: 1,
    });
    const flag = { interface_attachment: { delete_on_termination: false } };
    const path = `/cloudservers/${server.id}/os-interface/${id}`;
    expect(await bench.call('PUT', path, flag)).toMatchObject({ status: 400, body });
    expect(bench.simulator.ledger.requests.at(-1)?.accepted).toBe(false);
    expect(bench.control.server(server.id).nics[1]?.deleteOnTermination).toBe(true);
    expect((await bench.call('PUT', path, flag)).status).toBe(204);
  });
});

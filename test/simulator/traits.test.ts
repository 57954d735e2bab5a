/** What answers may lack or show late, NICs with several of something, and what others do to what is off. */
import { describe, expect, it } from 'vitest';
import { Bench } from './support';

describe('a server detail', () => {
  it('lacks what the knobs say, and has it by default', async () => {
    const bench = new Bench();
    const { id } = bench.server();
    const told = async (knobs: object) => {
      bench.control.setKnobs(knobs);
      return (await bench.detail(id)).body.server as Record<string, unknown>;
    };
    const whole = await told({});
    expect(whole).toMatchObject({ locked: false, metadata: { EcmResStatus: 'normal' } });
    expect(whole).toHaveProperty('addresses');
    const bare = await told({ detailAddresses: false, detailNetworkInterfaces: false, detailLock: 'absent' });
    for (const field of ['addresses', 'network_interfaces', 'locked']) expect(bare).not.toHaveProperty(field);
    expect((await told({ detailLock: 'null' })).locked).toBeNull();
    expect((await told({ detailMetadata: 'unmarked' })).metadata).not.toHaveProperty('EcmResStatus');
    expect(await told({ detailMetadata: 'absent' })).not.toHaveProperty('metadata');
  });

  it('shows an elastic IP late, and one that was there from the start at once; their list knows', async () => {
    const bench = new Bench({ knobs: { elasticIpLagSeconds: 20 } });
    const server = bench.control.createServer({ nics: [{}, { elasticIp: '203.0.113.1' }, {}] });
    const port = server.nics[2]?.id ?? '';
    bench.control.bindElasticIp(bench.control.createElasticIp({ address: '203.0.113.2' }).id, port);
    const shown = async () => {
      const body = JSON.stringify((await bench.detail(server.id)).body);
      // Each stands among the addresses and with its interface.
      return [...new Set(body.match(/203\.0\.113\.\d/g))];
    };
    expect(await shown()).toEqual(['203.0.113.1']);
    expect((await bench.call('GET', `/publicips?port_id=${port}`)).body.publicips).toHaveLength(1);
    bench.advance(20);
    expect(await shown()).toEqual(['203.0.113.1', '203.0.113.2']);
  });
});

describe('a NIC with several addresses', () => {
  const nic = {
    ip: '10.1.0.50',
    furtherIps: ['10.1.0.51'],
    ipv6: '2001:db8::5',
    elasticIp: ['203.0.113.1', '203.0.113.2'],
  };

  it('shows all of them, and sets all of them free', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({ nics: [{}, nic] });
    const id = server.nics[1]?.id ?? '';
    const fixed = ['10.1.0.50', '10.1.0.51', '2001:db8::5'];
    const port = (await bench.port(id)).body.port as { fixed_ips: { ip_address: string }[] };
    expect(port.fixed_ips.map(({ ip_address }) => ip_address)).toEqual(fixed);
    const { addresses } = (await bench.detail(server.id)).body.server as {
      addresses: Record<string, Record<string, string>[]>;
    };
    const rows = Object.values(addresses)
      .flat()
      .filter((row) => row['OS-EXT-IPS:port_id'] === id);
    expect(rows.map(({ addr }) => addr)).toEqual([...fixed, ...nic.elasticIp]);
    expect(bench.control.snapshotOf(server.id).nics[1]).toMatchObject({
      elasticIp: '203.0.113.1',
      furtherElasticIps: ['203.0.113.2'],
    });
    await bench.deleteNics(server.id, [id]);
    bench.advance(30);
    expect(bench.control.elasticIps().map(({ portId }) => portId)).toEqual(['', '']);
    for (const ip of ['10.1.0.50', '10.1.0.51']) expect(bench.control.createPort({ ip }).ip).toBe(ip);
  });

  it('is not made of an address that is in use', () => {
    const bench = new Bench();
    bench.control.createServer({ nics: [{}, nic] });
    expect(() => bench.control.createServer({ nics: [{}, { furtherIps: ['10.1.0.51'] }] })).toThrow('in use');
  });
});

it('a poll answered with rubbish still tells of its own NICs', async () => {
  const bench = new Bench();
  const { id, a } = bench.server();
  const { job_id: job } = (await bench.deleteNics(id, [a])).body as { job_id: string };
  bench.advance(20);
  bench.control.addFault({ what: { kind: 'bloated-job', subJobs: 500, chars: 700 }, times: 1 });
  const { body } = await bench.job(job);
  expect(JSON.stringify(body).length).toBeGreaterThan(500 * 700);
  expect([body.status, body.entities.sub_jobs.length]).toEqual(['SUCCESS', 501]);
  expect(body.entities.sub_jobs[0].entities.nic_id).toBe(a);
  expect((await bench.job(job)).body.entities.sub_jobs).toHaveLength(1);
});

describe('others, meanwhile', () => {
  it('change ports by their position among all that ever were, and put them back', async () => {
    const bench = new Bench();
    const { id, a } = bench.server();
    bench.control.patchPort(a, { deleteOnTermination: false });
    bench.control.detachNic(id, a);
    const ports = [{ nic: 1, deleteOnTermination: true, name: 'theirs', elasticIp: true as const }];
    bench.control.addFault({
      match: { class: 'detail' },
      what: { kind: 'meanwhile', ports, putBack: [1] },
      times: 1,
    });
    await bench.detail(id);
    bench.advance(1);
    const nic = bench.control.snapshotOf(id).nics.find((it) => it.id === a);
    expect(nic).toMatchObject({ name: 'theirs', deleteOnTermination: true, elasticIp: expect.any(String) });
  });

  it('do not do what can’t be done: no port is made of one that is gone', async () => {
    const bench = new Bench();
    const { id, a } = bench.server();
    bench.control.detachNic(id, a);
    bench.control.addFault({
      match: { class: 'detail' },
      what: { kind: 'meanwhile', ports: [{ nic: 1, name: 'theirs' }], putBack: [1, 9] },
    });
    await bench.detail(id);
    bench.advance(1);
    expect(bench.control.snapshotOf(id).nics).toHaveLength(3);
  });
});

describe('another project', () => {
  const OTHER = 'fedcba9876543210fedcba9876543210';

  it('knows nothing of servers, ports and jobs of the first one, and the ledger tells whose a call was', async () => {
    const bench = new Bench({ otherProjects: [OTHER] });
    const { id, a, b } = bench.server();
    const { job_id: job } = (await bench.deleteNics(id, [b])).body as { job_id: string };
    const there = async (method: 'GET' | 'DELETE', path: string) => {
      const { statusCode, body } = await bench.simulator.app.inject({ method, url: `/v1/${OTHER}${path}` });
      return [statusCode, (JSON.parse(body) as { code?: string; error?: { code: string } }).code ?? body];
    };
    expect((await there('GET', `/cloudservers/${id}`))[0]).toBe(404);
    expect((await there('GET', `/cloudservers/${id}/os-interface`))[0]).toBe(400);
    expect(await there('GET', `/jobs/${job}`)).toEqual([400, 'Common.0011']);
    expect((await there('GET', `/ports/${a}`))[0]).toBe(404);
    expect((await there('DELETE', `/ports/${a}`))[0]).toBe(404);
    expect((await bench.port(a)).status).toBe(200);
    const { requests } = bench.simulator.ledger;
    expect(requests.map(({ projectId }) => projectId)).toEqual([
      undefined,
      ...Array.from({ length: 5 }, () => OTHER),
      undefined,
    ]);
  });

  it('is emptied by a reset, and shares knobs and faults', async () => {
    const bench = new Bench({ otherProjects: [OTHER] });
    bench.control.reset();
    bench.control.setKnobs({ deniedActions: ['vpc:ports:list'] });
    const url = `/v1/${OTHER}/ports`;
    expect((await bench.simulator.app.inject({ url })).statusCode).toBe(403);
    bench.control.setKnobs({ deniedActions: [] });
    bench.control.addFault({ what: { kind: 'status', status: 500 }, times: 1 });
    expect((await bench.simulator.app.inject({ url })).statusCode).toBe(500);
    expect((await bench.simulator.app.inject({ url })).json()).toEqual({ ports: [] });
  });

  it('that nobody has told of is refused, as a credential of another one is', async () => {
    const bench = new Bench();
    const { id } = bench.server();
    const answer = async (path: string): Promise<unknown> =>
      JSON.parse((await bench.simulator.app.inject({ url: `/v1/${OTHER}${path}` })).body);
    expect(await answer(`/cloudservers/${id}`)).toMatchObject({ error: { code: 'Ecs.0023' } });
    expect(await answer('/ports')).toMatchObject({ code: 'VPC.0010' });
  });
});

import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../simulator';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('an attachment is refused', () => {
  /** Status and code of the answer for a fresh server, and that nothing came of it. */
  async function refusal(nic: object | ((bench: Bench) => object), spec: object = {}, knobs = {}) {
    const bench = new Bench({ knobs });
    const server = bench.server(spec);
    const { status, body } = await bench.attachNics(server.id, [
      typeof nic === 'function' ? nic(bench) : nic,
    ]);
    expect(bench.simulator.ledger.requests.at(-1)?.accepted).toBe(false);
    expect(bench.simulator.ledger.jobs).toEqual([]);
    return [status, body.error?.code as unknown];
  }
  const byPort = (bench: Bench) => ({ port_id: bench.freePort() });
  const subnetOf = (bench: Bench) => bench.control.servers()[0]?.nics[0]?.networkId;

  it('by the state of the server', async () => {
    expect(await refusal(byPort, { locked: true })).toEqual([400, 'Ecs.0605']);
    expect(await refusal(byPort, { frozen: true })).toEqual([400, 'Ecs.0030']);
    expect(await refusal(byPort, { status: 'REBOOT' })).toEqual([400, 'Ecs.0100']);
    expect(await refusal(byPort, { taskState: 'powering-off' })).toEqual([400, 'Ecs.0100']);
    expect(await refusal(byPort, { nics: 12 })).toEqual([400, 'Ecs.0050']);
    const denied = { deniedActions: ['ecs:cloudServers:addNics'] };
    expect(await refusal(byPort, {}, denied)).toEqual([403, 'Pdp.0001']);
  });

  it('for a server that does not exist', async () => {
    const bench = new Bench();
    const answer = await bench.attachNics(NOBODY, [{ port_id: bench.freePort() }]);
    expect([answer.status, answer.body.error.code]).toEqual([404, 'Ecs.0114']);
  });

  it('for a port that is missing or attached', async () => {
    expect(await refusal({ port_id: NOBODY })).toEqual([400, 'Ecs.0005']);
    expect(await refusal({ port_id: NOBODY }, {}, { unknownPort: 'Ecs.0919' })).toEqual([400, 'Ecs.0919']);
    expect(await refusal((bench) => ({ port_id: bench.server().a }))).toEqual([400, 'Ecs.0919']);

    const bench = new Bench({ knobs: { unknownPort: 'sub-job' } });
    const server = bench.server();
    const port = bench.freePort();
    const { body } = await bench.attachNics(server.id, [{ port_id: NOBODY }, { port_id: port }]);
    bench.advance(12);
    expect((await bench.job(body.job_id as string)).body).toMatchObject({
      status: 'FAIL',
      error_code: 'Ecs.0217',
    });
    expect(bench.states(server.id)[port]).toBe('on-server');
  });

  it('for a subnet or an address that does not fit', async () => {
    expect(await refusal({ subnet_id: NOBODY })).toEqual([400, 'Ecs.0038']);
    // The Neutron subnet's id is not the network's (docs/cloud-api.md §3.4).
    const neutron = (bench: Bench) => ({ subnet_id: bench.control.servers()[0]?.nics[0]?.subnetId });
    expect(await refusal(neutron)).toEqual([400, 'Ecs.0038']);
    const address = (ip_address: string) => (bench: Bench) => ({ subnet_id: subnetOf(bench), ip_address });
    expect(await refusal(address('10.2.0.77'))).toEqual([400, 'Ecs.0039']);
    const taken = (bench: Bench) => ({
      subnet_id: subnetOf(bench),
      ip_address: bench.control.servers()[0]?.nics[0]?.ip,
    });
    expect(await refusal(taken)).toEqual([400, 'Ecs.0010']);
    expect(await refusal(address('10.1.0'))).toEqual([400, 'Ecs.0005']);
    const bench = new Bench();
    const server = bench.server();
    const twice = address('10.1.7.7')(bench);
    expect((await bench.attachNics(server.id, [twice, twice])).body.error.code).toBe('Ecs.0010');
  });

  it('while another job runs, of either kind', async () => {
    const bench = new Bench();
    const server = bench.server();
    const port = bench.freePort();
    await bench.deleteNics(server.id, [server.a]);
    const attach = () => bench.attachNics(server.id, [{ port_id: port }]);
    expect(await attach()).toMatchObject({ status: 501, body: { error: { code: 'Ecs.0603' } } });
    bench.advance(12);
    expect((await attach()).status).toBe(200);
    expect((await bench.deleteNics(server.id, [server.b])).status).toBe(501);
    bench.advance(12);
    expect((await bench.deleteNics(server.id, [server.b])).status).toBe(200);
    expect(bench.control.invariants()).toEqual([]);
  });

  it('for a bad body', async () => {
    const bench = new Bench();
    const server = bench.server();
    const port = bench.freePort();
    const code = async (body?: unknown) => {
      const answer = await bench.call('POST', `/cloudservers/${server.id}/nics`, body);
      expect(answer.status).toBe(400);
      return answer.body.error.code as string;
    };
    expect(await code()).toBe('Common.0002');
    expect(await code({ nics: [] })).toBe('Common.0002');
    const net = server.id;
    const nics = [port, {}, { port_id: '', subnet_id: '' }, { port_id: 'x' }];
    for (const nic of [...nics, { subnet_id: net, security_groups: [port] }]) {
      expect(await code({ nics: [nic] })).toBe('Ecs.0005');
    }
    for (const body of ['{', 'null', {}, { nics: port }]) expect(await code(body)).toBe('Ecs.0005');
    expect(await code({ nics: [{ port_id: port }, { port_id: port }] })).toBe('Ecs.0005');
    bench.control.setKnobs({ duplicateNics: 'merge' });
    expect((await bench.attachNics(server.id, [{ port_id: port }, { port_id: port }])).status).toBe(200);
    expect(bench.simulator.ledger.jobs[0]?.nicIds).toEqual([port]);
  });
});

describe('an attachment that can no longer be carried out', () => {
  /** An accepted attachment of one NIC, something happening meanwhile, and what the job says then. */
  async function after(what: (bench: Bench, serverId: string, portId: string) => unknown, nic?: object) {
    const bench = new Bench();
    const server = bench.server();
    const port = bench.freePort();
    const { body } = await bench.attachNics(server.id, [nic ?? { port_id: port }]);
    bench.advance(1);
    what(bench, server.id, port);
    bench.advance(11);
    const job = (await bench.job(body.job_id as string)).body;
    expect(job.status).toBe('FAIL');
    return [job.error_code as string, bench.control.server(server.id).nics.length];
  }

  it('fails in its sub-job', async () => {
    expect(await after((bench, _id, port) => bench.control.attachPortElsewhere(port))).toEqual([
      'Ecs.0919',
      4,
    ]);
    expect(await after((bench, _id, port) => bench.control.deletePort(port))).toEqual(['Ecs.0217', 4]);
    const fill = (bench: Bench, id: string) => {
      for (let i = 0; i < 8; i++) bench.control.attachNic(id);
    };
    expect(await after(fill)).toEqual(['Ecs.0217', 12]);
    expect(await after((bench, id) => bench.control.deleteServer(id))).toEqual(['Ecs.0114', 0]);
    const subnet_id = new Bench().control.createServer().nics[0]?.networkId;
    const nic = { subnet_id, ip_address: '10.1.7.7' };
    const take = (bench: Bench) => void bench.control.createPort({ networkId: subnet_id, ip: '10.1.7.7' });
    expect(await after(take, nic)).toEqual(['Ecs.0010', 4]);
    expect(await after((bench) => bench.control.setKnobs({ portQuota: 5 }), nic)).toEqual(['Ecs.0201', 4]);
  });
});

describe('faults of an attachment', () => {
  function withFault(...whats: FaultSpec['what'][]) {
    const bench = new Bench();
    const server = bench.server();
    const ports = [bench.freePort(), bench.freePort()] as const;
    for (const what of whats) bench.control.addFault({ match: { class: 'attach' }, what, times: 1 });
    const submit = () => bench.attachNics(server.id, [{ port_id: ports[0] }, { port_id: ports[1] }]);
    const on = () => ports.map((port) => bench.states(server.id)[port] === 'on-server');
    return { bench, server, ports, submit, on };
  }

  it('lose its answer, before or after acceptance', async () => {
    const before = withFault({ kind: 'drop' });
    await expect(before.submit()).rejects.toMatchObject({ code: 'LIGHT_ECONNRESET' });
    const { ports, bench } = before;
    expect(bench.simulator.ledger.requests.at(-1)).toMatchObject({
      accepted: false,
      nicIds: ports,
      status: 0,
    });
    expect(bench.simulator.ledger.jobs).toEqual([]);

    const after = withFault({ kind: 'no-job-id', status: 202 });
    expect(await after.submit()).toMatchObject({ status: 202, body: {} });
    after.bench.advance(12);
    expect(after.on()).toEqual([true, true]);
  });

  it('say busy, and use up no other', async () => {
    const { bench, submit, on } = withFault({ kind: 'busy' }, { kind: 'lying-job' });
    expect((await submit()).body.error.code).toBe('Ecs.0603');
    expect((await submit()).status).toBe(200);
    bench.advance(60);
    expect(on()).toEqual([false, false]);
  });

  it('fail one NIC, with the code of attachments unless told otherwise', async () => {
    const { bench, ports, submit, on } = withFault({ kind: 'partial-failure', nics: [1], lateMs: 30_000 });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    expect(await bench.subJobs(jobId)).toMatchObject([
      { status: 'SUCCESS' },
      { status: 'FAIL', error_code: 'Ecs.0217', entities: { nic_id: ports[1] } },
    ]);
    expect(on()).toEqual([true, false]);
    bench.advance(30);
    expect(on()).toEqual([true, true]);
  });

  it('lie about success, for a NIC that comes late', async () => {
    const { bench, server, ports, submit, on } = withFault({ kind: 'lying-job', nics: [0], lateMs: 5_000 });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body.status).toBe('SUCCESS');
    expect(on()).toEqual([false, true]);
    bench.advance(4);
    expect(await bench.listed(server.id)).not.toContain(ports[0]);
    bench.advance(1);
    expect(await bench.listed(server.id)).toContain(ports[0]);
  });

  it('lie about failure', async () => {
    const { bench, submit, on } = withFault({ kind: 'false-failure' });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'FAIL', error_code: 'Ecs.0217' });
    expect(on()).toEqual([true, true]);
  });

  it('make its job stuck, gone, or slow', async () => {
    const stuck = withFault({ kind: 'job-stuck' });
    const jobId = (await stuck.submit()).body.job_id as string;
    stuck.bench.advance(36_000);
    expect((await stuck.bench.job(jobId)).body.status).toBe('RUNNING');
    expect(stuck.on()).toEqual([false, false]);
    expect((await stuck.submit()).status).toBe(501);

    const gone = withFault({ kind: 'job-gone' });
    const lost = (await gone.submit()).body.job_id as string;
    gone.bench.advance(12);
    expect(await gone.bench.job(lost)).toMatchObject({ status: 400, body: { code: 'Common.0011' } });
    expect(gone.on()).toEqual([true, true]);

    const slow = withFault({ kind: 'job-seconds', seconds: 100 });
    await slow.submit();
    slow.bench.advance(40);
    expect(slow.on()).toEqual([false, false]);
    slow.bench.advance(60);
    expect(slow.on()).toEqual([true, true]);
  });

  it('leave deletions alone, and those of deletions leave attachments alone', async () => {
    const { bench, server, submit, on } = withFault();
    bench.control.addFault({ what: { kind: 'lying-job' } });
    await submit();
    bench.advance(12);
    expect(on()).toEqual([true, true]);
    await bench.deleteNics(server.id, [server.a]);
    bench.advance(12);
    expect(bench.states(server.id)[server.a]).toBe('on-server');
  });
});

import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../simulator';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

/** What the wire says of the NICs of a finished job. */
const subJobs = async (bench: Bench, jobId: string) =>
  (await bench.job(jobId)).body.entities.sub_jobs as {
    status: string;
    error_code: string | null;
    entities: { nic_id?: string };
  }[];

const effects = (bench: Bench) =>
  bench.simulator.ledger.effects.map(({ kind, by, portId, value }) => ({ kind, by, portId, value }));

describe('attaching a port', () => {
  it('is a job, at the end of which the NIC is on the server with all that hung on the port', async () => {
    const bench = new Bench();
    const server = bench.server();
    const port = bench.freePort({ ip: '10.2.9.9', securityGroups: ['sg-b', 'sg-a'] });
    const answer = await bench.attachNics(server.id, [
      // The port wins; address and group are ignored (ecs-api.md §4.1).
      { port_id: port, subnet_id: NOBODY, ip_address: '10.3.0.77', security_groups: [{ id: 'sg-c' }] },
    ]);
    expect(answer.status).toBe(200);
    const jobId = answer.body.job_id as string;
    expect(bench.simulator.ledger.jobs).toMatchObject([{ jobId, what: 'attach', nicIds: [port] }]);
    expect(bench.simulator.ledger.requests.at(-1)).toMatchObject({
      ...{ requestClass: 'attach', serverId: server.id, nicIds: [port], accepted: true, jobId },
    });
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'INIT', job_type: 'addNics' });

    bench.advance(11);
    expect(bench.states(server.id)[port]).toBe('on-server');
    expect(await bench.listed(server.id)).not.toContain(port);
    expect((await bench.port(port)).body.port).toMatchObject({ device_id: '', status: 'DOWN' });

    bench.advance(1);
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'SUCCESS', error_code: null });
    expect(await subJobs(bench, jobId)).toMatchObject([{ status: 'SUCCESS', entities: { nic_id: port } }]);
    expect(await bench.listed(server.id)).toEqual([server.primary, server.a, server.b, server.c, port]);
    expect((await bench.port(port)).body.port).toMatchObject({
      ...{ device_id: server.id, status: 'ACTIVE', security_groups: ['sg-b', 'sg-a'] },
      fixed_ips: [{ ip_address: '10.2.9.9' }],
    });
    expect(effects(bench)).toMatchObject([
      { kind: 'port-created', by: 'control' },
      { kind: 'nic-attached', by: 'job', portId: port },
      { kind: 'flag-changed', by: 'job', portId: port, value: false },
    ]);
  });

  it('sets its flag as the knob says', async () => {
    const flagAfter = async (flagAfterAttachByPort: boolean | 'kept', deleteOnTermination: boolean) => {
      const bench = new Bench({ knobs: { flagAfterAttachByPort } });
      const server = bench.server();
      await bench.attachNics(server.id, [{ port_id: bench.freePort({ deleteOnTermination }) }]);
      bench.advance(12);
      return bench.control.server(server.id).nics[4]?.deleteOnTermination;
    };
    expect(await flagAfter(false, true)).toBe(false);
    expect(await flagAfter(true, false)).toBe(true);
    expect(await flagAfter('kept', true)).toBe(true);
    expect(await flagAfter('kept', false)).toBe(false);
  });

  it('puts back what a deletion has left, the same port', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({
      nics: [{}, { deleteOnTermination: false, elasticIp: true }],
    });
    const nic = server.nics[1];
    await bench.deleteNics(server.id, [nic?.id ?? '']);
    bench.advance(12);
    expect(await bench.listed(server.id)).toHaveLength(1);
    await bench.attachNics(server.id, [{ port_id: nic?.id }]);
    bench.advance(12);
    expect(bench.control.server(server.id).nics[1]).toEqual(nic);
    expect(bench.control.invariants()).toEqual([]);
  });
});

describe('attaching by subnet', () => {
  it('creates a port, with what is asked for or with what there is', async () => {
    const bench = new Bench();
    const server = bench.control.createServer();
    const net = server.nics[1]?.networkId;
    const { body } = await bench.attachNics(server.id, [
      { subnet_id: net, ip_address: '10.2.7.7', security_groups: [{ id: 'sg-b' }, { id: 'sg-a' }] },
      { subnet_id: net },
    ]);
    const jobId = body.job_id as string;
    bench.advance(1);
    expect((await subJobs(bench, jobId)).map((sub) => sub.entities.nic_id)).toEqual([undefined, undefined]);
    bench.advance(11);
    const [first, second] = bench.control.server(server.id).nics.slice(4);
    expect(first).toMatchObject({
      ip: '10.2.7.7',
      securityGroups: ['sg-b', 'sg-a'],
      deleteOnTermination: true,
    });
    expect(second).toMatchObject({ networkId: net, securityGroups: server.nics[0]?.securityGroups });
    expect((await subJobs(bench, jobId)).map((sub) => sub.entities.nic_id)).toEqual([first?.id, second?.id]);
    expect(bench.simulator.ledger.jobs[0]?.nicIds).toEqual([first?.id, second?.id]);
    expect(effects(bench).map(({ kind, by }) => `${kind} by ${by}`)).toEqual([
      ...['port-created by job', 'nic-attached by job'],
      ...['port-created by job', 'nic-attached by job'],
    ]);
    expect((await bench.port(first?.id ?? '')).body.port.fixed_ips[0].ip_address).toBe('10.2.7.7');
  });
});

describe('NICs of one attachment', () => {
  it.each([['as-asked', [0, 1, 2]] as const, ['reversed', [2, 1, 0]] as const])(
    'end up on the server %s',
    async (addOrder, order) => {
      const bench = new Bench({ knobs: { addOrder } });
      const server = bench.control.createServer({ nics: 1 });
      const ports = [bench.freePort(), bench.freePort(), bench.freePort()];
      const { body } = await bench.attachNics(
        server.id,
        ports.map((port_id) => ({ port_id })),
      );
      bench.advance(12);
      expect((await bench.listed(server.id)).slice(1)).toEqual(order.map((i) => ports[i]));
      // The job names them as asked in any case.
      const named = (await subJobs(bench, body.job_id as string)).map((sub) => sub.entities.nic_id);
      expect(named).toEqual(ports);
    },
  );

  it('leave those of one deletion to come off as asked', async () => {
    const bench = new Bench({ knobs: { addOrder: 'reversed' } });
    const server = bench.server();
    await bench.deleteNics(server.id, [server.a, server.b]);
    bench.advance(7);
    expect(bench.states(server.id)).toMatchObject({ [server.a]: 'port-gone', [server.b]: 'on-server' });
  });

  it('are shown from the end of the sub-job on, or later, as the knobs say', async () => {
    const early = new Bench({ knobs: { goneFrom: 'sub-job-end' } });
    const one = early.server();
    const port = early.freePort();
    await early.attachNics(one.id, [{ port_id: port }]);
    early.advance(11);
    expect(await early.listed(one.id)).toContain(port);

    const late = new Bench({ knobs: { lagSeconds: 20, lagIn: ['list'] } });
    const two = late.server();
    const other = late.freePort();
    await late.attachNics(two.id, [{ port_id: other }]);
    late.advance(31);
    expect(await late.listed(two.id)).not.toContain(other);
    expect((await late.port(other)).body.port.device_id).toBe(two.id);
    late.advance(1);
    expect(await late.listed(two.id)).toContain(other);

    const stale = new Bench({ knobs: { lagReads: 2 } });
    const three = stale.server();
    const third = stale.freePort();
    await stale.attachNics(three.id, [{ port_id: third }]);
    stale.advance(12);
    const seen = [];
    for (let i = 0; i < 3; i++) seen.push((await stale.listed(three.id)).includes(third));
    expect(seen).toEqual([false, false, true]);
    expect((await stale.port(third)).body.port.device_id).toBe('');
  });
});

describe('a NIC that is not shown yet', () => {
  it('is counted by reads of the server it is on, not of one it was on', async () => {
    const bench = new Bench({ knobs: { deleteOnTermination: false, lagReads: 0 } });
    const [from, to] = [bench.server(), bench.server()];
    await bench.deleteNics(from.id, [from.a]);
    bench.advance(12);
    bench.control.setKnobs({ lagReads: 1 });
    await bench.attachNics(to.id, [{ port_id: from.a }]);
    bench.advance(12);
    expect(await bench.listed(from.id)).not.toContain(from.a);
    const seen = [await bench.listed(to.id), await bench.listed(to.id)].map((ids) => ids.includes(from.a));
    expect(seen).toEqual([false, true]);
  });

  it('is gone at once when somebody else takes it off', async () => {
    const bench = new Bench({ knobs: { lagSeconds: 60, flagAfterAttachByPort: true } });
    const server = bench.server();
    const port = bench.freePort();
    await bench.attachNics(server.id, [{ port_id: port }]);
    bench.advance(12);
    expect((await bench.port(port)).body.port.device_id).toBe('');
    bench.control.detachNic(server.id, port);
    expect((await bench.port(port)).status).toBe(404);
  });
});

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
    // The Neutron subnet's id is not the network's (ecs-api.md §12 no. 14).
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
    expect(await subJobs(bench, jobId)).toMatchObject([
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

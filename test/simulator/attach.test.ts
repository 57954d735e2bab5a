import { describe, expect, it } from 'vitest';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

const effects = (bench: Bench) =>
  bench.simulator.ledger.effects.map(({ kind, by, portId, value }) => ({ kind, by, portId, value }));

describe('attaching a port', () => {
  it('is a job, at the end of which the NIC is on the server with all that hung on the port', async () => {
    const bench = new Bench();
    const server = bench.server();
    const port = bench.freePort({ ip: '10.2.9.9', securityGroups: ['sg-b', 'sg-a'] });
    const answer = await bench.attachNics(server.id, [
      // The port wins; address and group are ignored (docs/cloud-api.md §4.1).
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
    expect(await bench.subJobs(jobId)).toMatchObject([{ status: 'SUCCESS', entities: { nic_id: port } }]);
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
    expect((await bench.subJobs(jobId)).map((sub) => sub.entities.nic_id)).toEqual([undefined, undefined]);
    bench.advance(11);
    const [first, second] = bench.control.server(server.id).nics.slice(4);
    expect(first).toMatchObject({
      ip: '10.2.7.7',
      securityGroups: ['sg-b', 'sg-a'],
      deleteOnTermination: true,
    });
    expect(second).toMatchObject({ networkId: net, securityGroups: server.nics[0]?.securityGroups });
    expect((await bench.subJobs(jobId)).map((sub) => sub.entities.nic_id)).toEqual([first?.id, second?.id]);
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
      const named = (await bench.subJobs(body.job_id as string)).map((sub) => sub.entities.nic_id);
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

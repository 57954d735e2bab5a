import { describe, expect, it } from 'vitest';
import { Bench } from './support';

describe('a job', () => {
  it('goes INIT, RUNNING, SUCCESS by the clock, with the shapes of the real one', async () => {
    const bench = new Bench();
    const server = bench.server();
    const { body } = await bench.deleteNics(server.id, [server.a, server.b]);
    const jobId = body.job_id as string;
    expect(jobId).toMatch(/^[0-9a-f]{32}$/);

    const init = (await bench.job(jobId)).body;
    expect(init).toMatchObject({ job_id: jobId, status: 'INIT', end_time: '' });
    expect(init.entities).toEqual({ sub_jobs_total: 2, sub_jobs: [] });

    bench.advance(1);
    const running = (await bench.job(jobId)).body;
    expect(running).toMatchObject({
      status: 'RUNNING',
      end_time: '',
      begin_time: '2026-01-05T10:00:00.000Z',
    });
    expect(running).not.toHaveProperty('error_code');
    expect(running).not.toHaveProperty('fail_reason');
    expect(running.entities.sub_jobs).toHaveLength(2);

    bench.advance(6);
    const half = (await bench.job(jobId)).body;
    expect(half.status).toBe('RUNNING');
    expect((half.entities.sub_jobs as { status: string }[]).map((sub) => sub.status)).toEqual([
      'SUCCESS',
      'RUNNING',
    ]);

    bench.advance(5);
    const done = (await bench.job(jobId)).body;
    expect(done).toMatchObject({ status: 'SUCCESS', error_code: null, fail_reason: null });
    expect(done.end_time).toBe('2026-01-05T10:00:12.000Z');
    expect(done.entities.sub_jobs[1]).toMatchObject({
      status: 'SUCCESS',
      entities: { server_id: server.id, nic_id: server.b },
    });
    expect(done.entities.sub_jobs[1].end_time < done.end_time).toBe(true);
  });

  it('is forgotten after a day, with the flat body of a query that failed', async () => {
    const bench = new Bench();
    const server = bench.server();
    const jobId = (await bench.deleteNics(server.id, [server.a])).body.job_id as string;
    bench.advance(12 + 86_399);
    expect((await bench.job(jobId)).status).toBe(200);
    bench.advance(1);
    const gone = await bench.job(jobId);
    expect(gone.status).toBe(400);
    expect(gone.body).toEqual({ code: 'Common.0011', message: 'Failed to query system tasks.' });
  });

  it('takes as long as its server says, or the knob, drawn from the seed', async () => {
    const end = async (seed: number) => {
      const bench = new Bench({ seed, knobs: { jobSeconds: [5, 40] } });
      const server = bench.server();
      await bench.deleteNics(server.id, [server.a]);
      return bench.simulator.ledger.jobs[0]?.endsAt;
    };
    expect(await end(7)).toBe(await end(7));
    expect(await end(7)).not.toBe(await end(8));

    const bench = new Bench();
    const server = bench.server({ jobSeconds: 3 });
    const jobId = (await bench.deleteNics(server.id, [server.a])).body.job_id as string;
    bench.advance(3);
    expect((await bench.job(jobId)).body.status).toBe('SUCCESS');
  });

  it('can show its NICs in other ways', async () => {
    const subs = async (subJobs: 'none' | 'one-for-all' | 'without-nic-id') => {
      const bench = new Bench({ knobs: { subJobs } });
      const server = bench.server();
      const jobId = (await bench.deleteNics(server.id, [server.a, server.b])).body.job_id as string;
      bench.advance(12);
      return (await bench.job(jobId)).body.entities as { sub_jobs: { entities: object }[] };
    };
    expect(await subs('none')).not.toHaveProperty('sub_jobs');
    expect((await subs('one-for-all')).sub_jobs).toHaveLength(1);
    expect((await subs('without-nic-id')).sub_jobs[0]?.entities).not.toHaveProperty('nic_id');
  });
});

describe('the fate of a port', () => {
  it('follows delete_on_termination; an elastic IP of a deleted port is unbound and kept', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({
      nics: [
        {},
        { deleteOnTermination: true, elasticIp: true },
        { deleteOnTermination: false, elasticIp: true },
      ],
    });
    const [, gone = '', kept = ''] = server.nics.map((nic) => nic.id);
    await bench.deleteNics(server.id, [gone, kept]);
    bench.advance(12);

    expect(await bench.port(gone)).toMatchObject({ status: 404, body: { code: 'VPC.2502' } });
    expect((await bench.port(kept)).body.port).toMatchObject({
      device_id: '',
      device_owner: '',
      status: 'DOWN',
    });
    expect(bench.states(server.id)).toMatchObject({ [gone]: 'port-gone', [kept]: 'port-kept' });
    const [, goneTruth, keptTruth] = bench.control.truth(server.id).nics;
    expect(goneTruth?.elasticIp).toMatchObject({ bound: false });
    expect(keptTruth?.elasticIp).toMatchObject({ bound: true });
  });

  it('frees the address of a deleted port for another tenant, and keeps that of a kept one', async () => {
    const bench = new Bench();
    const server = bench.control.createServer({ nics: [{}, {}, { deleteOnTermination: false }] });
    const [, gone, kept] = server.nics;
    await bench.deleteNics(server.id, [gone?.id ?? '', kept?.id ?? '']);
    bench.advance(12);
    expect(bench.control.createPort({ networkId: gone?.networkId, ip: gone?.ip }).ip).toBe(gone?.ip);
    expect(() => bench.control.createPort({ networkId: kept?.networkId, ip: kept?.ip })).toThrow('in use');
  });

  it('can be decided beforehand through the flag, and finished through the VPC', async () => {
    const bench = new Bench();
    const server = bench.server();
    const path = `/cloudservers/${server.id}/os-interface/${server.a}`;
    const flag = (value: unknown) =>
      bench.call('PUT', path, { interface_attachment: { delete_on_termination: value } });
    expect((await flag('no')).body.error.code).toBe('Ecs.0005');
    expect(await flag(false)).toMatchObject({ status: 204 });
    expect(await bench.call('DELETE', `/ports/${server.a}`)).toMatchObject({
      status: 400,
      body: { code: 'VPC.2500' },
    });
    await bench.deleteNics(server.id, [server.a]);
    bench.advance(12);
    expect(bench.states(server.id)[server.a]).toBe('port-kept');
    expect((await bench.call('DELETE', `/ports/${server.a}`)).status).toBe(204);
    expect((await bench.call('DELETE', `/ports/${server.a}`)).status).toBe(404);
    expect(bench.states(server.id)[server.a]).toBe('port-gone');
    expect(bench.simulator.ledger.effects.map((effect) => [effect.kind, effect.by])).toEqual([
      ['flag-changed', 'request'],
      ['nic-detached', 'job'],
      ['port-deleted', 'request'],
    ]);
  });
});

describe('what reads show', () => {
  it('is the NIC until the end of the job, everywhere', async () => {
    const bench = new Bench();
    const server = bench.server();
    await bench.deleteNics(server.id, [server.a]);
    bench.advance(11);
    expect(bench.states(server.id)[server.a]).toBe('port-gone');
    expect(await bench.listed(server.id)).toContain(server.a);
    expect((await bench.port(server.a)).body.port.device_id).toBe(server.id);
    bench.advance(1);
    expect(await bench.listed(server.id)).toEqual([server.primary, server.b, server.c]);
    expect((await bench.port(server.a)).status).toBe(404);
  });

  it('may lose the NIC before the job ends', async () => {
    const bench = new Bench({ knobs: { goneFrom: 'sub-job-end' } });
    const server = bench.server();
    const jobId = (await bench.deleteNics(server.id, [server.a])).body.job_id as string;
    bench.advance(11);
    expect((await bench.job(jobId)).body.status).toBe('RUNNING');
    expect(await bench.listed(server.id)).not.toContain(server.a);
  });

  it('may lag behind by seconds or by reads', async () => {
    const slow = new Bench({ knobs: { lagSeconds: 20, lagIn: ['list'] } });
    const server = slow.server();
    await slow.deleteNics(server.id, [server.a]);
    slow.advance(31);
    expect(await slow.listed(server.id)).toContain(server.a);
    expect((await slow.port(server.a)).status).toBe(404);
    slow.advance(1);
    expect(await slow.listed(server.id)).not.toContain(server.a);

    const stale = new Bench({ knobs: { lagReads: 2 } });
    const other = stale.server();
    await stale.deleteNics(other.id, [other.a]);
    stale.advance(12);
    const seen = [];
    for (let i = 0; i < 3; i++) seen.push((await stale.listed(other.id)).includes(other.a));
    expect(seen).toEqual([true, true, false]);
    expect((await stale.port(other.a)).body.port.device_id).toBe(other.id);
  });
});

import { describe, expect, it } from 'vitest';
import { Bench } from './support';

const NOBODY = '00000000-0000-4000-8000-000000000000';

/** What the deletion of one NIC of a fresh server is answered. */
async function refusal(spec: object, knobs = {}) {
  const bench = new Bench({ knobs });
  const server = bench.server(spec);
  const { status, body } = await bench.deleteNics(server.id, [server.a]);
  expect(bench.simulator.ledger.requests.at(-1)?.accepted).toBe(false);
  expect(bench.simulator.ledger.jobs).toEqual([]);
  return [status, body.error?.code as unknown];
}

describe('a deletion is refused', () => {
  it('by the state of the server', async () => {
    expect(await refusal({ locked: true })).toEqual([400, 'Ecs.0605']);
    expect(await refusal({ frozen: true })).toEqual([400, 'Ecs.0030']);
    expect(await refusal({ status: 'REBOOT' })).toEqual([400, 'Ecs.0100']);
    expect(await refusal({ taskState: 'powering-off' })).toEqual([400, 'Ecs.0100']);
    expect(await refusal({ onlineRemoval: false })).toEqual([400, 'Ecs.0100']);
    expect(await refusal({}, { deniedActions: ['ecs:cloudServerNics:delete'] })).toEqual([403, 'Pdp.0001']);
    expect(await refusal({}, { allowedActions: ['vpc:ports:get'] })).toEqual([403, 'Pdp.0001']);
  });

  it('is accepted where nothing but it is allowed, and its job can be asked about', async () => {
    const bench = new Bench({ knobs: { allowedActions: ['ecs:cloudServerNics:delete'] } });
    const server = bench.server();
    const { status, body } = await bench.deleteNics(server.id, [server.a]);
    expect(status).toBe(200);
    expect((await bench.job(String(body.job_id))).status).toBe(200);
    expect((await bench.port(server.a)).status).toBe(403);
  });

  it('is accepted on a stopped server that supports no removal while running', async () => {
    const bench = new Bench();
    const server = bench.server({ onlineRemoval: false, status: 'SHUTOFF' });
    expect((await bench.deleteNics(server.id, [server.a])).status).toBe(200);
  });

  it('for the primary NIC: the whole call, with 403', async () => {
    const bench = new Bench();
    const server = bench.server();
    const { status, body } = await bench.deleteNics(server.id, [server.a, server.primary]);
    expect([status, body.error.code]).toEqual([403, 'Ecs.0003']);
    bench.advance(60);
    expect(bench.states(server.id)[server.a]).toBe('on-server');
    expect(bench.control.invariants().map((violation) => violation.rule)).toEqual(['primary-untouched']);
  });

  it('for the primary NIC in a sub-job, when the knob says so; the primary stays', async () => {
    const bench = new Bench({ knobs: { primaryRefusal: 'sub-job' } });
    const server = bench.server();
    const jobId = (await bench.deleteNics(server.id, [server.primary, server.a])).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'FAIL', error_code: 'Ecs.0003' });
    expect(bench.states(server.id)).toMatchObject({ [server.primary]: 'on-server', [server.a]: 'port-gone' });
  });

  it('for a NIC that is not there, or not any more', async () => {
    const bench = new Bench();
    const server = bench.server();
    const other = bench.server();
    expect((await bench.deleteNics(server.id, [other.a])).body.error.code).toBe('Ecs.0085');
    await bench.deleteNics(server.id, [server.a]);
    bench.advance(12);
    const again = await bench.deleteNics(server.id, [server.a]);
    expect([again.status, again.body.error.code]).toEqual([400, 'Ecs.0085']);

    bench.control.setKnobs({ unknownNic: 'sub-job' });
    const jobId = (await bench.deleteNics(server.id, [server.a, server.b])).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'FAIL', error_code: 'Ecs.0507' });
    expect(bench.states(server.id)[server.b]).toBe('port-gone');
    expect(bench.control.invariants()).toEqual([]);
  });

  it('while another job of the server runs, and only of that server', async () => {
    const bench = new Bench();
    const server = bench.server();
    const other = bench.server();
    await bench.deleteNics(server.id, [server.a]);
    const second = await bench.deleteNics(server.id, [server.b]);
    expect([second.status, second.body.error.code]).toEqual([501, 'Ecs.0603']);
    expect((await bench.deleteNics(other.id, [other.a])).status).toBe(200);
    bench.control.setKnobs({ whenBusy: 'Ecs.0100' });
    expect((await bench.deleteNics(server.id, [server.b])).body.error.code).toBe('Ecs.0100');
    bench.advance(12);
    expect((await bench.deleteNics(server.id, [server.b])).status).toBe(200);
    expect(bench.control.invariants()).toEqual([]);
  });

  it('unless the knob allows a second job, which finds nothing to do, and the invariant sees it', async () => {
    const bench = new Bench({ knobs: { whenBusy: 'accept' } });
    const server = bench.server();
    await bench.deleteNics(server.id, [server.a]);
    bench.advance(1);
    const jobId = (await bench.deleteNics(server.id, [server.a])).body.job_id as string;
    bench.advance(20);
    expect((await bench.job(jobId)).body.status).toBe('FAIL');
    expect(bench.control.invariants().map((violation) => violation.rule)).toEqual(['one-job-at-a-time']);
    expect(bench.control.truth(server.id).nics[1]?.deletions).toBe(1);
  });

  it('for a bad body', async () => {
    const bench = new Bench();
    const server = bench.server();
    const code = async (body?: unknown) => {
      const answer = await bench.call('POST', `/cloudservers/${server.id}/nics/delete`, body);
      expect(answer.status).toBe(400);
      return answer.body.error.code as string;
    };
    expect(await code()).toBe('Common.0002');
    expect(await code({ nics: [] })).toBe('Common.0002');
    for (const body of ['{', 'null', {}, { nics: server.a }, { nics: [server.a] }, { nics: [{ id: 'x' }] }]) {
      expect(await code(body)).toBe('Ecs.0005');
    }
    expect(await code({ nics: [{ id: server.a }, { id: server.a }] })).toBe('Ecs.0005');
  });
});

describe('what does not exist', () => {
  it('has the answer of its own service', async () => {
    const bench = new Bench();
    const server = bench.server();
    bench.control.deleteServer(server.id);
    for (const id of [server.id, NOBODY]) {
      expect(await bench.detail(id)).toMatchObject({ status: 404, body: { error: { code: 'Ecs.0114' } } });
      expect((await bench.deleteNics(id, [server.a])).body.error.code).toBe('Ecs.0114');
      expect(await bench.call('GET', `/cloudservers/${id}/os-interface`)).toMatchObject({
        status: 400,
        body: { error: { code: 'Ecs.0307' } },
      });
    }
    expect((await bench.port(NOBODY)).body.code).toBe('VPC.2502');
    expect((await bench.job('ff808082000000000000000000000000')).body.code).toBe('Common.0011');
  });

  it('is not published, when it is another project or no API at all', async () => {
    const bench = new Bench();
    const server = bench.server();
    const get = async (url: string) =>
      (await bench.simulator.app.inject({ method: 'GET', url })).json<object>();
    const project = 'ffffffffffffffffffffffffffffffff';
    expect(await get(`/v1/${project}/cloudservers/${server.id}`)).toMatchObject({
      error: { code: 'Ecs.0023' },
    });
    expect(await get(`/v1/${project}/ports/${server.a}`)).toMatchObject({ code: 'VPC.0010' });
    expect(await get('/v9/nothing')).toMatchObject({ error_code: 'APIGW.0101' });
    bench.control.setKnobs({ gatewayPrefix: 'APIG' });
    expect(await get('/v9/nothing')).toMatchObject({ error_code: 'APIG.0101' });
  });
});

describe('throttling', () => {
  it('counts per API and window, and says so with 429 or with 202', async () => {
    const bench = new Bench({ knobs: { throttle: { limit: 2, minutes: 1, as: '429' } } });
    const server = bench.server();
    await bench.detail(server.id);
    await bench.detail(server.id);
    const third = await bench.detail(server.id);
    expect(third.status).toBe(429);
    expect(third.body).toMatchObject({ error_code: 'APIGW.0308' });
    expect(third.body.error_msg).toContain('limit:2,time:1 minute');
    expect(third.headers).not.toHaveProperty('retry-after');
    expect(await bench.listed(server.id)).toHaveLength(4);
    bench.advance(60);
    expect((await bench.detail(server.id)).status).toBe(200);
    bench.control.setKnobs({ throttle: { limit: 1, minutes: 1, as: '202' } });
    expect(await bench.detail(server.id)).toMatchObject({
      status: 202,
      body: { error: { code: 'Common.0024' } },
    });
  });
});

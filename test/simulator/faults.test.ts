import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../simulator';
import { Bench } from './support';

/** A bench with one server and one fault; answers the deletion of two NICs as well, if it is answered. */
function withFault(...faults: FaultSpec[]) {
  const bench = new Bench();
  const server = bench.server();
  for (const fault of faults) bench.control.addFault(fault);
  return { bench, server, submit: () => bench.deleteNics(server.id, [server.a, server.b]) };
}

const lastRequest = (bench: Bench) => bench.simulator.ledger.requests.at(-1);

describe('a lost answer', () => {
  it('leaves nothing behind when the connection dropped before acceptance', async () => {
    const { bench, server, submit } = withFault({ what: { kind: 'drop' }, times: 1 });
    await expect(submit()).rejects.toMatchObject({ code: 'LIGHT_ECONNRESET' });
    expect(lastRequest(bench)).toMatchObject({
      ...{ status: 0, accepted: false, faults: ['fault-1'] },
      ...{ nicIds: [server.a, server.b], primaryId: server.primary },
    });
    bench.advance(60);
    expect(bench.states(server.id)[server.a]).toBe('on-server');
    expect((await submit()).status).toBe(200);
  });

  it('leaves a job when it dropped after acceptance', async () => {
    const { bench, server, submit } = withFault({ what: { kind: 'drop', accepted: true }, times: 1 });
    await expect(submit()).rejects.toMatchObject({ code: 'LIGHT_ECONNRESET' });
    expect(lastRequest(bench)).toMatchObject({ status: 0, accepted: true });
    expect((await submit()).body.error.code).toBe('Ecs.0603');
    bench.advance(12);
    expect(await bench.listed(server.id)).toEqual([server.primary, server.c]);
  });

  it('is a reset connection over real HTTP, also in the middle of an answer', async () => {
    const { bench, server } = withFault({ what: { kind: 'drop' } });
    const url = await bench.simulator.listen();
    const get = () => fetch(`${url}/v1/${bench.project}/cloudservers/${server.id}`).then((r) => r.text());
    await expect(get()).rejects.toThrow('fetch failed');
    bench.control.clearFaults();
    bench.control.addFault({ what: { kind: 'drop', accepted: true, partway: true } });
    await expect(get()).rejects.toThrow('terminated');
    bench.control.clearFaults();
    await expect(get()).resolves.toContain(server.id);
    await bench.simulator.close();
  });

  it('can be no answer at all; closing the simulator ends the wait', async () => {
    const { bench, server } = withFault({ what: { kind: 'hang' } });
    const url = await bench.simulator.listen();
    const waiting = fetch(`${url}/v1/${bench.project}/cloudservers/${server.id}`);
    const first = await Promise.race([
      waiting.then(() => 'answered'),
      new Promise((resolve) => setTimeout(() => resolve('silent'), 100)),
    ]);
    expect(first).toBe('silent');
    const ended = expect(waiting).rejects.toThrow('fetch failed');
    await bench.simulator.close();
    await ended;
  });

  it.each([500, 502, 504])('can be a %i, before or after acceptance', async (status) => {
    const before = withFault({ what: { kind: 'status', status }, times: 1 });
    expect(await before.submit()).toMatchObject({ status, body: { error_code: 'APIGW.0201' } });
    expect(before.bench.simulator.ledger.jobs).toHaveLength(0);

    const after = withFault({ what: { kind: 'status', status, accepted: true }, times: 1 });
    expect((await after.submit()).status).toBe(status);
    expect(after.bench.simulator.ledger.jobs).toHaveLength(1);
  });

  it.each([200, 202, 204] as const)('can be a %i without a job id', async (status) => {
    const { bench, submit } = withFault({ what: { kind: 'no-job-id', status }, times: 1 });
    expect(await submit()).toMatchObject({ status, body: status === 204 ? '' : {} });
    expect(lastRequest(bench)).toMatchObject({ accepted: true, status });
    // A refusal stays one: there was no job id to lose.
    bench.control.addFault({ what: { kind: 'no-job-id', status } });
    expect((await submit()).status).toBe(501);
  });
});

describe('an answer instead of the real one', () => {
  it('says busy', async () => {
    const { submit } = withFault({ what: { kind: 'busy' }, times: 1 });
    expect(await submit()).toMatchObject({ status: 501, body: { error: { code: 'Ecs.0603' } } });
    expect((await submit()).status).toBe(200);
  });

  it('says throttled, in both ways', async () => {
    const { bench, submit } = withFault({ what: { kind: 'throttled', retryAfter: 7 }, times: 1 });
    const first = await submit();
    expect(first).toMatchObject({ status: 429, body: { error_code: 'APIGW.0308' } });
    expect(first.headers['retry-after']).toBe('7');
    bench.control.addFault({ what: { kind: 'throttled', as: '202' }, times: 1 });
    expect(await submit()).toMatchObject({ status: 202, body: { error: { code: 'Common.0024' } } });
    expect(bench.simulator.ledger.jobs).toHaveLength(0);
    expect((await submit()).status).toBe(200);
  });

  it('says anything: a poll error, a firewall, JSON within JSON', async () => {
    const nested = { error: { code: 'Ecs.1000', message: '{"itemNotFound":{"message":"gone","code":404}}' } };
    const { bench, server } = withFault(
      {
        match: { class: 'job' },
        what: { kind: 'answer', status: 400, body: { code: 'Common.0025', message: 'Query job Error' } },
        times: 1,
      },
      {
        match: { class: 'list' },
        what: {
          kind: 'answer',
          status: 418,
          headers: { server: 'CloudWAF' },
          body: '<html>blocked</html>',
        },
      },
      { match: { class: 'detail' }, what: { kind: 'answer', status: 400, body: nested } },
    );
    const jobId = (await bench.deleteNics(server.id, [server.a])).body.job_id as string;
    expect(await bench.job(jobId)).toMatchObject({ status: 400, body: { code: 'Common.0025' } });
    expect((await bench.job(jobId)).status).toBe(200);
    const page = await bench.call('GET', `/cloudservers/${server.id}/os-interface`);
    expect(page).toMatchObject({ status: 418, body: '<html>blocked</html>' });
    expect(page.headers).toMatchObject({
      server: 'CloudWAF',
      'content-type': expect.stringContaining('html'),
    });
    expect((await bench.detail(server.id)).body).toEqual(nested);
  });

  it('edits fields of the real one', async () => {
    const { bench, server } = withFault({
      match: { class: 'detail' },
      what: { kind: 'edit', merge: { server: { status: 'BRAND_NEW', metadata: { lockScene: 'x' } } } },
    });
    const { body } = await bench.detail(server.id);
    expect(body.server).toMatchObject({ id: server.id, status: 'BRAND_NEW', metadata: { lockScene: 'x' } });
    expect(body.server.metadata).toHaveProperty('vpc_id');
  });

  it('waits in real time', async () => {
    const { bench, server } = withFault({ what: { kind: 'delay', ms: 60 }, times: 1 });
    const start = performance.now();
    await bench.detail(server.id);
    // A timer may fire up to a millisecond early.
    expect(performance.now() - start).toBeGreaterThan(58);
  });
});

describe('a job that goes wrong', () => {
  it.each(['FAIL', 'SUCCESS'] as const)('fails for one NIC, its parent says %s', async (parent) => {
    const { bench, server, submit } = withFault({
      what: { kind: 'partial-failure', nics: [1], code: 'Ecs.0401', reason: 'no release', parent },
    });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    const { body } = await bench.job(jobId);
    expect(body.status).toBe(parent);
    expect(body.error_code).toBe(parent === 'FAIL' ? 'Ecs.0401' : null);
    expect(body.entities.sub_jobs).toMatchObject([
      { status: 'SUCCESS', error_code: null },
      {
        status: 'FAIL',
        error_code: 'Ecs.0401',
        entities: { nic_id: server.b, errorcode_message: 'no release' },
      },
    ]);
    expect(bench.states(server.id)).toMatchObject({ [server.a]: 'port-gone', [server.b]: 'on-server' });
  });

  it('is stuck, with or without its work done; the server stays busy', async () => {
    for (const nicsGo of [false, true]) {
      const { bench, server, submit } = withFault({ what: { kind: 'job-stuck', nicsGo }, times: 1 });
      const jobId = (await submit()).body.job_id as string;
      bench.advance(36_000);
      expect((await bench.job(jobId)).body).toMatchObject({ status: 'RUNNING', end_time: '' });
      expect(await bench.listed(server.id)).toHaveLength(nicsGo ? 2 : 4);
      expect((await bench.deleteNics(server.id, [server.c])).status).toBe(501);
    }
  });

  it('is gone, while its work goes on', async () => {
    const { bench, server, submit } = withFault({ what: { kind: 'job-gone', afterMs: 5_000 } });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(4);
    expect((await bench.job(jobId)).status).toBe(200);
    bench.advance(1);
    expect(await bench.job(jobId)).toMatchObject({ status: 400, body: { code: 'Common.0011' } });
    bench.advance(7);
    expect(await bench.listed(server.id)).toHaveLength(2);
  });

  it('lies about success, for ever or until later', async () => {
    const { bench, server, submit } = withFault({
      what: { kind: 'lying-job', nics: [0], lateMs: 30_000 },
    });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body.status).toBe('SUCCESS');
    expect(await bench.listed(server.id)).toEqual([server.primary, server.a, server.c]);
    bench.advance(30);
    expect(await bench.listed(server.id)).toEqual([server.primary, server.c]);

    const forEver = withFault({ what: { kind: 'lying-job' } });
    await forEver.submit();
    forEver.bench.advance(86_400);
    expect(await forEver.bench.listed(forEver.server.id)).toHaveLength(4);
  });

  it('lies about failure', async () => {
    const { bench, server, submit } = withFault({ what: { kind: 'false-failure' } });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'FAIL', error_code: 'Ecs.0507' });
    expect(await bench.listed(server.id)).toEqual([server.primary, server.c]);
  });

  it('takes its own time', async () => {
    const { bench, submit } = withFault({ what: { kind: 'job-seconds', seconds: 100 }, times: 1 });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(99);
    expect((await bench.job(jobId)).body.status).toBe('RUNNING');
    bench.advance(1);
    expect((await bench.job(jobId)).body.status).toBe('SUCCESS');
  });

  it('is not used up by a submission that is refused', async () => {
    const { bench, server, submit } = withFault(
      { what: { kind: 'busy' }, times: 1 },
      { what: { kind: 'lying-job' }, times: 1 },
      { match: { class: 'delete' }, what: { kind: 'drop' }, after: 1, times: 1 },
    );
    expect((await submit()).status).toBe(501);
    await expect(submit()).rejects.toThrow();
    expect((await submit()).status).toBe(200);
    bench.advance(60);
    expect(await bench.listed(server.id)).toHaveLength(4);
  });
});

describe('a list that is wrong', () => {
  it('shows NICs that are gone, now and then', async () => {
    const { bench, server, submit } = withFault({ what: { kind: 'stale-list' }, after: 1, times: 1 });
    await submit();
    bench.advance(12);
    const lengths = [];
    for (let i = 0; i < 3; i++) lengths.push((await bench.listed(server.id)).length);
    expect(lengths).toEqual([2, 4, 2]);
  });

  it('hides NICs that are there, the primary too', async () => {
    const { bench, server } = withFault({ what: { kind: 'hide-nics', nics: ['primary', 2] } });
    expect(await bench.listed(server.id)).toEqual([server.a, server.c]);
  });
});

describe('another actor', () => {
  it('changes the server while the job runs', async () => {
    const { bench, server, submit } = withFault({
      match: { class: 'delete' },
      what: { kind: 'meanwhile', afterMs: 5_000, change: { locked: true }, attach: {}, detach: [3] },
      times: 1,
    });
    await submit();
    bench.advance(4);
    expect((await bench.detail(server.id)).body.server.locked).toBe(false);
    bench.advance(1);
    expect((await bench.detail(server.id)).body.server.locked).toBe(true);
    bench.advance(7);
    const listed = await bench.listed(server.id);
    expect(listed).toHaveLength(2);
    expect(listed).not.toContain(server.c);
  });

  it('deletes the server under the job', async () => {
    const { bench, server, submit } = withFault({
      match: { class: 'delete' },
      what: { kind: 'meanwhile', afterMs: 1_000, deleteServer: true },
    });
    const jobId = (await submit()).body.job_id as string;
    bench.advance(12);
    expect((await bench.job(jobId)).body).toMatchObject({ status: 'FAIL', error_code: 'Ecs.0114' });
    expect((await bench.detail(server.id)).status).toBe(404);
    expect(bench.states(server.id)[server.a]).toBe('port-gone');
  });
});

describe('which requests a fault strikes', () => {
  it('is decided by class and server, skipping some, so many times', async () => {
    const bench = new Bench();
    const [one, two] = [bench.server(), bench.server()];
    bench.control.addFault({
      match: { class: ['detail', 'list'], serverId: one.id },
      what: { kind: 'status', status: 500 },
      after: 1,
      times: 2,
    });
    const statuses = [];
    for (const id of [two.id, one.id, one.id, one.id, one.id]) statuses.push((await bench.detail(id)).status);
    expect(statuses).toEqual([200, 200, 500, 500, 200]);
    expect(bench.control.faults()).toMatchObject([{ seen: 4, struck: 2 }]);
  });

  it('knows the server of a job and of a port', async () => {
    const bench = new Bench();
    const [one, two] = [bench.server(), bench.server()];
    bench.control.addFault({
      match: { class: ['job', 'port', 'ports'], serverId: one.id },
      what: { kind: 'status', status: 503 },
    });
    const jobs = [];
    for (const { id, a } of [one, two]) jobs.push((await bench.deleteNics(id, [a])).body.job_id as string);
    const statuses = async (...calls: Promise<{ status: number }>[]) =>
      (await Promise.all(calls)).map((answer) => answer.status);
    const ports = (id: string) => bench.call('GET', `/ports?device_id=${id}`);
    expect(await statuses(bench.job(jobs[0] ?? ''), bench.port(one.b), ports(one.id))).toEqual([
      503, 503, 503,
    ]);
    expect(await statuses(bench.job(jobs[1] ?? ''), bench.port(two.b), ports(two.id))).toEqual([
      200, 200, 200,
    ]);
  });

  it('is a matter of chance, the same for the same seed', async () => {
    const pattern = async (seed: number) => {
      const bench = new Bench();
      const server = bench.server();
      bench.control.addFault({ what: { kind: 'status', status: 500 }, probability: 0.5, seed });
      const statuses = [];
      for (let i = 0; i < 200; i++) statuses.push((await bench.detail(server.id)).status);
      return statuses;
    };
    const first = await pattern(1);
    const struck = first.filter((status) => status === 500).length;
    expect(struck).toBeGreaterThan(70);
    expect(struck).toBeLessThan(130);
    expect(await pattern(1)).toEqual(first);
    expect(await pattern(2)).not.toEqual(first);
  });

  it('refuses a fault it does not know', () => {
    const bench = new Bench();
    expect(() => bench.control.addFault({ what: { kind: 'explode' } } as unknown as FaultSpec)).toThrow();
    expect(() => bench.control.addFault({ what: { kind: 'drop' }, tims: 1 } as unknown as FaultSpec)).toThrow(
      'tims',
    );
  });
});

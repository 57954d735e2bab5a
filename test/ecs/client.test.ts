import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CONFIRMED_FOR_MS } from '../../src/ecs/call';
import { systemClock } from '../../src/ecs/clock';
import type { Clock } from '../../src/ecs/clock';
import type { CredentialProvider } from '../../src/ecs/credentials';
import { accessKeys, authToken } from '../../src/ecs/credentials';
import { RateLimiter } from '../../src/ecs/limiter';
import { sign } from '../../src/ecs/signer';
import { undiciTransport } from '../../src/ecs/transport';
import type { Transport } from '../../src/ecs/transport';
import { mostWithin } from '../support/windows';
import { onVirtualTime } from './virtual-quota';
import { clientAnswered, clientOf, failure, JOB, NIC, PORT, PROJECT, serve, SERVER, SHORT } from './support';

const json = { 'content-type': 'application/json' };
const ACCEPTED = { body: { job_id: JOB }, headers: { 'X-Request-Id': 'req-1' } };

describe('the request', () => {
  it('deletes with exactly the documented body, signed as sent', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { ...json, 'X-Request-Id': 'abc-1' }).end(JSON.stringify({ job_id: JOB }));
    });
    const cloud = clientOf(server.origin);
    expect(await cloud.deleteNics(SERVER, [NIC, 'other'])).toEqual({ jobId: JOB, requestId: 'abc-1' });
    const [sent] = server.received;
    expect(sent).toMatchObject({
      method: 'POST',
      url: `/v1/${PROJECT}/cloudservers/${SERVER}/nics/delete`,
      body: `{"nics":[{"id":"${NIC}"},{"id":"other"}]}`,
      headers: {
        'content-type': 'application/json',
        'x-project-id': PROJECT,
        'user-agent': 'ecs-nics/0.1.0',
        host: new URL(server.origin).host,
      },
    });
    const names = ['content-type', 'host', 'x-project-id', 'x-sdk-date'];
    const headers = Object.fromEntries(names.map((name) => [name, String(sent!.headers[name])]));
    expect(sent!.headers.authorization).toBe(
      sign({ method: 'POST', path: sent!.url, headers, body: Buffer.from(sent!.body) }, 'TESTAK', 'TESTSK'),
    );
  });

  it('goes to the right service and path, also below a prefix', async () => {
    const { cloud, requests } = clientAnswered(
      { status: 404, body: { code: 'X.1', message: 'no' } },
      { endpoints: { ecs: 'https://ecs.test/gate/', vpc: 'https://vpc.test:8443' } },
    );
    await failure(cloud.showServer(SERVER));
    await failure(cloud.listInterfaces(SERVER));
    await failure(cloud.showPort(NIC));
    await failure(cloud.showJob(JOB));
    expect(
      requests.map(({ method, origin, path, headers }) => `${method} ${origin}${path} ${headers['host']}`),
    ).toEqual([
      `GET https://ecs.test/gate/v1/${PROJECT}/cloudservers/${SERVER} ecs.test`,
      `GET https://ecs.test/gate/v1/${PROJECT}/cloudservers/${SERVER}/os-interface ecs.test`,
      `GET https://vpc.test:8443/v1/${PROJECT}/ports/${NIC} vpc.test:8443`,
      `GET https://ecs.test/gate/v1/${PROJECT}/jobs/${JOB} ecs.test`,
    ]);
  });

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a?b',
    'a#b',
    'a b',
    '%2e',
    'é',
    'x'.repeat(129),
    undefined as unknown as string,
  ])('is not made with the id %j', async (id) => {
    const { cloud, requests } = clientAnswered(ACCEPTED);
    const calls = [
      cloud.showServer(id),
      cloud.listInterfaces(id),
      cloud.showPort(id),
      cloud.showJob(id),
      cloud.deleteNics(id, [NIC]),
      cloud.deleteNics(SERVER, [NIC, id]),
      cloud.attachNics(id, [NIC]),
      cloud.attachNics(SERVER, [NIC, id]),
      cloud.setDeleteOnTermination(id, NIC, false),
      cloud.setDeleteOnTermination(SERVER, id, false),
      cloud.createPort({ ...PORT, networkId: id }),
      cloud.updatePort(id, { name: 'n' }),
      cloud.deletePort(id),
      cloud.bindElasticIp(id, NIC),
      // An empty one would unbind it.
      cloud.bindElasticIp(NIC, id),
    ];
    for (const call of calls) {
      expect(await failure(call)).toMatchObject({
        kind: 'invalid',
        sent: 'no',
        action: 'never',
        fate: 'refused',
      });
    }
    expect(requests).toEqual([]);
  });

  it('is not made for no NICs at all', async () => {
    const { cloud, requests } = clientAnswered(ACCEPTED);
    for (const call of [cloud.deleteNics(SERVER, []), cloud.attachNics(SERVER, [])])
      expect(await failure(call)).toMatchObject({ kind: 'invalid', sent: 'no' });
    expect(requests).toEqual([]);
  });

  it('carries a security token that is signed along, or a ready token', async () => {
    const temporary = accessKeys({ ak: 'AK', sk: 'SK', securityToken: 'TOKEN' });
    const first = clientAnswered(ACCEPTED, { credentials: temporary });
    await first.cloud.deleteNics(SERVER, [NIC]);
    expect(first.requests[0]!.headers).toMatchObject({ 'x-security-token': 'TOKEN' });
    expect(first.requests[0]!.headers['authorization']).toContain(
      'SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token,',
    );
    const second = clientAnswered(ACCEPTED, { credentials: authToken('READY') });
    await second.cloud.deleteNics(SERVER, [NIC]);
    expect(second.requests[0]!.headers).toMatchObject({ 'x-auth-token': 'READY' });
    expect(second.requests[0]!.headers['authorization']).toBeUndefined();
  });
});

describe('the answer to a deletion is decided by its body', () => {
  it.each([200, 202, 204])('HTTP %i with a job id is accepted', async (status) => {
    const { cloud } = clientAnswered({ ...ACCEPTED, status });
    expect(await cloud.deleteNics(SERVER, [NIC])).toEqual({ jobId: JOB, requestId: 'req-1' });
  });

  it.each([
    [200, ''],
    [204, ''],
    [202, '{}'],
    [200, '{"job_id":null}'],
    [200, '{"job_id":"  "}'],
    [200, '{"job_id":7}'],
    [200, '{"job_id":"../x"}'],
    [200, '[]'],
    [200, '<html>ok</html>'],
  ])('HTTP %i with %j is of unknown fate', async (status, body) => {
    const { cloud } = clientAnswered({ status, body, headers: { 'x-request-id': 'r' } });
    expect(await failure(cloud.deleteNics(SERVER, [NIC]))).toMatchObject({
      kind: 'unreadable',
      action: 'observe',
      fate: 'unknown',
      sent: 'answered',
      httpStatus: status,
      requestId: 'r',
    });
  });

  it('202 with an error body is throttled, to be looked at', async () => {
    const { cloud } = clientAnswered({
      status: 202,
      body: { error: { code: 'Common.0024', message: 'concurrent requests exceed the limit' } },
    });
    expect(await failure(cloud.deleteNics(SERVER, [NIC]))).toMatchObject({
      kind: 'answer',
      code: 'Common.0024',
      action: 'throttled',
      fate: 'unknown',
    });
  });
});

describe('too late', () => {
  const at = (now: () => number): Clock => ({ ...systemClock, now });

  it('is checked after the rate limit', async () => {
    let now = 1_000;
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    };
    const limiter = new RateLimiter(1, 1, clock);
    const { cloud, requests } = clientAnswered(ACCEPTED, { clock, limiter });
    await cloud.deleteNics(SERVER, [NIC], { notAfter: 1_000 });
    expect(await failure(cloud.deleteNics(SERVER, [NIC], { notAfter: 1_500 }))).toMatchObject({
      kind: 'late',
      sent: 'no',
      action: 'never',
      fate: 'refused',
    });
    expect(requests).toHaveLength(1);
  });

  it('is checked after authorizing, and once more when the connection is there', async () => {
    let now = 0;
    const slow: CredentialProvider = {
      authorize: async ({ headers }) => {
        now = 10;
        return { ...headers };
      },
    };
    const first = clientAnswered(ACCEPTED, { clock: at(() => now), credentials: slow });
    expect(await failure(first.cloud.deleteNics(SERVER, [NIC], { notAfter: 5 }))).toMatchObject({
      kind: 'late',
    });
    expect(first.requests).toEqual([]);

    // The clock passes the limit while the transport connects.
    const server = await serve((_request, response) => response.end(JSON.stringify({ job_id: JOB })));
    now = 0;
    const undici = undiciTransport(SHORT);
    const transport: Transport = (request) => {
      now = 10;
      return undici(request);
    };
    const cloud = clientOf(server.origin, { clock: at(() => now), transport });
    const error = await failure(cloud.deleteNics(SERVER, [NIC], { notAfter: 5 }));
    expect(error).toMatchObject({ kind: 'late', sent: 'no' });
    await delay(50);
    expect(server.received).toEqual([]);
  });
});

describe('the question whether a write may still be sent', () => {
  const reason = 'Temporal could not be asked (Request unauthorized)';
  const asked = (confirm: () => Promise<boolean>) => {
    const { cloud, requests } = clientAnswered(ACCEPTED);
    return { sent: cloud.deleteNics(SERVER, [NIC], { confirm }), requests };
  };

  it.each([
    ['no', async () => false, { kind: 'late', sent: 'no', fate: 'refused' }],
    [
      'not answered',
      () => Promise.reject(new Error(reason)),
      { kind: 'unconfirmed', sent: 'no', fate: 'refused', meaning: reason },
    ],
  ])('is %s: nothing is sent, and the error says which of them it was', async (_, confirm, expected) => {
    const { sent, requests } = asked(confirm);
    expect(await failure(sent)).toMatchObject(expected);
    expect(requests).toEqual([]);
  });

  // As a process that was stopped between the answer and the write goes on.
  it.each([
    [CONFIRMED_FOR_MS, true],
    [CONFIRMED_FOR_MS + 1, false],
  ])('was asked %d ms ago: whether it is still sent is %s', async (ms, sent) => {
    let now = 0;
    const requests: unknown[] = [];
    const transport: Transport = async (request) => {
      now += ms;
      request.beforeWrite?.();
      requests.push(request);
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ job_id: JOB })) };
    };
    const clock: Clock = { ...systemClock, now: () => now };
    const limiter = new RateLimiter(1_000, 100, clock);
    const cloud = clientOf('http://cloud.test', { transport, clock, limiter });
    const call = cloud.deleteNics(SERVER, [NIC], { notAfter: 30_000, confirm: async () => true });
    if (sent) await call;
    else expect(await failure(call)).toMatchObject({ kind: 'late', sent: 'no' });
    expect(requests).toHaveLength(sent ? 1 : 0);
  });

  it('is yes: it is sent', async () => {
    const { sent, requests } = asked(async () => true);
    await sent;
    expect(requests).toHaveLength(1);
  });
});

describe('one renewal', () => {
  const renewing = (answers: boolean[]) => {
    const refused: string[] = [];
    let token = 1;
    const credentials: CredentialProvider = {
      authorize: async ({ headers }) => ({ ...headers, 'x-auth-token': `t${token}` }),
      renew: async (headers) => {
        refused.push(headers['x-auth-token']!);
        token += 1;
        return answers.shift() ?? true;
      },
    };
    return { credentials, refused };
  };
  const expired = { status: 401, body: { error_code: 'APIGW.0307', error_msg: 'The token must be updated' } };

  it('repeats a refused call once with the new credentials', async () => {
    const { credentials, refused } = renewing([]);
    const { cloud, requests } = clientAnswered([expired, ACCEPTED], { credentials });
    expect(await cloud.deleteNics(SERVER, [NIC])).toMatchObject({ jobId: JOB });
    expect(requests.map(({ headers }) => headers['x-auth-token'])).toEqual(['t1', 't2']);
    expect(refused).toEqual(['t1']);
  });

  it('and never twice, nor when there is nothing new, nor for 403', async () => {
    const twice = clientAnswered(expired, { credentials: renewing([]).credentials });
    expect(await failure(twice.cloud.deleteNics(SERVER, [NIC]))).toMatchObject({ action: 'credentials' });
    expect(twice.requests).toHaveLength(2);
    const stale = clientAnswered(expired, { credentials: renewing([false]).credentials });
    expect(await failure(stale.cloud.showJob(JOB))).toMatchObject({
      action: 'credentials',
      code: 'APIGW.0307',
    });
    expect(stale.requests).toHaveLength(1);
    const denied = { status: 403, body: { error_code: 'APIG.0302', error_msg: 'no' } };
    const forbidden = clientAnswered(denied, { credentials: renewing([]).credentials });
    expect(await failure(forbidden.cloud.showJob(JOB))).toMatchObject({ action: 'credentials' });
    expect(forbidden.requests).toHaveLength(1);
  });

  it('static keys are never tried again', async () => {
    const { cloud, requests } = clientAnswered(expired);
    expect(await failure(cloud.showServer(SERVER))).toMatchObject({ action: 'credentials', fate: 'refused' });
    expect(requests).toHaveLength(1);
  });

  it('a source that fails sends nothing and tells nothing', async () => {
    const credentials: CredentialProvider = {
      authorize: () => Promise.reject(new Error('password hunter2 refused')),
    };
    const { cloud, requests } = clientAnswered(ACCEPTED, { credentials });
    const error = await failure(cloud.deleteNics(SERVER, [NIC]));
    expect(error).toMatchObject({ kind: 'network', sent: 'no', action: 'retry', fate: 'refused' });
    expect(inspect(error) + JSON.stringify(error)).not.toContain('hunter2');
    expect(requests).toEqual([]);
  });
});

describe('limits of the answer', () => {
  it('an answer about something else is no witness', async () => {
    const { cloud } = clientAnswered({ body: { port: { id: 'another', device_id: '' } } });
    expect(await failure(cloud.showPort(NIC))).toMatchObject({ kind: 'unreadable', action: 'retry' });
  });

  it('Retry-After and the request id are kept', async () => {
    const { cloud } = clientAnswered({ status: 503, headers: { 'retry-after': '7', 'X-REQUEST-ID': 'q' } });
    expect(await failure(cloud.showJob(JOB))).toMatchObject({
      retryAfterMs: 7_000,
      requestId: 'q',
      action: 'retry',
    });
  });

  it('a waiting call can be aborted, and takes no turn', async () => {
    const limiter = new RateLimiter(0.01, 1, systemClock);
    const { cloud, requests } = clientAnswered(ACCEPTED, { limiter });
    await cloud.deleteNics(SERVER, [NIC]);
    const error = await failure(cloud.deleteNics(SERVER, [NIC], { signal: AbortSignal.timeout(20) }));
    expect(error).toMatchObject({ kind: 'aborted', sent: 'no', fate: 'refused' });
    expect(requests).toHaveLength(1);
  });
});

describe('a throttled answer', () => {
  const throttled = (retryAfter?: string) => ({
    status: 429,
    headers: {
      'x-request-id': 'r-429',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    },
    body: { error_code: 'APIGW.0308', error_msg: 'policy user over ratelimit,limit:200,time:5 minute' },
  });

  it('is the answer of further calls, too, for the time that it names: certainly not sent', async () => {
    const { cloud, requests } = clientAnswered([throttled('120'), ACCEPTED]);
    await failure(cloud.showJob(JOB));
    for (const call of [cloud.deleteNics(SERVER, [NIC]), cloud.showServer(SERVER)]) {
      const error = await failure(call);
      expect(error).toMatchObject({
        kind: 'paused',
        action: 'throttled',
        sent: 'no',
        fate: 'refused',
        httpStatus: null,
        code: 'APIGW.0308',
        requestId: 'r-429',
      });
      expect(error.retryAfterMs).toBeGreaterThan(100_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(120_000);
      expect(error.message).toMatch(/: not sent \(APIGW\.0308\), .* all of them wait \(request r-429\)$/);
    }
    expect(requests).toHaveLength(1);
  });

  it('holds further calls for a short time, in a 202 as well', async () => {
    let now = 0;
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    };
    const limiter = new RateLimiter(100, 1, clock);
    const flow = {
      status: 202,
      headers: { 'retry-after': '3' },
      body: { error: { code: 'Common.0024', message: 'x' } },
    };
    const { cloud, requests } = clientAnswered([flow, ACCEPTED], { clock, limiter });
    await failure(cloud.deleteNics(SERVER, [NIC]));
    await cloud.deleteNics(SERVER, [NIC]);
    expect(requests).toHaveLength(2);
    expect(now).toBeGreaterThanOrEqual(3_000);
  });
});

describe('a turn', () => {
  it('is taken anew when something else has taken time, and the request is still sent', async () => {
    let now = 0;
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    };
    const limiter = new RateLimiter(1, 1, clock);
    const sent: number[] = [];
    const settings = { clock, limiter, onSend: () => void sent.push(now) };
    const { cloud } = clientAnswered(ACCEPTED, settings);
    const confirm = (ms: number) => async () => {
      now += ms;
      return true;
    };
    await cloud.deleteNics(SERVER, [NIC], { confirm: confirm(200) });
    await cloud.deleteNics(SERVER, [NIC], { confirm: confirm(600) });
    // At 1,000 it had its turn, at 1,600 it was confirmed. Nobody has used that turn, so it does not count.
    expect(sent).toEqual([200, 1_600]);
  });

  /** Deletions whose confirmations take 300 ms each. */
  function slowlyConfirmed(rate: number, burst: number) {
    const time = onVirtualTime(0);
    const limiter = new RateLimiter(rate, burst, time);
    const sent: number[] = [];
    const { cloud } = clientAnswered(ACCEPTED, {
      clock: time,
      limiter,
      onSend: () => void sent.push(time.now()),
    });
    const confirm = async () => {
      await time.sleep(300);
      return true;
    };
    const remove = () => cloud.deleteNics(SERVER, [NIC], { confirm });
    return { time, limiter, sent, remove };
  }

  it('of a write that is confirmed late costs one call, not two', async () => {
    const { time, sent, remove } = slowlyConfirmed(10, 5);
    for (let n = 0; n < 25; n++) void remove();
    await time.until(60_000);
    expect(sent).toHaveLength(25);
    // Five at once, 20 spaced by 100 ms, and the last confirmation.
    expect(sent.at(-1)).toBeLessThanOrEqual(2_400);
    expect(mostWithin(1_000, sent)).toBeLessThanOrEqual(15);
  });

  it('is kept for its write at a rate of less than a call in 10 s, whoever else waits', async () => {
    const { time, limiter, sent, remove } = slowlyConfirmed(0.05, 1);
    const write = remove();
    void limiter.acquire();
    await time.until(1_000);
    expect(sent).toEqual([300]);
    await write;
  });

  it('is not waited for, nor used, when it comes too late for what was confirmed', async () => {
    const { time, limiter, sent, remove } = slowlyConfirmed(1, 1);
    const before = await limiter.acquire();
    await time.until(500);
    const failed = failure(remove());
    await time.until(1_200);
    // The pause ends after the 10 s for which the confirmation counts.
    limiter.throttled(before, { pauseMs: 10_000, code: null, requestId: null });
    await time.until(11_250);
    expect(await failed).toMatchObject({ kind: 'late', sent: 'no' });
    expect(sent).toEqual([]);
    let given = false;
    void limiter.acquire().then(() => (given = true));
    await time.until(11_250);
    expect(given).toBe(true);
  });

  it('is told with each request that leaves, and with none that does not', async () => {
    const told: string[] = [];
    const onSend = (operation: string, waitedMs: number) =>
      void told.push(`${operation} ${waitedMs < 1_000}`);
    const { cloud } = clientAnswered([{ status: 500 }, ACCEPTED], { onSend });
    await failure(cloud.showJob(JOB));
    await failure(cloud.deleteNics(SERVER, [NIC], { notAfter: 0 }));
    await failure(cloud.deleteNics(SERVER, [NIC], { confirm: async () => false }));
    await failure(cloud.showServer('../x'));
    await cloud.deleteNics(SERVER, [NIC]);
    expect(told).toEqual(['showJob true', 'deleteNics true']);
  });
});

/** The keys of the server's agency: temporary, renewed in time, and asked for at the one address only. */
import { format, inspect } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Cloud } from '../../../src/ecs/cloud';
import { systemClock } from '../../../src/ecs/clock';
import { guarded, serverAgency } from '../../../src/ecs/credentials';
import type { CredentialProvider } from '../../../src/ecs/credentials';
import { TransportError, undiciTransport } from '../../../src/ecs/transport';
import { clientOf, failure, JOB, NIC, serve, SERVER } from '../support';
import type { Canned } from '../support';
import { GOOD, HOUR, MINUTE, settled, SlowCloud, StillClock, unlimited } from './support';

const SECRETS = ['AGENCYACCESS1', 'agency-secret-1', 'agency-token-1', 'METADATA-TOKEN'];
const MISSING: Canned = { status: 404, body: 'Not Found' };
const wrong: Canned = { status: 401, body: { error_code: 'APIGW.0301', error_msg: 'decrypt token fail' } };

let clock: StillClock;
let metadata: SlowCloud;
let ecs: SlowCloud;
let agency: CredentialProvider;
let cloud: Cloud;

beforeEach(() => {
  clock = new StillClock();
  metadata = new SlowCloud();
  ecs = new SlowCloud();
  agency = serverAgency({ endpoint: 'http://169.254.169.254', transport: metadata.transport, clock });
  const credentials = guarded(agency, clock);
  cloud = clientOf('http://cloud.test', {
    transport: ecs.transport,
    credentials,
    clock,
    limiter: unlimited(clock),
  });
});

const keys = (n: number, expiresAt: number | string | null): Canned => ({
  body: {
    credential: {
      access: `AGENCYACCESS${n}`,
      secret: `agency-secret-${n}`,
      securitytoken: `agency-token-${n}`,
      ...(expiresAt === null
        ? {}
        : { expires_at: typeof expiresAt === 'number' ? new Date(expiresAt).toISOString() : expiresAt }),
    },
  },
});
const poll = () =>
  cloud.showJob(JOB).then(
    () => 'ok',
    (error: Error) => error.message,
  );
const used = () => ecs.requests.map(({ headers }) => headers['x-security-token']);

async function serveKeys(n: number, expiresAt: number | string | null): Promise<void> {
  await metadata.answer({ body: 'METADATA-TOKEN\n' });
  await metadata.answer(keys(n, expiresAt));
}

async function good(): Promise<void> {
  const call = poll();
  await ecs.answer(GOOD);
  expect(await call).toBe('ok');
}

async function started(expiresAt: number | string | null = clock.now() + 6 * HOUR): Promise<void> {
  const call = poll();
  await serveKeys(1, expiresAt);
  await ecs.answer(GOOD);
  expect(await call).toBe('ok');
}

describe('the keys', () => {
  it('are asked for with a token, and sign together with theirs', async () => {
    await started();
    expect(metadata.requests).toMatchObject([
      {
        origin: 'http://169.254.169.254',
        method: 'PUT',
        path: '/meta-data/latest/api/token',
        headers: { host: '169.254.169.254', 'x-metadata-token-ttl-seconds': '21600' },
        body: null,
      },
      {
        method: 'GET',
        path: '/openstack/latest/securitykey',
        headers: { 'x-metadata-token': 'METADATA-TOKEN' },
      },
    ]);
    const { headers } = ecs.requests[0]!;
    expect(headers['x-security-token']).toBe('agency-token-1');
    expect(headers['authorization']).toMatch(/ Access=AGENCYACCESS1, SignedHeaders=[^,]*;x-security-token, /);
  });

  it.each([404, 405])('come from an older service without a token (%i)', async (status) => {
    const call = poll();
    await metadata.answer({ status, body: '' });
    await metadata.answer(keys(1, clock.now() + HOUR));
    await ecs.answer(GOOD);
    expect(await call).toBe('ok');
    expect(metadata.requests[1]!.headers).not.toHaveProperty('x-metadata-token');
  });

  it('are renewed when less than 40 minutes are left, by one request, while the old ones are used', async () => {
    await started(clock.now() + 6 * HOUR);
    clock.advance(6 * HOUR - 40 * MINUTE - 1);
    await good();
    expect(metadata.requests).toHaveLength(2);
    clock.advance(1);
    await good();
    await good();
    expect(metadata.requests).toHaveLength(3);
    await serveKeys(2, clock.now() + 6 * HOUR);
    await good();
    expect(used()).toEqual([...Array<string>(4).fill('agency-token-1'), 'agency-token-2']);
  });

  it('are used to their end while the service is away', async () => {
    await started(clock.now() + HOUR);
    for (let minute = 1; minute < 60; minute++) {
      clock.advance(MINUTE);
      await good();
      if (metadata.open > 0) await metadata.answer(new TransportError('network', 'no', 'EHOSTUNREACH'));
    }
    clock.advance(MINUTE);
    const last = poll();
    await metadata.answer(new TransportError('network', 'no', 'EHOSTUNREACH'));
    expect(await last).toBe('showJob: not sent, the metadata service gave no answer (EHOSTUNREACH)');
  });

  it.each<[string, string | null]>([
    ['without an end', null],
    ['with an end that is no date', 'soon'],
    ['whose end has passed by our clock', '2020-01-01T00:00:00.000000Z'],
  ])('%s are used, and asked for once a minute', async (_what, expiresAt) => {
    await started(expiresAt);
    for (let second = 0; second < 59; second++) {
      clock.advance(1_000);
      await good();
    }
    expect(metadata.requests).toHaveLength(2);
    clock.advance(1_000);
    const call = poll();
    await serveKeys(1, expiresAt);
    await ecs.answer(GOOD);
    await call;
    expect(metadata.requests).toHaveLength(4);
  });
});

describe('refused keys', () => {
  it('are renewed once, and the call repeated once with newer ones', async () => {
    await started();
    const deletion = cloud.deleteNics(SERVER, [NIC]);
    await ecs.answer(wrong);
    await serveKeys(2, clock.now() + 6 * HOUR);
    await ecs.answer({ body: { job_id: JOB } });
    expect(await deletion).toMatchObject({ jobId: JOB });
  });

  it('are not tried again when the service has none other', async () => {
    await started();
    const call = failure(cloud.showJob(JOB));
    await ecs.answer(wrong);
    await serveKeys(1, clock.now() + 6 * HOUR);
    expect(await call).toMatchObject({
      kind: 'answer',
      action: 'credentials',
      hint: expect.stringContaining('agency') as string,
    });
    expect(ecs.requests).toHaveLength(2);
  });
});

describe('a service that gives none', () => {
  it('for want of an agency is a refusal that says so, asked again after a minute', async () => {
    const call = failure(cloud.deleteNics(SERVER, [NIC]));
    await metadata.answer({ body: 'T' });
    await metadata.answer(MISSING);
    expect(await call).toMatchObject({
      kind: 'withheld',
      action: 'credentials',
      sent: 'no',
      meaning: 'the server has no agency (the metadata service has no keys)',
      hint: expect.stringContaining('HUAWEICLOUD_SDK_AK') as string,
    });
    clock.advance(MINUTE - 1);
    expect(await poll()).toContain('no agency');
    expect(metadata.requests).toHaveLength(2);
    clock.advance(1);
    await started();
  });

  it.each<[string, Canned[]]>([
    ['a token that is none', [{ body: '<html> a page </html>' }]],
    ['no token', [{ status: 403, body: 'no' }]],
    ['trouble', [{ body: 'T' }, { status: 500, body: 'agency-secret-1' }]],
    ['a redirect', [{ body: 'T' }, { status: 302, headers: { location: 'http://else.test' }, body: '' }]],
    ['a page', [{ body: 'T' }, { body: '<html>agency-secret-1</html>' }]],
    ['half of them', [{ body: 'T' }, { body: { credential: { access: 'A', secret: 'agency-secret-1' } } }]],
    [
      'unusable ones',
      [
        { body: 'T' },
        { body: { credential: { access: 'A', secret: 'agency-secret-1 ', securitytoken: 'T' } } },
      ],
    ],
  ])('but %s is unavailable, and nothing of its answer is told', async (_what, answers) => {
    const call = failure(cloud.deleteNics(SERVER, [NIC]));
    for (const answer of answers) await metadata.answer(answer);
    const error = await call;
    expect(error).toMatchObject({ kind: 'withheld', action: 'retry', sent: 'no', fate: 'refused' });
    expect(inspect(error)).not.toContain('agency-secret');
    expect([metadata.open, ecs.requests.length]).toEqual([0, 0]);
  });
});

it('no secret shows', async () => {
  await started();
  const call = failure(cloud.showJob(JOB));
  await ecs.answer({
    status: 400,
    body: {
      code: 'X.1',
      message: `bad ${ecs.requests.map(({ headers }) => Object.values(headers).join(' ')).join(' ')}`,
    },
  });
  const shown = [await call, agency, cloud].map((each) =>
    [
      inspect(each, { depth: 12, showHidden: true }),
      JSON.stringify(each),
      format('%s %o', each, each),
    ].join(),
  );
  for (const secret of SECRETS) expect(shown.join()).not.toContain(secret);
});

describe('over real HTTP', () => {
  const agencyAt = (origin: string) =>
    serverAgency({ endpoint: origin, transport: undiciTransport(), clock: systemClock });
  const request = { method: 'GET', path: '/', headers: { host: 'h' }, body: null };

  it('it goes to the address itself, whatever proxies there are, and follows no redirect', async () => {
    const elsewhere = await serve((_request, response) => response.end('x'));
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'all_proxy', 'NODE_USE_ENV_PROXY']) {
      vi.stubEnv(name, name === 'NODE_USE_ENV_PROXY' ? '1' : elsewhere.origin);
    }
    onTestFinished(() => void vi.unstubAllEnvs());
    const service = await serve((incoming, response) => {
      if (incoming.method === 'PUT') response.end('T');
      else response.writeHead(307, { location: `${elsewhere.origin}/openstack/latest/securitykey` }).end();
    });
    await expect(agencyAt(service.origin).authorize(request, 0)).rejects.toThrow('HTTP 307');
    expect(service.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT /meta-data/latest/api/token',
      'GET /openstack/latest/securitykey',
    ]);
    expect(elsewhere.received).toEqual([]);
  });

  it('nobody waits for longer than three seconds', async () => {
    const service = await serve(() => {});
    await expect(agencyAt(service.origin).authorize(request, 0)).rejects.toThrow('nothing within 3 s');
    await settled();
  });
});

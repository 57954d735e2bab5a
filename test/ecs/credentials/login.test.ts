/** Password login: a token, kept and renewed; one login at a time, and no storm of them. */
import { format, inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../../src/ecs/cloud';
import { guarded, passwordLogin } from '../../../src/ecs/credentials';
import type { CredentialProvider } from '../../../src/ecs/credentials';
import type { Transport } from '../../../src/ecs/transport';
import { TransportError } from '../../../src/ecs/transport';
import { clientOf, failure, JOB, NIC, PROJECT, SERVER } from '../support';
import type { Canned } from '../support';
import { GOOD, HOUR, MINUTE, SECOND, settled, SlowCloud, StillClock, unlimited } from './support';

const SECRETS = {
  domain: 'the-domain-of-tests',
  user: 'the-user-of-tests',
  password: 'pass "word" of-tests ü',
};
const expired: Canned = {
  status: 401,
  body: { error_code: 'APIGW.0307', error_msg: 'The token must be updated' },
};
const invalid: Canned = { status: 401, body: { error: { code: 'Common.0013', message: 'invalid token' } } };
const wrong: Canned = {
  status: 401,
  body: { error: { code: 401, message: 'The username or password is wrong.', title: 'Unauthorized' } },
};

let clock: StillClock;
let iam: SlowCloud;
let ecs: SlowCloud;
let login: CredentialProvider;
let cloud: Cloud;
let heard: string[];

beforeEach(() => {
  clock = new StillClock();
  iam = new SlowCloud();
  ecs = new SlowCloud();
  login = passwordLogin({
    ...SECRETS,
    endpoint: 'https://iam.test:8443',
    projectId: PROJECT,
    transport: iam.transport,
    clock,
    userAgent: 'ecs-nics/0.1.0',
  });
  heard = [];
  login.notices?.listen((level, message) => heard.push(`${level}: ${message}`));
  const credentials = guarded(login, clock);
  cloud = clientOf('http://cloud.test', {
    transport: ecs.transport,
    credentials,
    clock,
    limiter: unlimited(clock),
  });
});

const time = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
const token = (name: string, lifeMs: number = 24 * HOUR): Canned => ({
  status: 201,
  headers: { 'x-subject-token': name },
  body: { token: { issued_at: time(clock.now()), expires_at: time(clock.now() + lifeMs) } },
});
const poll = () =>
  cloud.showJob(JOB).then(
    () => 'ok',
    (error: Error) => error.message,
  );
const sentTokens = () => ecs.requests.map(({ headers }) => headers['x-auth-token']);

/** A call that meets no login. */
async function good(): Promise<void> {
  const call = poll();
  await ecs.answer(GOOD);
  expect(await call).toBe('ok');
}

async function loggedIn(answer: Canned = token('T1')): Promise<void> {
  const call = poll();
  await iam.answer(answer);
  await ecs.answer(GOOD);
  expect(await call).toBe('ok');
}

describe('a login', () => {
  it('asks for a token of the one project', async () => {
    await loggedIn();
    const [sent] = iam.requests;
    expect(sent).toMatchObject({
      origin: 'https://iam.test:8443',
      method: 'POST',
      path: '/v3/auth/tokens?nocatalog=true',
      headers: { host: 'iam.test:8443', 'content-type': 'application/json;charset=utf8' },
    });
    expect(JSON.parse(String(sent!.body))).toEqual({
      auth: {
        identity: {
          methods: ['password'],
          password: {
            user: { domain: { name: SECRETS.domain }, name: SECRETS.user, password: SECRETS.password },
          },
        },
        scope: { project: { id: PROJECT } },
      },
    });
    expect(sentTokens()).toEqual(['T1']);
    expect(ecs.requests[0]!.headers).not.toHaveProperty('authorization');
  });

  it('is one for all that wait for it, and for all that come later', async () => {
    await loggedIn();
    clock.advance(25 * HOUR);
    const all = Array.from({ length: 20 }, poll);
    await settled();
    expect(iam.requests).toHaveLength(2);
    await iam.answer(token('T2'));
    for (let i = 0; i < 20; i++) await ecs.answer(GOOD);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ok']));
    await good();
    expect(iam.requests).toHaveLength(2);
  });

  it('goes on for the others when one that waits gives up', async () => {
    const error = failure(cloud.showJob(JOB, { signal: AbortSignal.timeout(20) }));
    expect(await error).toMatchObject({ kind: 'aborted', sent: 'no' });
    const late = await failure(cloud.deleteNics(SERVER, [NIC], { notAfter: clock.now() + 20 }));
    expect(late).toMatchObject({ kind: 'late', sent: 'no', action: 'never' });
    const call = poll();
    await iam.answer(token('T1'));
    await ecs.answer(GOOD);
    expect(await call).toBe('ok');
    expect([iam.requests.length, ecs.requests.length]).toEqual([1, 1]);
  });
});

describe('a token', () => {
  it('is renewed an hour before its end, while the old one is still used', async () => {
    await loggedIn();
    clock.advance(23 * HOUR - 1);
    await good();
    expect(iam.requests).toHaveLength(1);
    clock.advance(1);
    await good(); // with the old one: nobody waits for the renewal
    await good();
    expect(iam.requests).toHaveLength(2);
    await iam.answer(token('T2'));
    await good();
    expect(sentTokens()).toEqual(['T1', 'T1', 'T1', 'T1', 'T2']);
  });

  it('that lives shortly is renewed in the last fifth of its life', async () => {
    await loggedIn(token('T1', 10 * MINUTE));
    clock.advance(8 * MINUTE - 1);
    await good();
    expect(iam.requests).toHaveLength(1);
    clock.advance(1);
    await good();
    expect(iam.requests).toHaveLength(2);
  });

  it.each<[string, Canned['body']]>([
    ['missing', { token: {} }],
    ['no date', { token: { expires_at: 'tomorrow' } }],
    ['before the issue', { token: { expires_at: time(0), issued_at: time(1) } }],
    ['in no JSON', '<html>'],
  ])('whose expiry is %s counts for half an hour', async (_what, body) => {
    await loggedIn({ status: 201, headers: { 'x-subject-token': 'T1' }, body });
    clock.advance(24 * MINUTE - 1);
    await good();
    expect(iam.requests).toHaveLength(1);
    clock.advance(6 * MINUTE + 1);
    const call = poll();
    await iam.answer(token('T2'));
    await ecs.answer(GOOD);
    await call;
    expect(sentTokens()).toEqual(['T1', 'T1', 'T2']);
  });

  it('has the life that IAM gave it, whatever our clock says', async () => {
    const body = {
      token: { issued_at: '2031-01-01T00:00:00.000000Z', expires_at: '2031-01-02T00:00:00.000000Z' },
    };
    await loggedIn({ status: 201, headers: { 'x-subject-token': 'T1' }, body });
    clock.advance(23 * HOUR);
    await good();
    expect(iam.requests).toHaveLength(2);
  });

  it('is used to its end when it cannot be renewed, with a try every few seconds at most', async () => {
    await loggedIn();
    clock.advance(23 * HOUR);
    await good();
    await iam.answer(new TransportError('network', 'no', 'ECONNREFUSED'));
    for (let second = 0; second < 20; second++) {
      clock.advance(SECOND);
      await good();
      if (iam.open > 0) await iam.answer({ status: 503, body: 'Service Unavailable' });
    }
    expect(iam.requests).toHaveLength(6);
    clock.advance(HOUR - 20 * SECOND - 1);
    await good();
    await iam.answer(wrong);
    // Its end: now the refused login is what counts.
    clock.advance(1);
    expect(await poll()).toContain('IAM refused the worker’s login');
    expect(new Set(sentTokens())).toEqual(new Set(['T1']));
  });
});

describe('a refused token', () => {
  it.each([
    ['expired', expired],
    ['invalid', invalid],
    ['undecipherable', { status: 401, body: { error_code: 'APIG.0301', error_msg: 'decrypt token fail' } }],
  ])('(%s) is renewed once, and the call repeated once', async (_what, refusal) => {
    await loggedIn();
    const deletion = cloud.deleteNics(SERVER, [NIC]);
    await ecs.answer(refusal);
    await iam.answer(token('T2'));
    await ecs.answer({ body: { job_id: JOB } });
    expect(await deletion).toMatchObject({ jobId: JOB });
    expect(sentTokens()).toEqual(['T1', 'T1', 'T2']);
  });

  it('and the next one, too, is the end of it', async () => {
    await loggedIn();
    const call = failure(cloud.deleteNics(SERVER, [NIC]));
    await ecs.answer(expired);
    await iam.answer(token('T2'));
    await ecs.answer(expired);
    expect(await call).toMatchObject({ kind: 'answer', action: 'credentials', fate: 'refused' });
    expect([iam.requests.length, ecs.requests.length]).toEqual([2, 3]);
  });

  it('of many calls at once is renewed once; a call that comes late with it is just repeated', async () => {
    await loggedIn();
    const all = Array.from({ length: 10 }, poll);
    await settled();
    for (let i = 0; i < 9; i++) await ecs.answer(expired);
    expect(iam.requests).toHaveLength(2);
    await iam.answer(token('T2'));
    // The tenth was refused with T1, too; its answer was on the way meanwhile.
    await ecs.answer(expired);
    for (let i = 0; i < 10; i++) await ecs.answer(GOOD);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ok']));
    expect(iam.requests).toHaveLength(2);
    expect(sentTokens().filter((name) => name === 'T2')).toHaveLength(10);
  });

  it('while IAM is away is no refusal of the run: nothing was accepted, and it may try later', async () => {
    await loggedIn();
    const call = failure(cloud.deleteNics(SERVER, [NIC]));
    await ecs.answer(expired);
    await iam.answer(new TransportError('timeout', 'maybe', 'UND_ERR_HEADERS_TIMEOUT'));
    expect(await call).toMatchObject({ kind: 'withheld', sent: 'no', fate: 'refused', action: 'retry' });
    // The refused token is not used again.
    expect(await poll()).toContain('IAM gave no answer to the login (UND_ERR_HEADERS_TIMEOUT) (0 s ago');
    clock.advance(5 * SECOND);
    const later = poll();
    await iam.answer(token('T2'));
    await ecs.answer(GOOD);
    expect(await later).toBe('ok');
    expect(sentTokens()).toEqual(['T1', 'T1', 'T2']);
  });

  it('whose renewal takes until it is too late to send leaves nothing sent', async () => {
    await loggedIn();
    const call = failure(cloud.deleteNics(SERVER, [NIC], { notAfter: clock.now() + 50 }));
    await ecs.answer(expired);
    expect(await call).toMatchObject({ kind: 'late', sent: 'no', fate: 'refused' });
    expect(ecs.requests).toHaveLength(2);
  });
});

describe('a refused login', () => {
  it('is not repeated for five minutes, then for an hour each, and told to everybody', async () => {
    const all = Array.from({ length: 20 }, poll);
    await iam.answer(wrong);
    const texts = await Promise.all(all);
    expect(new Set(texts).size).toBeLessThanOrEqual(2);
    expect(texts[0]).toBe(
      'showJob: not sent, IAM refused the worker’s login (HTTP 401): “The username or password is wrong.”',
    );
    expect(await failure(cloud.deleteNics(SERVER, [NIC]))).toMatchObject({
      kind: 'withheld',
      action: 'credentials',
      sent: 'no',
      fate: 'refused',
    });
    const logins: number[] = [];
    for (let minute = 1; minute <= 130; minute++) {
      clock.advance(MINUTE);
      const call = poll();
      await settled();
      if (iam.open > 0) {
        logins.push(minute);
        await iam.answer(wrong);
      }
      expect(await call).toContain('IAM refused the worker’s login');
    }
    expect(logins).toEqual([5, 65, 125]);
    expect(ecs.requests).toEqual([]);
  });

  it('is remembered through an outage of IAM: wrong passwords add up to a lock', async () => {
    const tries: [Canned, number][] = [
      [wrong, 5 * MINUTE],
      [{ status: 500, body: '' }, 5 * SECOND],
      [wrong, 59 * MINUTE],
    ];
    for (const [answer, wait] of tries) {
      const call = poll();
      await iam.answer(answer);
      await call;
      clock.advance(wait);
    }
    await poll();
    expect(iam.requests).toHaveLength(3);
  });

  it('is repeated soon when the clock was set back meanwhile', async () => {
    const call = poll();
    await iam.answer(wrong);
    await call;
    clock.advance(-2 * HOUR);
    await loggedIn();
  });

  it('is over when a later one is accepted', async () => {
    const call = poll();
    await iam.answer(wrong);
    await call;
    clock.advance(5 * MINUTE);
    await loggedIn();
    expect(heard).toEqual([
      'warn: no new IAM token: IAM refused the worker’s login (HTTP 401); asked again after 300 s at the earliest. ' +
        'Check HW_DOMAIN_NAME, HW_USER_NAME, HW_USER_PASSWORD and the project, then restart the worker, which then tries again at once.',
      'info: new IAM token, valid until 2026-01-06T10:05:00.000Z',
    ]);
  });

  it.each<[string, Canned, object]>([
    ['a password', wrong, { action: 'credentials', code: null }],
    [
      'a parameter',
      { status: 400, body: { error: { code: 400, message: 'bad' } } },
      { action: 'credentials', code: null },
    ],
    [
      'a policy',
      { status: 403, body: { error_code: 'IAM.0003', error_msg: 'no' } },
      { action: 'credentials', code: 'IAM.0003' },
    ],
    ['nothing but a 401', { status: 401, body: '' }, { action: 'credentials' }],
    ['a firewall', { status: 403, body: '<html>' }, { action: 'retry' }],
    ['IAM in trouble', { status: 500, body: { error: { code: 500, message: 'oops' } } }, { action: 'retry' }],
    ['a redirect', { status: 302, headers: { location: 'http://else' } }, { action: 'retry' }],
    ['no token in the answer', { status: 201, body: { token: {} } }, { action: 'retry' }],
    [
      'a token that no header holds',
      { status: 201, headers: { 'x-subject-token': 'a b' } },
      { action: 'retry' },
    ],
  ])('for %s', async (_why, answer, expected) => {
    const call = failure(cloud.showJob(JOB));
    await iam.answer(answer);
    expect(await call).toMatchObject({ kind: 'withheld', sent: 'no', fate: 'refused', ...expected });
  });

  it.each<[string, Canned, number]>([
    ['by code', { status: 429, body: { error_code: 'IAM.0012', error_msg: 'throttled' } }, MINUTE],
    ['by an answer with a time', { status: 429, headers: { 'retry-after': '7' }, body: '' }, 7 * SECOND],
  ])('by throttling (%s) asks for patience', async (_why, answer, pauseMs) => {
    const call = failure(cloud.showJob(JOB));
    await iam.answer(answer);
    expect(await call).toMatchObject({ action: 'throttled', sent: 'no' });
    clock.advance(pauseMs - 1);
    expect(await poll()).toContain('IAM limits logins');
    expect(iam.requests).toHaveLength(1);
    clock.advance(1);
    await loggedIn();
  });
});

it('no secret shows, also when IAM quotes them all', async () => {
  const everything = `${SECRETS.domain} ${SECRETS.user} ${SECRETS.password}`;
  const call = failure(cloud.showJob(JOB));
  await iam.answer({ status: 401, body: { error: { code: 401, message: `no ${everything} here` } } });
  const refused = await call;
  expect(refused.message).toContain('“no [secret] [secret] [secret] here”');
  clock.advance(5 * MINUTE);
  await loggedIn(token('THE-TOKEN'));
  const quoted = failure(cloud.showJob(JOB));
  await ecs.answer({ status: 400, body: { code: 'X.1', message: 'bad THE-TOKEN' } });
  const shown = [refused, await quoted, login, cloud, heard].map((each) =>
    [
      inspect(each, { depth: 12, showHidden: true }),
      JSON.stringify(each),
      format('%s %o', each, each),
    ].join(),
  );
  for (const secret of [...Object.values(SECRETS), 'THE-TOKEN', 'of-tests ü']) {
    expect(shown.join()).not.toContain(secret);
  }
});

it('a transport that breaks in an unknown way tells nothing of what it was given', async () => {
  const transport: Transport = async ({ body }) => Promise.reject(new Error(String(body)));
  const credentials = passwordLogin({
    ...SECRETS,
    endpoint: 'https://iam.test',
    projectId: PROJECT,
    transport,
    clock,
    userAgent: 'x',
  });
  const error = await failure(
    clientOf('http://cloud.test', { transport: ecs.transport, credentials, clock }).showJob(JOB),
  );
  expect(error).toMatchObject({ action: 'retry', sent: 'no' });
  expect(inspect(error, { depth: 9 })).not.toContain(SECRETS.password);
});

/** Refused credentials are not tried in a storm: five wrong signatures lock a key (docs/contract.md §6.5). */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../../src/ecs/cloud';
import { accessKeys, guarded } from '../../../src/ecs/credentials';
import { clientAnswered, failure, JOB, NIC, SERVER } from '../support';
import type { Canned } from '../support';
import { GOOD, guardedClient, MINUTE, SECOND, settled, StillClock, WRONG } from './support';
import type { SlowCloud } from './support';

let clock: StillClock;
let slow: SlowCloud;
let cloud: Cloud;

beforeEach(() => {
  clock = new StillClock();
  ({ slow, cloud } = guardedClient(clock));
});

const poll = () => cloud.showJob(JOB);
const calls = (n: number) =>
  Array.from({ length: n }, () =>
    poll().then(
      () => 'ok',
      (error: Error) => error.message,
    ),
  );

/** One call with one answer. */
async function once(answer: Canned | Error): Promise<unknown> {
  const [call] = calls(1);
  await slow.answer(answer);
  return call;
}

const proven = () => once(GOOD);

describe('credentials that were never accepted', () => {
  it('are tried by one call of twenty, and refused to the others when it is', async () => {
    const all = calls(20);
    await settled();
    expect(slow.requests).toHaveLength(1);
    clock.advance(2 * SECOND);
    await slow.answer(WRONG);
    const texts = await Promise.all(all);
    expect(slow.requests).toHaveLength(1);
    expect(texts[0]).toBe(
      'showJob: HTTP 401 APIGW.0301, the credentials are wrong: ' +
        '“Incorrect IAM authentication information: verify aksk signature fail” (request req-401)',
    );
    expect(new Set(texts.slice(1))).toEqual(
      new Set([
        'showJob: not sent (APIGW.0301), the cloud refused the worker’s credentials 0 s ago (the credentials are wrong), ' +
          'and the worker tries them only once a minute: ' +
          '“Incorrect IAM authentication information: verify aksk signature fail” (request req-401)',
      ]),
    );
  });

  it('let all others go at once when the first is accepted', async () => {
    const all = calls(20);
    await slow.answer(GOOD);
    expect(slow.open).toBe(19);
    for (let i = 0; i < 19; i++) await slow.answer(GOOD);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ok']));
  });

  it('go one by one while answers say nothing about them', async () => {
    const all = calls(4);
    await slow.answer(new Error('connection lost'));
    expect(slow.requests).toHaveLength(2);
    await slow.answer({ status: 503, body: '<html>' });
    await slow.answer({ status: 500, body: { code: 'Ecs.0005', message: 'trouble' } });
    expect([slow.requests.length, slow.open]).toEqual([4, 1]);
    // A no to the request is a yes to who asked.
    await slow.answer({ status: 400, body: { code: 'Common.0011', message: 'no job' } });
    await Promise.all(all);
    void calls(3);
    await settled();
    expect(slow.open).toBe(3);
  });
});

describe('credentials that have worked', () => {
  it('are tried once more after a refusal, alone, and are fine when that is accepted', async () => {
    await proven();
    await once(WRONG);
    const all = calls(5);
    await settled();
    expect(slow.open).toBe(1);
    await slow.answer(GOOD);
    expect(slow.open).toBe(4);
    for (let i = 0; i < 4; i++) await slow.answer(GOOD);
    expect(await Promise.all(all)).toEqual(Array(5).fill('ok'));
  });

  it('are refused for good the second time, whatever was under way before', async () => {
    await proven();
    const underWay = calls(3);
    await settled();
    await slow.answer(WRONG);
    // Sent before the refusal, so it does not speak for what is now.
    await slow.answer(GOOD);
    const next = calls(3);
    await settled();
    expect(slow.open).toBe(2); // the last one under way, and the one that tries alone
    await slow.answer(WRONG);
    await slow.answer(WRONG);
    await Promise.all([...underWay, ...next]);
    const before = slow.requests.length;
    expect(await calls(1)[0]).toContain('not sent');
    expect(slow.requests).toHaveLength(before);
  });

  it('are not doubted for a missing permission', async () => {
    await proven();
    for (let i = 0; i < 6; i++) {
      expect(await once({ status: 403, body: { error: { code: 'Pdp.0001', message: 'no' } } })).toContain(
        'HTTP 403',
      );
    }
    void calls(2);
    await settled();
    expect(slow.open).toBe(2);
  });
});

describe('refused credentials', () => {
  beforeEach(async () => {
    await once(WRONG);
  });

  it('are tried once a minute, whoever asks and however often', async () => {
    for (let minute = 1; minute <= 5; minute++) {
      const before = slow.requests.length;
      for (let second = 0; second < 59; second++) {
        clock.advance(SECOND);
        expect(await calls(1)[0]).toContain(`${second + 1} s ago`);
      }
      clock.advance(SECOND);
      const [trial, another] = calls(2);
      // While one is tried nobody waits: its turn may last long.
      expect(await another).toContain('not sent');
      expect(slow.requests).toHaveLength(before + 1);
      await slow.answer(WRONG);
      expect(await trial).toContain('HTTP 401');
    }
  });

  it('work again for all once one is accepted', async () => {
    clock.advance(MINUTE);
    expect(await once(GOOD)).toBe('ok');
    void calls(5);
    await settled();
    expect(slow.open).toBe(5);
  });

  it('have had their try of the minute also when it brought nothing', async () => {
    clock.advance(MINUTE);
    await once(new Error('connection lost'));
    expect(await calls(1)[0]).toContain('not sent');
    clock.advance(MINUTE);
    expect(await once(GOOD)).toBe('ok');
  });

  it('are tried soon also when the clock was set back, as it may have been what was wrong', async () => {
    clock.advance(-2 * 60 * MINUTE);
    expect(await once(GOOD)).toBe('ok');
  });

  it('are a certain no to a deletion: nothing was sent', async () => {
    expect(await failure(cloud.deleteNics(SERVER, [NIC]))).toMatchObject({
      kind: 'withheld',
      sent: 'no',
      action: 'credentials',
      fate: 'refused',
      httpStatus: null,
      code: 'APIGW.0301',
      requestId: 'req-401',
      hint: 'Set the right access keys, and restart the worker; five wrong signatures lock a key for five minutes.',
    });
  });
});

describe('a call that is given up', () => {
  it('while it waits for another’s answer goes nowhere', async () => {
    const first = calls(1);
    await settled();
    const error = await failure(cloud.showJob(JOB, { signal: AbortSignal.timeout(20) }));
    expect(error).toMatchObject({ kind: 'aborted', sent: 'no' });
    // So does a deletion that would come too late.
    const late = await failure(cloud.deleteNics(SERVER, [NIC], { notAfter: clock.now() + 20 }));
    expect(late).toMatchObject({ kind: 'late', sent: 'no', fate: 'refused' });
    await slow.answer(GOOD);
    expect(await first[0]).toBe('ok');
    expect(slow.requests).toHaveLength(1);
  });

  it('just before sending frees the place of the one that goes alone', async () => {
    const late = failure(cloud.deleteNics(SERVER, [NIC], { notAfter: clock.now() - 1 }));
    expect(await late).toMatchObject({ kind: 'late' });
    expect(await once(GOOD)).toBe('ok');
  });
});

it('the log hears of the refusal and of its end, once each', async () => {
  const heard: string[] = [];
  const credentials = guarded(accessKeys({ ak: 'AKID', sk: 'SK' }), clock);
  credentials.notices?.listen((level, message) => heard.push(`${level}: ${message}`));
  const answers = [WRONG, WRONG, GOOD, GOOD];
  const { cloud: client } = clientAnswered(answers, { credentials, clock });
  for (let minute = 0; minute < answers.length; minute++) {
    await client.showJob(JOB).catch(() => undefined);
    await client.showJob(JOB).catch(() => undefined);
    clock.advance(MINUTE);
  }
  expect(heard).toEqual([
    'warn: the cloud refuses the worker’s credentials (the credentials are wrong): it tries once a minute until the cloud accepts them. ' +
      'Set the right access keys, and restart the worker; five wrong signatures lock a key for five minutes.',
    'info: the cloud accepts the worker’s credentials again',
  ]);
});

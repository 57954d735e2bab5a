import { describe, expect, it } from 'vitest';
import { parseJson, readProblem, readThrottle, words } from '../../src/ecs/wire/envelopes';

describe('error bodies (docs/cloud-api.md §6.1)', () => {
  it.each<[string, unknown, object]>([
    [
      'ECS',
      { error: { code: 'Ecs.0605', message: 'locked' } },
      { code: 'Ecs.0605', message: 'locked', inner: null },
    ],
    [
      'ECS with details',
      { error: { code: 'Ecs.0304', message: 'outer', details: [{ code: 'Ecs.1520', message: 'cause' }] } },
      { code: 'Ecs.0304', message: 'outer', inner: { code: 'Ecs.1520', message: 'cause' } },
    ],
    [
      'ECS around OpenStack',
      { error: { code: 'Ecs.1000', message: '{"badRequest":{"message":"x is not STOPPED","code":400}}' } },
      { code: 'Ecs.1000', message: 'x is not STOPPED', inner: { code: 'badRequest' } },
    ],
    ['Nova', { itemNotFound: { message: 'gone', code: '404' } }, { code: 'itemNotFound', message: 'gone' }],
    ['Nova, number', { conflictingRequest: { message: 'busy', code: 409 } }, { code: 'conflictingRequest' }],
    ['Nova, other name', { instanceBusy: { message: 'busy', code: 409 } }, { code: 'conflictingRequest' }],
    [
      'gateway',
      { error_code: 'APIGW.0301', error_msg: 'Incorrect IAM', request_id: 'r1' },
      { code: 'APIGW.0301', message: 'Incorrect IAM', requestId: 'r1' },
    ],
    ['flat', { code: 'VPC.2502', message: 'Port x' }, { code: 'VPC.2502', message: 'Port x' }],
    ['flat, camel', { errorCode: 'E.1', errorMsg: 'm' }, { code: 'E.1', message: 'm' }],
    [
      'Neutron',
      { NeutronError: { type: 'PortNotFound', message: 'm', detail: '' } },
      { code: 'PortNotFound', message: 'm' },
    ],
    [
      'Neutron as text',
      {
        error_msg: '{"NeutronError":{"type":"PortNotFound","message":"m","detail":""}}',
        error_code: 'VPC.1',
      },
      { code: 'VPC.1', message: 'm', inner: { code: 'PortNotFound' } },
    ],
    [
      'Neutron as text alone',
      { error_msg: '{"NeutronError":{"type":"T","message":"m"}}' },
      { code: 'T', message: 'm' },
    ],
    ['IAM', { error: { code: 401, message: 'm', title: 'Unauthorized' } }, { code: '401', message: 'm' }],
    ['IAM, gateway style', { error_code: 'IAM.0012', error_msg: 'slow down' }, { code: 'IAM.0012' }],
    [
      'an envelope within text',
      { error: '{"code":"Ecs.0005","message":"m"}' },
      { code: 'Ecs.0005', message: 'm' },
    ],
    ['plain text', { error: 'no' }, { code: null, message: 'no' }],
    [
      'a policy denial',
      { error: { code: 'Pdp.0001', message: 'm' }, encoded_authorization_message: 'zzz' },
      { code: 'Pdp.0001', message: 'm' },
    ],
    ['a code that is no code', { code: '<b>no</b>', message: 'm' }, { code: null, message: 'm' }],
  ])('%s', (_name, body, expected) => {
    expect(readProblem(body)).toMatchObject(expected);
  });

  it.each([
    undefined,
    null,
    1,
    '',
    [],
    {},
    { error: {} },
    { error: null },
    { a: 1 },
    { server: { id: 'x' } },
    { code: {} },
  ])('%j is none', (body) => expect(readProblem(body)).toBeNull());

  it('opens a bounded number of layers', () => {
    let text = 'core';
    for (let i = 0; i < 9; i++) text = JSON.stringify({ code: `L.${i}`, message: text });
    const problem = readProblem(JSON.parse(text))!;
    expect(problem.code).toBe('L.8');
    expect(problem.message!.length).toBeLessThanOrEqual(500);
  });
});

describe('the cloud’s own words', () => {
  it('become one bounded line without control characters', () => {
    expect(words('a\r\nb\u0000\u001b[31mc\u202e d\u2028')).toBe('a b c d');
    expect(words('x'.repeat(40).concat(' ').repeat(50))).toHaveLength(500);
    expect(words(`a${'🙂'.repeat(999)}`)).toMatch(/^a(🙂)+…$/u);
    expect(words('🙂'.repeat(999))!.length).toBeLessThanOrEqual(500);
    expect(words(' ')).toBeNull();
    expect(words(7)).toBe('7');
    expect(words({})).toBeNull();
  });

  it('lose what may be a token or a signature', () => {
    expect(words(`bad signature ${'0f'.repeat(32)} of ${'A'.repeat(3000)}`)).toBe('bad signature … of …');
  });

  it('tell the quota', () => {
    const text =
      'The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute';
    expect(readThrottle(text)).toEqual({ limit: 200, windowMs: 300_000 });
    expect(readThrottle('limit:3,time:1 second')).toEqual({ limit: 3, windowMs: 1_000 });
    expect(readThrottle('limit: 3, time: 2 minutes')).toEqual({ limit: 3, windowMs: 120_000 });
    expect(readThrottle('slow down')).toBeNull();
    expect(readThrottle(null)).toBeNull();
  });
});

describe('JSON', () => {
  it('is read with a byte order mark, and when encoded twice', () => {
    expect(parseJson('\uFEFF{"a":1}')).toEqual({ a: 1 });
    expect(parseJson(JSON.stringify('{"a":1}'))).toEqual({ a: 1 });
    expect(parseJson(JSON.stringify('{no'))).toBeUndefined();
    expect(parseJson('<html>')).toBeUndefined();
    expect(parseJson('')).toBeUndefined();
  });
});

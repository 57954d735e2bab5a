import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalQuery, canonicalRequest, canonicalUri, sdkDate, sign } from '../../src/ecs/signer';

const PROJECT = '0123456789abcdef0123456789abcdef';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('golden vectors (docs/cloud-api.md §5.2)', () => {
  it('a: the batch deletion', () => {
    const parts = {
      method: 'POST',
      path: `/v1/${PROJECT}/cloudservers/11111111-2222-4333-8444-555555555555/nics/delete`,
      headers: {
        host: 'ecs.eu-west-101.myhuaweicloud.com',
        'X-Sdk-Date': '20260101T000000Z',
        'Content-Type': 'application/json',
        'X-Project-Id': PROJECT,
      },
      body: Buffer.from('{"nics":[{"id":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"}]}'),
    };
    expect(sha256(canonicalRequest(parts).text)).toBe(
      '30b497341c08692a29cd2be3d4ed47f8c98f32a83884001d3eeff98aea4c04f1',
    );
    expect(sign(parts, 'TESTAK', 'TESTSK')).toBe(
      'SDK-HMAC-SHA256 Access=TESTAK, SignedHeaders=content-type;host;x-project-id;x-sdk-date, ' +
        'Signature=81857886b366c705d16da66fd180dabc5a4de74292adf1d34f30208a797e2f52',
    );
  });

  it('b: a job', () => {
    const parts = {
      method: 'get',
      path: `/v1/${PROJECT}/jobs/ff80808200000000000000000000000a`,
      headers: { host: 'ecs.eu-west-101.myhuaweicloud.com', 'x-sdk-date': '20260101T000000Z' },
      body: null,
    };
    expect(sha256(canonicalRequest(parts).text)).toBe(
      '24fbe2e821f548c639db979fc21c38439a62e7d1436bb022c0c998822a8d28f9',
    );
    expect(sign(parts, 'TESTAK', 'TESTSK')).toContain(
      'Signature=34adda766555a9ca7dda58631609cf292d59349bfc3eeb894befe52906bc85d2',
    );
  });

  it('c: a query, from the vendor’s own tests', () => {
    const headers = { host: 'service.endpoint.myhuaweicloud.com', 'x-sdk-date': '20200608T023900Z' };
    expect(
      sign({ method: 'GET', path: '/resources?size=1', headers, body: null }, 'AccessKey', 'SecretKey'),
    ).toContain('Signature=cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842');
  });
});

describe('rules of the canonical form', () => {
  it('adds the slash at the end, and only one', () => {
    expect(canonicalUri('/a/b')).toBe('/a/b/');
    expect(canonicalUri('/a/b/')).toBe('/a/b/');
    expect(canonicalUri('/')).toBe('/');
  });

  it('escapes in upper case, and what was sent escaped only once', () => {
    expect(canonicalUri('/a%2dé/%c3%a9 (x)!')).toBe('/a-%C3%A9/%C3%A9%20%28x%29%21/');
    expect(canonicalUri('/50%')).toBe('/50%25/');
  });

  it('sorts by decoded key and value, and keeps empty values', () => {
    expect(canonicalQuery('b=2&a=&b=1&c')).toBe('a=&b=1&b=2&c=');
    expect(canonicalQuery('x=a=b&%7e=~')).toBe('x=a%3Db&~=~');
    expect(canonicalQuery('')).toBe('');
  });

  it('trims header values and lowers names', () => {
    const { text, signedHeaders } = canonicalRequest({
      method: 'GET',
      path: '/',
      headers: { 'X-B': '  two ', Host: 'h', 'X-A': 'one' },
      body: null,
    });
    expect(signedHeaders).toBe('host;x-a;x-b');
    expect(text).toContain('host:h\nx-a:one\nx-b:two\n\nhost;x-a;x-b\n');
  });

  it('dates are UTC without milliseconds', () => {
    expect(sdkDate(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('20260102T030405Z');
  });
});

// The official signer takes the query as an object, the body as a value and the path from a URL whose odd characters
// its URL parser leaves alone; it encodes escapes twice, unlike the vendor's other signers, hence only raw characters.
const raw = 'ABCxyz019-._~!$&()*+,;=:@';
const segment = fc.string({ unit: fc.constantFrom(...raw), minLength: 1, maxLength: 12 });
const word = fc.string({ unit: 'binary', maxLength: 10 });
const headerName = fc.string({ unit: fc.constantFrom(...'abcdefgh0123456789'), minLength: 1, maxLength: 8 });
const headerValue = fc
  .string({ unit: fc.constantFrom(...'abcXYZ 019;,=/:"'), maxLength: 20 })
  .map((v) => v.trim());

describe('equality with the official signer', () => {
  it('on generated requests', () => {
    fc.assert(
      fc.property(
        fc.record({
          method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
          segments: fc.array(segment, { maxLength: 6 }),
          query: fc.dictionary(
            word.filter((key) => key !== '' && !/^\d+$/.test(key) && key !== '__proto__'),
            fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 })),
            { maxKeys: 5 },
          ),
          headers: fc.dictionary(
            headerName.map((name) => `x-${name}`),
            headerValue,
            { maxKeys: 5 },
          ),
          body: fc.option(fc.dictionary(word, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }), { nil: null }),
          at: fc.integer({ min: 946_684_800_000, max: 4_000_000_000_000 }),
          ak: fc.stringMatching(/^[A-Z0-9]{20}$/),
          sk: fc.stringMatching(/^[A-Za-z0-9]{40}$/),
        }),
        ({ method, segments, query, headers, body, at, ak, sk }) => {
          const path = `/${segments.join('/')}`;
          const all = { ...headers, 'X-Sdk-Date': sdkDate(at) };
          const official = (AKSKSigner.sign as (request: unknown, keys: unknown) => Record<string, string>)(
            {
              method,
              endpoint: `https://ecs.example.com:8443${path}`,
              queryParams: structuredClone(query),
              headers: all,
              data: body,
            },
            { getAk: () => ak, getSk: () => sk },
          );
          const pairs = Object.entries(query).flatMap(([key, value]) =>
            [value].flat().map((each) => `${encodeURIComponent(key)}=${encodeURIComponent(each)}`),
          );
          const ours = sign(
            {
              method,
              path: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
              headers: { ...all, host: 'ecs.example.com:8443' },
              body: body === null ? null : Buffer.from(JSON.stringify(body)),
            },
            ak,
            sk,
          );
          expect(ours).toBe(official['Authorization']);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('on paths with any character, sent escaped', () => {
    const canonical = (AKSKSigner as unknown as { CanonicalURI(path: string): string }).CanonicalURI.bind(
      AKSKSigner,
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const segments = words.map((each) => each.replaceAll('/', ''));
        const sent = `/${segments.map(encodeURIComponent).join('/')}`;
        expect(canonicalUri(sent)).toBe(canonical(`/${segments.join('/')}`));
      }),
      { numRuns: 300 },
    );
  });
});

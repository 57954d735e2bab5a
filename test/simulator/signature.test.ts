import { describe, expect, it } from 'vitest';
import {
  canonicalRequest,
  parseAuthorization,
  parseSdkDate,
  sha256,
  signature,
} from '../../simulator/identity/signature';

// Golden vectors a, b, c of docs/cloud-api.md §5.2.
const host = 'ecs.eu-west-101.myhuaweicloud.com';
const project = '0123456789abcdef0123456789abcdef';

describe('SDK-HMAC-SHA256', () => {
  it('signs a POST with a body (vector a)', () => {
    const canonical = canonicalRequest(
      {
        method: 'POST',
        url: `/v1/${project}/cloudservers/11111111-2222-4333-8444-555555555555/nics/delete`,
        headers: {
          'content-type': 'application/json',
          host,
          'x-project-id': project,
          'x-sdk-date': '20260101T000000Z',
        },
        body: Buffer.from('{"nics":[{"id":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"}]}'),
      },
      ['content-type', 'host', 'x-project-id', 'x-sdk-date'],
    );
    expect(sha256(canonical)).toBe('30b497341c08692a29cd2be3d4ed47f8c98f32a83884001d3eeff98aea4c04f1');
    expect(signature('TESTSK', '20260101T000000Z', canonical)).toBe(
      '81857886b366c705d16da66fd180dabc5a4de74292adf1d34f30208a797e2f52',
    );
  });

  it('signs a GET without a body (vector b)', () => {
    const canonical = canonicalRequest(
      {
        method: 'GET',
        url: `/v1/${project}/jobs/ff80808200000000000000000000000a`,
        headers: { host, 'x-sdk-date': '20260101T000000Z' },
        body: Buffer.alloc(0),
      },
      ['host', 'x-sdk-date'],
    );
    expect(sha256(canonical)).toBe('24fbe2e821f548c639db979fc21c38439a62e7d1436bb022c0c998822a8d28f9');
    expect(signature('TESTSK', '20260101T000000Z', canonical)).toBe(
      '34adda766555a9ca7dda58631609cf292d59349bfc3eeb894befe52906bc85d2',
    );
  });

  it('signs a query (vector c)', () => {
    const canonical = canonicalRequest(
      {
        method: 'GET',
        url: '/resources?size=1',
        headers: { host: 'service.endpoint.myhuaweicloud.com', 'x-sdk-date': '20200608T023900Z' },
        body: Buffer.alloc(0),
      },
      ['host', 'x-sdk-date'],
    );
    expect(signature('SecretKey', '20200608T023900Z', canonical)).toBe(
      'cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842',
    );
  });

  it('sorts the query, escapes it, and normalises the path for the canonical form only', () => {
    const canonical = canonicalRequest(
      { method: 'get', url: "/a%20b/c'd?z=1&a=%C3%A4&a=*&empty", headers: {}, body: Buffer.alloc(0) },
      [],
    );
    expect(canonical.split('\n').slice(0, 3)).toEqual(['GET', '/a%20b/c%27d/', 'a=%2A&a=%C3%A4&empty=&z=1']);
  });

  it('takes an announced hash only for what is not signed', () => {
    const request = (announced: string) => ({
      method: 'POST',
      url: '/',
      headers: { 'x-sdk-content-sha256': announced },
      body: Buffer.from('{}'),
    });
    expect(canonicalRequest(request('UNSIGNED-PAYLOAD'), []).endsWith('UNSIGNED-PAYLOAD')).toBe(true);
    expect(canonicalRequest(request('0000'), []).endsWith(sha256('{}'))).toBe(true);
  });
});

describe('the headers of a signature', () => {
  it('wants a space, not a comma, after the algorithm', () => {
    expect(
      parseAuthorization('SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature=0a'),
    ).toEqual({
      accessKey: 'AK',
      signedHeaders: ['host', 'x-sdk-date'],
      signature: '0a',
    });
    expect(parseAuthorization('SDK-HMAC-SHA256, Access=AK, SignedHeaders=host, Signature=0a')).toBeNull();
    expect(parseAuthorization('AWS4-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=0a')).toBeNull();
  });

  it('reads basic ISO dates in UTC', () => {
    expect(parseSdkDate('20260101T000000Z')).toBe(Date.UTC(2026, 0, 1));
    expect(parseSdkDate('2026-01-01T00:00:00Z')).toBeNaN();
  });
});

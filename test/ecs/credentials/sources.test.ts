import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { accessKeys, authToken } from '../../../src/ecs/credentials';
import { Secret } from '../../../src/ecs/secret';
import type { Transport } from '../../../src/ecs/transport';
import { clientAnswered, clientOf, failure, SERVER } from '../support';

const SECRETS = [
  'AKAKAKAKAKAKAKAKAKAK',
  'SKSKSKSKSKSKSKSKSKSKSKSKSKSKSKSK',
  'STSTSTSTSTSTST',
  'TOKENTOKEN',
] as const;
const [AK, SK, ST, TOKEN] = SECRETS;

function shown(value: unknown): string {
  return [
    JSON.stringify(value),
    inspect(value, { depth: 9, showHidden: true }),
    format('%o %O %j', value, value, value),
    String(value),
  ].join('\n');
}

describe('a secret', () => {
  it('is used, but never shown', () => {
    const secret = new Secret('the key', SK);
    expect(secret.reveal()).toBe(SK);
    expect(shown({ secret, list: [secret] }) + `${secret as unknown as string}`).not.toContain(SK);
    expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
  });

  it.each(['', ' ', 'a b', 'ab\n', 'ä', '\u0000'])('is refused as %j, without being shown', (value) => {
    expect(() => new Secret('HW_SECRET_KEY', value)).toThrow(/^HW_SECRET_KEY is empty, or contains spaces/);
  });
});

describe('credentials', () => {
  const request = { method: 'GET', path: '/', headers: { host: 'h' }, body: null };

  it('sign with the given time and leave the request alone', async () => {
    const headers = await accessKeys({ ak: AK, sk: SK }).authorize(request, Date.UTC(2026, 0, 1));
    expect(headers).toMatchObject({ host: 'h', 'x-sdk-date': '20260101T000000Z' });
    expect(headers['authorization']).toMatch(/^SDK-HMAC-SHA256 Access=AK.*SignedHeaders=host;x-sdk-date, /);
    expect(headers).not.toHaveProperty('x-security-token');
    expect(request.headers).toEqual({ host: 'h' });
  });

  it('do not show up in dumps, errors or refused calls', async () => {
    const sources = [accessKeys({ ak: AK, sk: SK, securityToken: ST }), authToken(TOKEN)];
    let text = shown(sources);
    for (const credentials of sources) {
      // A gateway that quotes all it got.
      const quoting: Transport = async ({ headers }) => ({
        status: 400,
        headers: {},
        body: Buffer.from(
          JSON.stringify({ code: 'X.1', message: `bad: ${Object.values(headers).join(' ')}` }),
        ),
      });
      const error = await failure(
        clientOf('http://cloud.test', { credentials, transport: quoting }).showServer(SERVER),
      );
      expect(error.message).toContain('bad: cloud.test');
      text += shown(error) + error.message + (error.stack ?? '');
    }
    text += shown(await failure(clientAnswered({ status: 401 }).cloud.showServer(SERVER)));
    for (const secret of SECRETS) expect(text).not.toContain(secret);
  });
});

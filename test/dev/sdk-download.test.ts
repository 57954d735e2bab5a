/**
 * The SDK's own download, against a host of the test that has the real one's name. The SDK can only download what it then executes: nothing
 * may run before its hash is verified.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { DOWNLOADS, fetchInto } from '../../dev/temporal-download';
import { CLI_VERSION } from '../../dev/temporal-pin';
import { Authority } from '../support/certificates';
import type { ConnectProxy } from '../support/connect-proxy';
import { startConnectProxy } from '../support/connect-proxy';

const HOST = 'temporal.download';
const ARCHIVE = '/archive/temporal.tar.gz';
const [sdk] = DOWNLOADS;

let authority: Authority;
let server: ReturnType<typeof createServer>;
let proxy: ConnectProxy;
let asked: string[];
let folder: string;
/** What it serves. */
let program: string;

beforeAll(async () => {
  authority = new Authority('sdk-download');
  server = createServer(authority.sign({ host: HOST }), ({ url = '' }, answer) => {
    asked.push(url);
    if (url === ARCHIVE) return void answer.end(gzipSync(tarOf('temporal', program)));
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ archiveUrl: `https://${HOST}${ARCHIVE}`, fileToExtract: 'temporal' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await startConnectProxy({ [`${HOST}:443`]: `127.0.0.1:${port}` });
});
afterAll(async () => {
  await proxy?.close();
  server?.closeAllConnections();
  server?.close();
  authority?.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ecs-nics-sdk-'));
  asked = [];
  // Tells whether it was executed in any way but to ask for its version.
  program = `#!/bin/sh\n[ "$1" = --version ] || touch '${join(folder, 'was-executed')}'\necho "temporal version ${CLI_VERSION}"\n`;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One file, as `tar` writes it. */
function tarOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  for (const [at, text] of [
    [0, name],
    [100, octal(0o755, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(Buffer.byteLength(content), 12)],
    [136, octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ] as const)
    header.write(text, at, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(octal(sum, 7), 148, 'latin1');
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

const target = () => join(folder, 'temporal');
function download(pin: string) {
  const address = `http://127.0.0.1:${proxy.port}`;
  const env = { ...process.env, HTTPS_PROXY: address, https_proxy: address, NO_PROXY: '', no_proxy: '' };
  return fetchInto(target(), sdk!, { ...env, SSL_CERT_FILE: authority.file }, () => undefined, pin);
}

it('takes the pinned program, which nothing has executed before', async () => {
  expect(await download(createHash('sha256').update(program).digest('hex'))).toBeUndefined();
  expect(asked).toEqual([expect.stringContaining(`/cli/v${CLI_VERSION}?`), ARCHIVE]);
  expect(readdirSync(folder)).toEqual(['temporal']);
});

it('refuses another one, which is not executed', async () => {
  program += `touch '${join(folder, 'was-executed')}'\n`;
  expect(await download('0'.repeat(64))).toMatch(/^what arrived is not the Temporal CLI .*was not executed/);
  expect(asked).toContain(ARCHIVE);
  expect(existsSync(join(folder, 'was-executed'))).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

it('says what is wrong when nothing arrives', async () => {
  proxy.refuses = 503;
  expect(await download('0'.repeat(64))).toMatch(/temporal\.download/);
  proxy.refuses = null;
});

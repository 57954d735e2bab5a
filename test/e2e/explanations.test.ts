/** Why Temporal can't be used: both programs give the same words and the same remedy, shown with real peers. */
import { once } from 'node:events';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort, until } from '../../dev/ports';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { cloudSettings } from '../../dev/simulator';
import { Authority, tlsInFrontOf } from '../support/certificates';
import { startConnectProxy } from '../support/connect-proxy';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';

type Env = Record<string, string>;

/** `google.rpc.Code` */
const [PERMISSION_DENIED, UNAUTHENTICATED] = [7, 16];
/** A name that only the proxy knows. */
const FAR = 'temporal.invalid:7233';
const NO_PROXY: Env = { HTTPS_PROXY: '', https_proxy: '', NO_PROXY: '', no_proxy: '' };

let stack: WatchedStack;
let ours: Authority;
beforeAll(async () => {
  ours = new Authority('ours');
  stack = await startStack({ label: 'explanations', startWorker: false });
});
afterAll(async () => {
  ours?.close();
  await stack?.close();
});

const everybody = (): Env => ({ ...NO_PROXY, ...stack.starterEnv });

/** What `--check` and `ecs-nics list` say, from the cause on. */
async function told(more: Env) {
  const env = { ...everybody(), ...more };
  const off = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };
  const worker = cleanEnvironment(process.env, { ...cloudSettings(stack.simulator), ...off, ...env });
  const [check, starter] = await Promise.all([
    startProgram('worker.js', ['--check'], worker).finished,
    stack.starter(['list', '--json'], env),
  ]);
  const line = check.stdout.split('\n').find((each) => each.includes(' Temporal  ')) ?? check.stdout;
  const { error } = JSON.parse(starter.stdout) as { error: { type: string; message: string } };
  return {
    check: { code: check.code, said: line.replace(/^.*?(is not reachable: |answers, but )/, '') },
    starter: {
      code: starter.code,
      type: error.type,
      said: error.message.replace(/^.*?(is not reachable at \S+: |can't be used: )/, '').replace(/\.$/, ''),
    },
  };
}

/** Accepts connections, and says nothing. */
async function mute(): Promise<Env> {
  const open = new Set<Socket>();
  const server = createServer((socket) => open.add(socket.on('error', () => undefined))).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return { TEMPORAL_ADDRESS: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A gRPC server that answers every call with this status. */
async function refusing(code: number, words: string): Promise<Env> {
  const server = createHttp2();
  server.on('stream', (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc' };
    stream.respond({ ...headers, 'grpc-status': String(code), 'grpc-message': words }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { TEMPORAL_ADDRESS: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function behindProxy(refuses: number | 'silent' | null, login: string | null = null): Promise<Env> {
  const proxy = await startConnectProxy({ [FAR]: stack.temporal.address }, login);
  proxy.refuses = refuses;
  onTestFinished(() => proxy.close());
  return { TEMPORAL_ADDRESS: FAR, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
}

async function wantsCertificate(): Promise<Env> {
  const more = { requestCert: true, rejectUnauthorized: true, ca: ours.certificate };
  const front = await tlsInFrontOf(stack.temporal.address, ours.sign(), more);
  onTestFinished(() => front.close());
  return {
    TEMPORAL_ADDRESS: `localhost:${front.port}`,
    TEMPORAL_TLS: 'true',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours.file,
  };
}

const UNREACHABLE = { check: 3, type: 'TemporalUnreachable' };
const REFUSED = { check: 2, type: 'TemporalUnreachable' };

describe('why Temporal can’t be used', { timeout: 240_000 }, () => {
  it.each<[string, () => Promise<Env>, RegExp, { check: number; type: string }]>([
    [
      'a dead port',
      async () => ({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` }),
      /connection refused.*\. Start Temporal, or set TEMPORAL_ADDRESS/,
      UNREACHABLE,
    ],
    [
      'a name that does not resolve',
      async () => ({ TEMPORAL_ADDRESS: FAR }),
      /the name temporal\.invalid does not resolve\. Check TEMPORAL_ADDRESS/,
      UNREACHABLE,
    ],
    ['a mute peer', mute, /accepts connections, but does not answer\. Check TEMPORAL_ADDRESS/, UNREACHABLE],
    [
      'the port of the Web UI',
      async () => ({ TEMPORAL_ADDRESS: new URL(stack.temporal.uiUrl ?? '').host }),
      /not Temporal\. Check the port in TEMPORAL_ADDRESS/,
      REFUSED,
    ],
    [
      'a proxy that is not there',
      async () => ({ TEMPORAL_ADDRESS: FAR, HTTPS_PROXY: `127.0.0.1:${await freePort()}` }),
      /the proxy 127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED\)\. Check HTTPS_PROXY/,
      UNREACHABLE,
    ],
    [
      'a proxy that refuses',
      () => behindProxy(403),
      /the proxy 127\.0\.0\.1:\d+ answered CONNECT with 403\. .*have the proxy allow temporal\.invalid:7233/,
      UNREACHABLE,
    ],
    [
      'a proxy that does not know the server',
      async () => ({ ...(await behindProxy(null)), TEMPORAL_ADDRESS: 'elsewhere.invalid:7233' }),
      /answered CONNECT with 502\. Check TEMPORAL_ADDRESS/,
      UNREACHABLE,
    ],
    [
      'a proxy that wants a login',
      () => behindProxy(null, 'ops:s3cret'),
      /the proxy \S+ wants a login\. Put it into HTTPS_PROXY/,
      UNREACHABLE,
    ],
    [
      'a proxy that refuses the login',
      async () => {
        const { HTTPS_PROXY = '', ...more } = await behindProxy(null, 'ops:s3cret');
        return { ...more, HTTPS_PROXY: HTTPS_PROXY.replace('//', '//ops:wr0ng-one@') };
      },
      /^(?!.*wr0ng-one).*the proxy \S+ refuses the login\. Check user and password in HTTPS_PROXY/,
      UNREACHABLE,
    ],
    [
      'a proxy that does not answer',
      () => behindProxy('silent'),
      /the proxy \S+ does not answer CONNECT\. Check HTTPS_PROXY/,
      UNREACHABLE,
    ],
    [
      'TLS through a proxy to a server without it',
      async () => ({ ...(await behindProxy(null)), TEMPORAL_TLS: 'true' }),
      /it does not speak TLS\. Leave out TEMPORAL_TLS/,
      REFUSED,
    ],
    [
      'a server that wants a certificate of the client',
      wantsCertificate,
      /it wants a certificate of the client\. Set TEMPORAL_TLS_CLIENT_CERT_PATH/,
      REFUSED,
    ],
    [
      'a certificate of one’s own that is none',
      async () => ({
        ...(await wantsCertificate()),
        TEMPORAL_TLS_CLIENT_CERT_DATA: 'none',
        TEMPORAL_TLS_CLIENT_KEY_DATA: 'none',
      }),
      /not readable as PEM, or they do not belong together\. Check TEMPORAL_TLS_\*/,
      REFUSED,
    ],
    [
      'credentials that the server does not know',
      () => refusing(UNAUTHENTICATED, 'invalid key'),
      /it does not accept the credentials \(invalid key\)\. Check TEMPORAL_API_KEY/,
      { check: 2, type: 'Unauthenticated' },
    ],
    [
      'credentials without the permission',
      () => refusing(PERMISSION_DENIED, 'Request unauthorized.'),
      /it forbids this to these credentials \(Request unauthorized\)\. Check TEMPORAL_NAMESPACE/,
      { check: 2, type: 'PermissionDenied' },
    ],
    [
      'a namespace that is not there',
      async () => ({ TEMPORAL_NAMESPACE: 'nowhere' }),
      /it has no namespace "nowhere"\. .*temporal operator namespace create --namespace nowhere/,
      { check: 2, type: 'NamespaceNotFound' },
    ],
  ])('%s: --check and the starter say the same', async (_name, peer, words, { check, type }) => {
    const seen = await told(await peer());
    expect(seen.check.said).toMatch(words);
    expect(seen.starter).toEqual({ code: 1, type, said: seen.check.said });
    expect(seen.check.code).toBe(check);
  });

  it('the worker says it at its start, while it tries again', async () => {
    const worker = stack.addWorker();
    worker.start(await refusing(UNAUTHENTICATED, 'invalid key'));
    await until(async () => worker.log.includes('Check TEMPORAL_API_KEY'), 120_000);
    expect(worker.log).toMatch(
      /can't be used yet: it does not accept the credentials \(invalid key\)\. Check TEMPORAL_API_KEY/,
    );
    await worker.kill();
  });
});

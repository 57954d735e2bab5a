/** Looks at the way to a Temporal server, step by step: TCP, the proxy's CONNECT, TLS, HTTP/2. Raw facts, no texts. */
import { request } from 'node:http';
import { connect as openHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { ProxyServer } from '../../contract/proxy';
import type { Endpoint } from '../target';

/** Limit of each step after the first one. */
const STEP_MS = 5_000;

/** Whether the endpoint accepts TCP connections. `null`: yes; `late`: no answer within `ms`. */
export function probe(endpoint: Endpoint, ms: number): Promise<NodeJS.ErrnoException | 'late' | null> {
  return new Promise((resolve) => {
    const socket = connectTcp({ ...endpoint, timeout: ms });
    const end = (result: NodeJS.ErrnoException | 'late' | null) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end('late'));
    socket.once('error', end);
  });
}

/** `host:port`, of a server or a proxy. */
export const nameOf = ({ host, port }: Endpoint): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Asks the proxy for a connection. A number: the status of its refusal; `late`: no answer. */
export function askProxy(
  { host, port, login }: ProxyServer,
  target: Endpoint,
): Promise<Socket | number | NodeJS.ErrnoException | 'late'> {
  const path = nameOf(target);
  const token = `Basic ${Buffer.from(`${login?.user}:${login?.password}`).toString('base64')}`;
  const headers = { host: path, ...(login === null ? {} : { 'proxy-authorization': token }) };
  return new Promise((resolve) => {
    const asking = request({ host, port, method: 'CONNECT', path, headers, agent: false });
    const timer = setTimeout(() => {
      const isReached = asking.socket?.connecting === false;
      asking.destroy(isReached ? new Late() : Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, STEP_MS);
    asking.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      clearTimeout(timer);
      // A proxy that drops the connection later is told by whoever reads from it.
      socket.on('error', () => undefined);
      // A server in the clear speaks first.
      socket.unshift(head);
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      resolve(statusCode);
    });
    asking.once('error', (error) => {
      clearTimeout(timer);
      resolve(error instanceof Late ? 'late' : error);
    });
    asking.end();
  });
}

class Late extends Error {}

/**
 * Whether HTTP/2 is spoken there. `null`: yes; else the code of the error, or `late`.
 * @param tls `null`: in the clear
 * @param tunnel the connection that a proxy has made
 */
export function greet(
  endpoint: Endpoint,
  tls: ConnectionOptions | null,
  tunnel: Socket | null,
): Promise<string | null> {
  return new Promise((resolve) => {
    let end: (code: string | null) => void = resolve;
    try {
      const socket =
        tls === null
          ? (tunnel ?? connectTcp(endpoint))
          : connectTls({ ...endpoint, ...tls, ...(tunnel && { socket: tunnel }) });
      const session = openHttp2(`http://${nameOf(endpoint)}`, { createConnection: () => socket });
      const timer = setTimeout(() => end('late'), STEP_MS);
      end = (code) => {
        clearTimeout(timer);
        session.destroy();
        socket.destroy();
        resolve(code);
      };
      const failed = (error: NodeJS.ErrnoException) => end(error.code ?? error.message);
      session.once('remoteSettings', () => end(null));
      session.on('error', failed);
      session.once('close', () => end('ECONNRESET'));
      socket.on('error', failed);
    } catch (error) {
      // The certificate or key to be shown is not one.
      tunnel?.destroy();
      end((error as NodeJS.ErrnoException).code ?? String(error));
    }
  });
}

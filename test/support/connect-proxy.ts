/** A proxy as companies run them: it connects where it is asked to by CONNECT, and knows names that nobody else does. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';

export interface ConnectProxy {
  port: number;
  /** What it was asked for, as `host:port`. */
  asked: string[];
  /** The status of its answers, in place of a connection; `null`: it connects; `silent`: it does not answer. */
  refuses: number | 'silent' | null;
  close(): Promise<void>;
}

/**
 * @param names where hosts are, as `host:port`
 * @param login `user:password` that it wants to see
 */
export async function startConnectProxy(
  names: Readonly<Record<string, string>>,
  login: string | null = null,
): Promise<ConnectProxy> {
  const open = new Set<Socket>();
  const server = createServer();
  const proxy: ConnectProxy = {
    ...{ port: 0, asked: [], refuses: null },
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connect', ({ url = '', headers }, client: Socket) => {
    open.add(client.on('error', () => client.destroy()));
    proxy.asked.push(url);
    const token = login === null ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    if (proxy.refuses === 'silent') return;
    const status = headers['proxy-authorization'] === token ? proxy.refuses : 407;
    const place = names[url];
    if (status !== null || place === undefined) return client.end(`HTTP/1.1 ${status ?? 502} no\r\n\r\n`);
    const { hostname, port } = new URL(`http://${place}`);
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    open.add(target.on('error', () => client.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}

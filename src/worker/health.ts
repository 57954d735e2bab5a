/** `/livez` and `/readyz` for orchestrators and for people with curl. */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Address } from './addresses';
import { cleanJson } from '../contract/text';

export interface Answer {
  ok: boolean;
  /** One word, for scripts. */
  state: string;
  /** One sentence, for people: why it is not ok. */
  reason?: string;
}

export interface Health {
  /** Also ends open requests. */
  close(): Promise<void>;
}

/** A probe takes milliseconds. A slower client is no probe, and must not hold a connection. */
const REQUEST_MS = 5_000;
/** Far more than probes need, far fewer than file handles. */
const CONNECTIONS = 100;

/**
 * Listens. No client can hold the process: answers close their connection, and requests are limited in time and number.
 * @throws the error of `listen` (a taken port, for example)
 */
export async function serveHealth(
  address: Address,
  checks: { livez: () => Answer; readyz: () => Answer },
): Promise<Health> {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      // A body is never read: the rest of it ends with the connection.
      const path = (request.url ?? '').split('?')[0];
      const check = path === '/livez' ? checks.livez : path === '/readyz' ? checks.readyz : undefined;
      if (check === undefined) return send(response, 404, { error: 'only /livez and /readyz are here' });
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        return send(response, 405, { error: 'only GET' });
      }
      const { ok, state, reason } = check();
      send(response, ok ? 200 : 503, { ok, state, ...(reason === undefined ? {} : { reason }) });
    },
  );
  server.maxConnections = CONNECTIONS;
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined);
  server.unref();
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = `${cleanJson(JSON.stringify(body))}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}

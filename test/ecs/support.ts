import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createCloud } from '../../src/ecs/client';
import type { CloudSettings } from '../../src/ecs/client';
import type { Cloud, PortSpec } from '../../src/ecs/cloud';
import { systemClock } from '../../src/ecs/clock';
import { accessKeys } from '../../src/ecs/credentials';
import { CloudError } from '../../src/ecs/errors';
import { RateLimiter } from '../../src/ecs/limiter';
import { undiciTransport } from '../../src/ecs/transport';
import type { Transport, TransportLimits, TransportRequest } from '../../src/ecs/transport';

export const PROJECT = '0123456789abcdef0123456789abcdef';
export const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
export const NIC = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
export const JOB = 'ff80808201a2b3c40001d5e6f7a80042';
export const NETWORK = '0d2b7a52-5d1e-4a10-8c57-1f2f8a0d9e77';

/** A port to be made, with the least it can have. */
export const PORT: PortSpec = {
  networkId: NETWORK,
  name: 'n',
  address: null,
  securityGroups: null,
  allowedAddressPairs: null,
  dhcpOptions: null,
};

/** Short, so that tests of time-outs are quick. */
export const SHORT: TransportLimits = {
  connectMs: 300,
  headersMs: 300,
  bodyMs: 300,
  maxBodyBytes: 64 * 1024,
};

export interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A server on a free port of the loopback; gone with the test. */
export async function serve(
  handler: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<{ origin: string; received: Received[]; connections: () => number }> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString();
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      handler(request, response, body);
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    connections: () => connections,
  };
}

/** A client of one address; gone with the test. */
export function clientOf(origin: string, settings: Partial<CloudSettings> = {}, limits = SHORT): Cloud {
  const cloud = createCloud({
    projectId: PROJECT,
    region: 'eu-west-101',
    endpoints: { ecs: origin, vpc: origin },
    credentials: accessKeys({ ak: 'TESTAK', sk: 'TESTSK' }),
    transport: undiciTransport(limits),
    limiter: new RateLimiter(1000, 100, systemClock),
    clock: systemClock,
    userAgent: 'ecs-nics/0.1.0',
    ...settings,
  });
  onTestFinished(() => cloud.close());
  return cloud;
}

export interface Canned {
  status?: number;
  headers?: Record<string, string>;
  /** Text as it is; anything else as JSON. */
  body?: unknown;
}

/** A client that gets these answers one after the other (the last one for ever), without a network. */
export function clientAnswered(answers: Canned | Canned[], settings: Partial<CloudSettings> = {}) {
  const requests: TransportRequest[] = [];
  const list = [answers].flat();
  const transport: Transport = async (request) => {
    request.beforeWrite?.();
    const { status = 200, headers = {}, body = '' } = list[Math.min(requests.length, list.length - 1)]!;
    requests.push(request);
    return { status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
  };
  return { cloud: clientOf('http://cloud.test', { transport, ...settings }), requests };
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<CloudError> {
  const error = await call.then(
    (value) => new Error(`did not fail: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CloudError)) throw error;
  return error;
}

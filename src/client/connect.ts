/** The starter's connection to Temporal, configured by the `TEMPORAL_*` variables and profiles that every SDK reads. */
import { connect as connectTcp } from 'node:net';
import { Client, Connection, isGrpcDeadlineError, isGrpcServiceError } from '@temporalio/client';
import { lenient } from './payloads';
import type { TemporalTarget } from './target';
import { endpointOf } from './target';

/** Long enough for a slow VPN, short enough for somebody who waits. */
const PROBE_MS = 5_000;
const HANDSHAKE_MS = 10_000;

/** An open connection. Every call through {@link Temporal.call} is bounded, so that nothing here can hang. */
export interface Temporal {
  address: string;
  namespace: string;
  client: Client;
  connection: Connection;
  /** Runs `fn` with a deadline for all its requests, in ms from now. */
  call<T>(deadlineMs: number, fn: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Temporal can't be used; the message names the address and the remedy. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

/** Connects. Throws {@link TemporalUnreachable}. */
export async function connectTemporal(target: TemporalTarget): Promise<Temporal> {
  const { address, namespace, options } = target;
  const endpoint = endpointOf(address);
  // A refused connection makes gRPC back off and try on until its time-out: asking TCP first answers at once.
  if (endpoint !== null && !viaProxy(endpoint.host)) await probe(endpoint, address);
  let connection: Connection | null = null;
  try {
    // An address that is none is refused here, before anything is sent.
    connection = Connection.lazy({
      address,
      connectTimeout: HANDSHAKE_MS,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
      ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
    });
    await connection.ensureConnected();
  } catch (error) {
    await connection?.close();
    throw new TemporalUnreachable(
      `Temporal at ${address || '""'} can't be used: ${reasonOf(error)}. ` +
        'Check TEMPORAL_ADDRESS, TEMPORAL_TLS and TEMPORAL_API_KEY.',
      { cause: error },
    );
  }
  const connected = connection;
  return {
    address,
    namespace,
    client: new Client({ connection: connected, namespace, dataConverter: { payloadCodecs: [lenient] } }),
    connection: connected,
    call: (deadlineMs, fn) => connected.withDeadline(Date.now() + deadlineMs, fn),
    close: () => connected.close(),
  };
}

/** Temporal Cloud has a Web UI and tools of its own. */
export function isTemporalCloud(address: string): boolean {
  return /\.(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/.test(address);
}

/** gRPC goes through these proxies, by these variables; a direct probe might fail there for no reason. */
function viaProxy(host: string): boolean {
  const { env } = process;
  if (!env.grpc_proxy && !env.https_proxy && !env.http_proxy) return false;
  const direct = (env.no_grpc_proxy ?? env.no_proxy ?? '').split(',').filter(Boolean);
  return !direct.some((suffix) => host.endsWith(suffix));
}

async function probe(endpoint: { host: string; port: number }, address: string): Promise<void> {
  const problem = await new Promise<string | null>((resolve) => {
    const socket = connectTcp({ ...endpoint, timeout: PROBE_MS });
    const end = (result: string | null) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end(`no answer within ${PROBE_MS / 1_000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(wordOf(error)));
  });
  if (problem !== null) {
    throw new TemporalUnreachable(
      `Temporal is not reachable at ${address} (${problem}). ` +
        'Start it, or set TEMPORAL_ADDRESS to where it runs.',
    );
  }
}

function wordOf(error: NodeJS.ErrnoException): string {
  const words: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the host name could not be looked up',
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'no route to the network',
    ETIMEDOUT: 'no answer',
  };
  return words[error.code ?? ''] ?? error.code ?? error.message;
}

/** The fact behind an error of the client, on one line. */
export function reasonOf(error: unknown): string {
  if (isGrpcDeadlineError(error)) return 'no answer in time';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = isGrpcServiceError(cause)
    ? cause.details || cause.message
    : cause instanceof Error
      ? cause.message
      : String(cause);
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

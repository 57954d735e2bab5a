/** A connection to Temporal: the caller's own, or one from the `TEMPORAL_*` variables and profiles of every SDK. */
import { Client, Connection } from '@temporalio/client';
import { TemporalUnreachable } from './errors';
import { blockedWay, explain } from './explain/connection';
import { nameOf } from './explain/looks';
import { lenient } from './payloads';
import type { ProxyServer } from '../contract/proxy';
import type { TemporalTarget } from './target';

const HANDSHAKE_MS = 10_000;

/** What all functions here call. Every call through {@link Temporal.call} has a time limit, so nothing can hang. */
export interface Temporal {
  /** The server's address, for messages. */
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  /** Runs `fn` with a deadline for all its requests, in ms from now. */
  readonly call: <T>(deadlineMs: number, fn: () => Promise<T>) => Promise<T>;
}

/**
 * Temporal through the caller's own client, over a `Connection` or the `NativeConnection` of a worker. Give that client
 * {@link lenient} as (first) payload codec if other callers may leave payloads on runs that it cannot read.
 * @param address for messages
 */
export function temporalOf(client: Client, address = addressOf(client)): Temporal {
  const { namespace } = client.options;
  return { address, namespace, client, call: (ms, fn) => client.withDeadline(Date.now() + ms, fn) };
}

/**
 * The same, with all requests together limited to `ms` from now: for functions that ask once. Functions that ask until
 * there is an answer (`followRun`, `decide`, `settled`) treat a request that failed at this limit as an outage, and ask
 * again: use their `until`.
 */
export function within(temporal: Temporal, ms: number): Temporal {
  const until = Date.now() + ms;
  return { ...temporal, call: (each, fn) => temporal.call(Math.min(each, until - Date.now()), fn) };
}

function addressOf({ connection }: Client): string {
  const { options } = connection as { options?: { address?: string } };
  return options?.address ?? 'an unknown address';
}

/** Connects. Throws {@link TemporalUnreachable}. */
export async function connectTemporal(
  target: TemporalTarget,
): Promise<Temporal & { close(): Promise<void> }> {
  const { address, namespace, options, proxy } = target;
  await mustAccept(target);
  let connection: Connection | null = null;
  try {
    // An invalid address is refused here, before anything is sent.
    connection = through(proxy, () =>
      Connection.lazy({
        address,
        connectTimeout: HANDSHAKE_MS,
        ...(options.tls === undefined ? {} : { tls: options.tls }),
        ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
        ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
      }),
    );
    await connection.ensureConnected();
  } catch (error) {
    await connection?.close();
    throw await unreachable(error, target);
  }
  const connected = connection;
  const client = new Client({
    connection: connected,
    namespace,
    dataConverter: { payloadCodecs: [lenient] },
  });
  return { ...temporalOf(client, address), close: () => connected.close() };
}

/**
 * Throws {@link TemporalUnreachable} when no connection to the server comes about, directly or through its proxy: after a
 * refused one gRPC backs off and retries until its time-out, and this look reports the refusal at once.
 */
export async function mustAccept(target: TemporalTarget, withinMs?: number): Promise<void> {
  const blocked = await blockedWay(target, withinMs);
  if (blocked !== null) throw new TemporalUnreachable(target.address, blocked);
}

/** The error of a connection that failed, with the cause and its remedy. */
export async function unreachable(
  error: unknown,
  target: TemporalTarget,
  ms?: number,
): Promise<TemporalUnreachable> {
  if (error instanceof TemporalUnreachable) return error;
  return new TemporalUnreachable(target.address, await explain(error, target, ms), { cause: error });
}

/** Temporal Cloud has its own Web UI and tools. */
export function isTemporalCloud(address: string): boolean {
  return /\.(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/.test(address);
}

/** What gRPC reads by itself, by rules of its own: loopback goes through a proxy, and only lower-case names count. */
const READ_BY_GRPC = ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'];

/** Makes the connection through this proxy, or through none. gRPC reads its variables in that moment. */
function through<T>(proxy: ProxyServer | null, connect: () => T): T {
  const kept = READ_BY_GRPC.map((name) => [name, process.env[name]] as const);
  for (const name of READ_BY_GRPC) delete process.env[name];
  if (proxy !== null) process.env.grpc_proxy = urlOf(proxy);
  try {
    return connect();
  } finally {
    for (const [name, value] of kept) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function urlOf(proxy: ProxyServer): string {
  const { login } = proxy;
  const who =
    login === null ? '' : `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@`;
  return `http://${who}${nameOf(proxy)}`;
}

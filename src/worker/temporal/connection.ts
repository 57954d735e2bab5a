/** The worker's connection to Temporal. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import type { Temporal as AnyTemporal } from '../../client/connect';
import { diagnose } from '../../client/diagnosis';
import { nameOf, probe, temporalOf } from '../../client/connect';
import { reasonOf as factOf } from '../../client/grpc';
import { readRetention } from '../../client/namespace-settings';
import { lenient } from '../../client/payloads';
import type { ProxyServer } from '../../contract/proxy';
import type { TemporalTarget } from '../../client/target';
import { endpointOf } from '../../client/target';

/** After this time the orchestrator restarts the worker; a longer silence would look like health. */
const CONNECT_FOR_MS = 60_000;
/** Limit of one try: without it a server that accepts connections and never answers would take half a minute. */
const TRY_MS = 10_000;
const PROBE_MS = 5_000;

export class UnreachableError extends Error {}
/** Something answers, and can't be talked to in this way. The message names the remedy. */
export class WrongConnection extends Error {}

export interface Temporal extends AnyTemporal {
  connection: NativeConnection;
  /** How long the namespace keeps closed runs, in ms; `null`: unknown. */
  retentionMs: number | null;
}

/**
 * Connects, and retries for 60 s. Throws {@link UnreachableError}.
 * @param trouble receives why it is not connected yet
 */
export async function connect(
  target: TemporalTarget,
  log: Logger,
  trouble: (problem: string) => void = () => {},
): Promise<Temporal> {
  const { address, namespace } = target;
  const until = Date.now() + CONNECT_FOR_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectOnce(target, Math.max(until - Date.now(), 500));
    } catch (error) {
      const message = reasonOf(error);
      const waitMs = Math.min(250 * 2 ** Math.min(attempt, 5), 5_000);
      if (Date.now() + waitMs >= until) {
        throw new UnreachableError(
          `Temporal at ${address} (namespace ${namespace}) was not reachable for ${CONNECT_FOR_MS / 1_000} s: ${message}.` +
            ' Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS or API key settings.',
        );
      }
      trouble(message);
      if (attempt === 1 || attempt % 10 === 0)
        log.warn(`Temporal at ${address} is not reachable yet: ${message}`, { attempt });
      await delay(waitMs);
    }
  }
}

/** One try, of 10 s at most. Throws the SDK's error when Temporal, or the namespace, does not answer. */
export async function connectOnce(target: TemporalTarget, limitMs = TRY_MS): Promise<Temporal> {
  const { address, namespace, options, proxy } = target;
  // After a refused connection gRPC backs off for a second, whatever the server does meanwhile: probe first.
  const problem = await probe(proxy ?? endpointOf(address)!, Math.min(PROBE_MS, limitMs));
  if (problem !== null) {
    const fact = problem === 'late' ? new Error('no answer') : problem;
    throw proxy === null ? fact : new Error(`the proxy ${nameOf(proxy)} does not answer (${factOf(fact)})`);
  }
  const ms = Math.min(TRY_MS, limitMs);
  const connecting = NativeConnection.connect({ ...options, address, ...viaProxy(proxy) });
  const connection = await within(ms, connecting, 'it accepts connections, but does not answer').catch(
    async (error: unknown) => {
      void connecting.then((late) => late.close()).catch(() => undefined);
      const why = await diagnose(target);
      throw why === null ? error : new WrongConnection(why);
    },
  );
  try {
    const client = new Client({ connection, namespace, dataConverter: { payloadCodecs: [lenient] } });
    const temporal = temporalOf(client, address);
    return { ...temporal, connection, retentionMs: await readRetention(temporal, ms) };
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
}

function viaProxy(proxy: ProxyServer | null) {
  if (proxy === null) return {};
  const { login } = proxy;
  const basicAuth = login === null ? {} : { basicAuth: { username: login.user, password: login.password } };
  return { proxy: { type: 'http-connect' as const, targetHost: nameOf(proxy), ...basicAuth } };
}

/** The fact behind an error, on one line; Core's errors in plain words. */
export function reasonOf(error: unknown): string {
  const text = factOf(error);
  if (/InvalidContentType/.test(text))
    return 'it does not speak TLS (TEMPORAL_TLS, TEMPORAL_API_KEY turn it on)';
  if (/FRAME_SIZE_ERROR|http2 error/.test(text))
    return 'the program that answers is not Temporal, or expects TLS';
  const inner = /message: "([^"]+)"/.exec(text.slice(text.lastIndexOf('message: "')))?.[1];
  return /^(tonic|Failed to call)/.test(text) && inner !== undefined ? inner.replace(/\.$/, '') : text;
}

async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  const done = new AbortController();
  const late = delay(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${otherwise} within ${Math.round(ms / 1_000)} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => undefined);
  }
}

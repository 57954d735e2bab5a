/** The worker's connection to Temporal. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import type { Temporal as AnyTemporal } from '../../client/connect';
import { mustAccept, temporalOf, unreachable } from '../../client/connect';
import { nameOf } from '../../client/explain/looks';
import { readRetention } from '../../client/namespace-settings';
import { lenient } from '../../client/payloads';
import type { ProxyServer } from '../../contract/proxy';
import type { TemporalTarget } from '../../client/target';

/** After this time the orchestrator restarts the worker; a longer silence would look like health. */
const CONNECT_FOR_MS = 60_000;
/** Limit of one try: without it a server that accepts connections and never answers would take half a minute. */
const TRY_MS = 10_000;

export class UnreachableError extends Error {}

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
      const { text, remedy } = (await unreachable(error, target)).explanation;
      const waitMs = Math.min(250 * 2 ** Math.min(attempt, 5), 5_000);
      if (Date.now() + waitMs >= until) {
        throw new UnreachableError(
          `Temporal at ${address} (namespace ${namespace}) could not be used for ${CONNECT_FOR_MS / 1_000} s: ${text}. ${remedy}.`,
        );
      }
      trouble(`${text}. ${remedy}`);
      if (attempt === 1 || attempt % 10 === 0)
        log.warn(`Temporal at ${address} can't be used yet: ${text}. ${remedy}.`, { attempt });
      await delay(waitMs);
    }
  }
}

/** A try that has used up all its time is explained all the same. */
const LEAST_LOOK_MS = 5_000;

/** One try, of 10 s at most, and a look at the cause. Throws {@link TemporalUnreachable}. */
export async function connectOnce(target: TemporalTarget, limitMs = TRY_MS): Promise<Temporal> {
  const { address, namespace, options, proxy } = target;
  const until = Date.now() + limitMs;
  await mustAccept(target, limitMs);
  const ms = Math.min(TRY_MS, limitMs);
  const connecting = NativeConnection.connect({ ...options, address, ...viaProxy(proxy) });
  try {
    const connection = await within(ms, connecting);
    const client = new Client({ connection, namespace, dataConverter: { payloadCodecs: [lenient] } });
    const temporal = temporalOf(client, address);
    return { ...temporal, connection, retentionMs: await readRetention(temporal, ms) };
  } catch (error) {
    void connecting.then((late) => late.close()).catch(() => undefined);
    throw await unreachable(error, target, Math.max(until - Date.now(), LEAST_LOOK_MS));
  }
}

function viaProxy(proxy: ProxyServer | null) {
  if (proxy === null) return {};
  const { login } = proxy;
  const basicAuth = login === null ? {} : { basicAuth: { username: login.user, password: login.password } };
  return { proxy: { type: 'http-connect' as const, targetHost: nameOf(proxy), ...basicAuth } };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = delay(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => undefined);
  }
}

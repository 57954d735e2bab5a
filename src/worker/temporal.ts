/** The worker's connection to Temporal, and what it asks the namespace. */
import { connect as tcpConnect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import type { Namespace } from '../activities/dependencies';
import type { PreviousOpenRun } from '../contract/activities';
import { ACTIVITY_FAILURE } from '../contract/activities';
import { isRecord } from '../contract/input';
import { MEMO, SEARCH_ATTRIBUTE } from '../contract/names';
import { ConfigError } from '../config';

/** An orchestrator restarts the worker after that; silence for longer would look like health. */
const CONNECT_FOR_MS = 60_000;

export class UnreachableError extends Error {}

export interface Temporal {
  connection: NativeConnection;
  client: Client;
  namespace: string;
  address: string;
}

/** Connects by `TEMPORAL_*` (envconfig), trying again for 60 s. */
export async function connect(log: Logger): Promise<Temporal> {
  const { connectionOptions, namespace } = readTemporalConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  const until = Date.now() + CONNECT_FOR_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      // A refused connection backs off for a second inside gRPC, whatever the server does meanwhile: probe first.
      await probe(address, Math.min(5_000, Math.max(until - Date.now(), 500)));
      const connection = await NativeConnection.connect({ ...connectionOptions, address });
      await connection.workflowService.describeNamespace({ namespace });
      return { connection, client: new Client({ connection, namespace }), namespace, address };
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      const waitMs = Math.min(250 * 2 ** Math.min(attempt, 5), 5_000);
      if (Date.now() + waitMs >= until) {
        throw new UnreachableError(
          `Temporal at ${address} (namespace ${namespace}) was not reachable for ${CONNECT_FOR_MS / 1_000} s: ${message}.` +
            ' Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS or API key settings.',
        );
      }
      if (attempt === 1 || attempt % 10 === 0)
        log.warn(`Temporal at ${address} is not reachable yet: ${message}`, { attempt });
      await delay(waitMs);
    }
  }
}

function readTemporalConfig(): ReturnType<typeof loadClientConnectConfig> & { namespace: string } {
  try {
    const config = loadClientConnectConfig();
    return { ...config, namespace: config.namespace ?? 'default' };
  } catch (error) {
    throw new ConfigError([`TEMPORAL_*: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

function probe(address: string, timeoutMs: number): Promise<void> {
  const split = address.lastIndexOf(':');
  const host = address.slice(0, split).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(split + 1));
  if (split < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigError([`TEMPORAL_ADDRESS: ${JSON.stringify(address)} is not host:port`]);
  }
  return new Promise((resolve, reject) => {
    const socket = tcpConnect({ host, port });
    const done = (error?: Error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.setTimeout(timeoutMs, () => done(new Error('no answer')));
    socket.once('connect', () => done());
    socket.once('error', done);
  });
}

/** What the activities may ask; the search attributes are read once, at boot. */
export async function describeNamespace(
  { connection, client, namespace }: Temporal,
  log: Logger,
): Promise<Namespace> {
  let searchAttributes: string[] = [];
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    searchAttributes = Object.values(SEARCH_ATTRIBUTE).filter(
      (name) => customAttributes?.[name] !== undefined,
    );
  } catch (error) {
    // Everything runs without them; a namespace may well forbid the question.
    log.warn('search attributes could not be listed: runs go without', { error });
  }
  return {
    searchAttributes,
    previousOpenRun: (run) => previousOpenRun(client, run, log),
  };
}

const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

async function previousOpenRun(
  client: Client,
  run: { workflowId: string; runId: string },
  log: Logger,
): Promise<PreviousOpenRun | null> {
  try {
    const query = `WorkflowId = '${run.workflowId.replace(/'/g, '')}'`;
    for await (const { runId } of client.workflow.list({ query, pageSize: 2 })) {
      if (runId === run.runId) continue;
      // Newest first, and a run hands on what it found open. The list lags, the description does not.
      const { memo } = await client.workflow.getHandle(run.workflowId, runId).describe();
      const open = memo?.[MEMO.open];
      if (!isRecord(open)) return null;
      return {
        runId,
        nics: Array.isArray(open.nics) ? open.nics.filter((id): id is string => typeof id === 'string') : [],
        since: typeof open.since === 'string' ? open.since : '',
        jobId: typeof open.jobId === 'string' ? open.jobId : null,
      };
    }
    return null;
  } catch (error) {
    const code =
      (error as { cause?: { code?: number }; code?: number }).cause?.code ??
      (error as { code?: number }).code;
    // A server or an identity that can't list at all must not stop all work; the guards look at the server itself.
    if (code === GRPC_UNIMPLEMENTED || code === GRPC_PERMISSION_DENIED) {
      log.warn('runs before this one cannot be listed here', { workflowId: run.workflowId });
      return null;
    }
    // Otherwise later: what an earlier run sent must not be overlooked.
    const message = error instanceof Error ? error.message : String(error);
    throw ApplicationFailure.retryable(
      `the run before could not be looked up: ${message}`,
      ACTIVITY_FAILURE.unavailable,
    );
  }
}

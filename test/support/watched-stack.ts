/**
 * The stack of an end-to-end test, watched for secrets: before it closes, all that it has produced – histories, memos, logs,
 * metrics, the starter's output, the cloud's ledger – is searched for every key, password and token that was in use.
 */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Running } from '../../dev/processes';
import type { Worker } from '../../dev/worker';
import type { Stack, StackOptions } from '../../dev/stack';
import { startStack as start } from '../../dev/stack';
import { lenient } from '../../src/client/payloads';

/** Variables of a worker that hold secrets. */
const SECRET_VARIABLE = /_(SK|PASSWORD|TOKEN|KEY)$/;
/** A shorter one would be found in anything. */
const LEAST_LENGTH = 8;

export interface WatchedStack extends Stack {
  /** Further places and secrets, e.g. of a second worker; searched as well. */
  readonly extra: {
    texts: Record<string, string>;
    secrets: string[];
    /** The test has stopped Temporal for good: its histories can't be read any more. */
    temporalGone: boolean;
  };
}

export async function startStack(options: StackOptions = {}): Promise<WatchedStack> {
  const stack = await start(options);
  const starters: Running[] = [];
  const startStarter: Stack['startStarter'] = (...args) => {
    const running = stack.startStarter(...args);
    starters.push(running);
    return running;
  };
  const workers = [stack.worker];
  const addWorker = (): Worker => {
    const worker = stack.addWorker();
    workers.push(worker);
    return worker;
  };
  const extra: WatchedStack['extra'] = { texts: {}, secrets: [], temporalGone: false };
  return {
    ...stack,
    extra,
    addWorker,
    startStarter,
    starter: (...args) => startStarter(...args).finished,
    close: async () => {
      try {
        const secrets = [
          ...(await stack.simulator.get<{ secrets: string[] }>('/_sim/secrets')).secrets,
          ...Object.entries(options.workerEnv ?? {}).flatMap(([name, value]) =>
            SECRET_VARIABLE.test(name) ? [value] : [],
          ),
          ...extra.secrets,
        ];
        const texts: Record<string, string> = {
          'the logs of the workers': workers.map(({ log }) => log).join('\n'),
          'the ledger of the cloud': JSON.stringify(await stack.simulator.get('/_sim/ledger')),
          ...(extra.temporalGone ? {} : await historiesOf(stack)),
          ...extra.texts,
        };
        for (const [n, running] of starters.entries()) {
          texts[`output ${n + 1} of the starter`] = running.stdout() + running.stderr();
        }
        const address = options.workerEnv?.ECS_NICS_METRICS_ADDRESS ?? 'off';
        if (/:[1-9]/.test(address)) texts['the metrics'] = await scraped(address);
        const found = findSecrets(texts, secrets);
        if (found.length > 0) throw new Error(`secrets were given away:\n${found.join('\n')}`);
      } finally {
        await stack.close();
      }
    },
  };
}

/** Where a secret stands, with what stands before it; never the secret itself. */
export function findSecrets(texts: Record<string, string>, secrets: readonly string[]): string[] {
  return Object.entries(texts).flatMap(([place, text]) =>
    [...new Set(secrets)].flatMap((secret) => {
      const at = secret.length < LEAST_LENGTH ? -1 : text.indexOf(secret);
      return at < 0 ? [] : [`${place}: … ${text.slice(Math.max(0, at - 60), at)}`];
    }),
  );
}

/** Of all runs on the stack's queue, by name; payloads decoded, memos included. */
async function historiesOf(stack: Stack): Promise<Record<string, string>> {
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: stack.temporal.env });
  const connection = await Connection.connect(connectionOptions);
  try {
    // Some test leaves memos that nobody can read.
    const client = new Client({ connection, namespace, dataConverter: { payloadCodecs: [lenient] } });
    const texts: Record<string, string> = {};
    for await (const { workflowId, runId } of client.workflow.list({
      query: `TaskQueue = '${stack.taskQueue}'`,
    })) {
      const handle = client.workflow.getHandle(workflowId, runId);
      texts[`the history of ${workflowId}`] = readable([
        await handle.fetchHistory(),
        (await handle.describe()).raw,
      ]);
    }
    return texts;
  } finally {
    await connection.close();
  }
}

/** As JSON, payloads decoded: protobuf messages write their bytes as base64. */
export function readable(value: unknown): string {
  return JSON.stringify(value, (name, part: unknown) =>
    name === 'data' && typeof part === 'string' ? Buffer.from(part, 'base64').toString('utf8') : part,
  );
}

/** Of a worker that has been stopped: nothing. */
async function scraped(address: string): Promise<string> {
  try {
    return await (await fetch(`http://${address}/metrics`)).text();
  } catch {
    return '';
  }
}

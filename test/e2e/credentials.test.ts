/** The real worker with every kind of credentials, right, wrong and turning wrong; the simulated cloud checks them all. */
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../src/contract';
import { until } from '../../dev/ports';
import type { Stack } from '../../dev/stack';
import { readable, startStack } from '../support/watched-stack';
import { createServer, TIMING, untilPosted } from '../support/e2e';
import { expectTruth } from '../support/truth';

const LOGIN = {
  HW_DOMAIN_NAME: 'domain-of-the-credential-tests',
  HW_USER_NAME: 'user-of-the-credential-tests',
  HW_USER_PASSWORD: 'password "of" the-credential-tests',
};
const WRONG_SK = 'wrong-secret-key-of-the-credential-tests';
const WRONG_PASSWORD = 'wrong-password-of-the-credential-tests';
const NO_KEYS = { HUAWEICLOUD_SDK_AK: '', HUAWEICLOUD_SDK_SK: '' };

interface Entry {
  class: string;
  status: number;
  serverId?: string;
  proof?: string;
}

let stack: Stack;
let client: Client;
let connection: Connection;
const outputs: string[] = [];
const servers: string[] = [];

beforeAll(async () => {
  stack = await startStack({
    label: 'credentials',
    startWorker: false,
    simulatorArgs: [
      ...['--domain', LOGIN.HW_DOMAIN_NAME, '--user', LOGIN.HW_USER_NAME],
      ...['--password', LOGIN.HW_USER_PASSWORD],
    ],
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
  });
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
});
afterEach(async () => {
  await stack.worker.terminate();
});

async function work(env: Record<string, string> = {}): Promise<void> {
  stack.worker.start(env);
  await stack.worker.ready(stack.temporal, stack.taskQueue);
}

const ledger = async () => (await stack.simulator.get<{ requests: Entry[] }>('/_sim/ledger')).requests;
const countOf = async (kind: string) => (await ledger()).filter((entry) => entry.class === kind).length;
const key = async () => {
  const { keys } = await stack.simulator.get<{ keys: { ak: string; failures: number; locks: number }[] }>(
    '/_sim/keys',
  );
  return keys.find(({ ak }) => ak === stack.simulator.accessKey.ak);
};

async function newServer(settings: Record<string, unknown> = {}) {
  const server = await createServer(stack.simulator, settings);
  servers.push(server.id);
  return server;
}

/** Lines come a moment after what they tell of. */
async function logged(text: string): Promise<void> {
  expect(await until(async () => stack.worker.log.includes(text), 120_000), `in the log: ${text}`).toBe(true);
}

const start = (server: { id: string; nics: string[] }) =>
  client.workflow.start('deleteServerNics', {
    taskQueue: stack.taskQueue,
    workflowId: `nics/${server.id}`,
    args: [{ serverId: server.id, nics: server.nics.map((id) => ({ id })), timing: TIMING }],
  });

async function endOf(
  result: Promise<unknown>,
): Promise<{ type: string; message: string; told: ResultDocument }> {
  try {
    return { type: 'Completed', message: '', told: (await result) as ResultDocument };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
    const { type, message, details } = error.cause;
    return { type: type ?? '', message, told: details?.[0] as ResultDocument };
  }
}

async function deleted(server: { id: string; nics: string[] }): Promise<void> {
  const { type, told } = await endOf((await start(server)).result());
  expect([type, told.outcome]).toEqual(['Completed', 'deleted']);
  await expectTruth(stack.simulator, told);
}

/** The starter, as an operator sees it. */
async function starter(server: { id: string; nics: string[] }) {
  const args = [
    'delete',
    server.id,
    '--nic',
    server.nics[0] ?? '',
    '--yes',
    '--json',
    '--timing',
    JSON.stringify(TIMING),
  ];
  const { code, stdout, stderr } = await stack.starter(args);
  outputs.push(stdout, stderr);
  return { code, answer: JSON.parse(stdout) as { failure: { type: string; message: string } } };
}

describe('credentials', { timeout: 240_000 }, () => {
  it('twenty runs at once with a wrong key: refused, nearly nothing sent, the key not locked', async () => {
    await work({ HUAWEICLOUD_SDK_SK: WRONG_SK });
    const all = await Promise.all(Array.from({ length: 20 }, () => newServer()));
    const handles = await Promise.all(all.map(start));
    const ends = await Promise.all(handles.map((handle) => endOf(handle.result())));
    // The first look was refused, and yet the Web UI's list tells such runs from others.
    const outcomes = handles.map(async (handle) => (await handle.describe()).searchAttributes.NicsOutcome);
    expect(await Promise.all(outcomes)).toEqual(handles.map(() => ['cloud-refused']));
    for (const { type, message, told } of ends) {
      expect(type).toBe('CloudRefused');
      expect(message).toMatch(/^nothing was changed: .*APIGW.0301.*Set the right access keys/);
      expect(told.nics.map(({ outcome }) => outcome)).toEqual(['untouched', 'untouched', 'untouched']);
    }
    const { code, answer } = await starter(all[0]!);
    expect([code, answer.failure.type]).toEqual([4, 'CloudRefused']);
    const refused = (await ledger()).filter(({ status, proof }) => status === 401 && proof === 'signature');
    // One, and one more when the runs took more than a minute to start.
    expect(refused.length).toBeLessThanOrEqual(2);
    expect(await key()).toMatchObject({ locks: 0 });
    await logged('it tries once a minute until the cloud accepts them');
  });

  it('a key that turns wrong after the submission and is repaired: the verdicts stand', async () => {
    await work();
    const server = await newServer({ jobSeconds: 4 });
    const handle = await start(server);
    await untilPosted(stack.simulator, server.id);
    const { ak, sk } = stack.simulator.accessKey;
    await stack.simulator.post('/_sim/keys', { ak, sk: 'another' });
    const refusals = async () =>
      (await ledger()).filter(
        ({ status, serverId, class: kind }) => status === 401 && (serverId === server.id || kind === 'job'),
      );
    const before = (await refusals()).length;
    expect(await until(async () => (await refusals()).length > before, 120_000)).toBe(true);
    const waits = async () => (await handle.query<ResultDocument>('status')).waitingFor ?? '';
    expect(await until(async () => /APIGW.0301/.test(await waits()), 120_000)).toBe(true);
    await stack.simulator.post('/_sim/keys', { ak, sk });
    const { type, told } = await endOf(handle.result());
    expect([type, told.outcome, told.submissions]).toEqual(['Completed', 'deleted', 1]);
    await expectTruth(stack.simulator, told);
    expect((await refusals()).length - before).toBeLessThanOrEqual(2);
    expect(await key()).toMatchObject({ failures: 0, locks: 0 });
  });

  it('a password login: one token for all, renewed once when it is revoked in the midst of a run', async () => {
    const before = await countOf('iam');
    await work({ ...NO_KEYS, ...LOGIN });
    const long = await newServer({ jobSeconds: 5 });
    const handle = await start(long);
    await Promise.all((await Promise.all([newServer(), newServer(), newServer()])).map(deleted));
    expect((await countOf('iam')) - before).toBe(1);
    await untilPosted(stack.simulator, long.id);
    await stack.simulator.post('/_sim/tokens/revoke', {});
    const { type, told } = await endOf(handle.result());
    expect([type, told.outcome, told.submissions]).toEqual(['Completed', 'deleted', 1]);
    expect((await countOf('iam')) - before).toBe(2);
    await logged('"credentials":"password login (HW_DOMAIN_NAME, HW_USER_NAME, HW_USER_PASSWORD)"');
  });

  it('a wrong password: one login for all runs, refused with what to check', async () => {
    const before = await countOf('iam');
    await work({ ...NO_KEYS, ...LOGIN, HW_USER_PASSWORD: WRONG_PASSWORD });
    const { code, answer } = await starter(await newServer());
    expect([code, answer.failure.type]).toEqual([4, 'CloudRefused']);
    expect(answer.failure.message).toMatch(/not sent, IAM refused the worker’s login.*HW_USER_PASSWORD/);
    const all = await Promise.all(Array.from({ length: 5 }, () => newServer()));
    const ends = await Promise.all(all.map(async (server) => endOf((await start(server)).result())));
    expect(ends.map(({ type }) => type)).toEqual(Array(5).fill('CloudRefused'));
    expect((await countOf('iam')) - before).toBe(1);
  });

  it('no credentials at all: those of the server’s agency, from the metadata service', async () => {
    await work({ ...NO_KEYS, ECS_NICS_METADATA_ENDPOINT: stack.simulator.url });
    await deleted(await newServer());
    await deleted(await newServer());
    expect(await countOf('metadata')).toBe(2);
    await logged('"credentials":"the server’s agency (metadata service)"');
  });

  it('a clock that is off is told apart from a wrong key', async () => {
    await stack.simulator.control('PATCH', '/_sim/knobs', { clockSkewSeconds: -30 * 60 });
    await work();
    const { code, answer } = await starter(await newServer());
    expect(code).toBe(4);
    expect(answer.failure.message).toContain('the worker’s clock is 30 minutes ahead of the cloud’s');
    await logged('the worker’s clock is 30 minutes ahead of the cloud’s');
    await stack.simulator.control('PATCH', '/_sim/knobs', { clockSkewSeconds: 0 });
  });

  it('no secret is in any history, log, output or ledger', async () => {
    const token = await fetch(`${stack.simulator.url}/meta-data/latest/api/token`, {
      method: 'PUT',
      headers: { 'X-Metadata-Token-Ttl-Seconds': '60' },
    });
    const { credential } = (await (
      await fetch(`${stack.simulator.url}/openstack/latest/securitykey`, {
        headers: { 'X-Metadata-Token': await token.text() },
      })
    ).json()) as { credential: Record<string, string> };
    const texts = [stack.worker.log, ...outputs, JSON.stringify(await stack.simulator.get('/_sim/ledger'))];
    for (const serverId of servers) {
      for await (const { runId } of client.workflow.list({ query: `WorkflowId = 'nics/${serverId}'` })) {
        texts.push(readable(await client.workflow.getHandle(`nics/${serverId}`, runId).fetchHistory()));
      }
    }
    expect(texts.length).toBeGreaterThan(30);
    const everything = texts.join('\n');
    expect(everything).toContain('APIGW.0301');
    // Payloads are decoded: what is looked for would be found.
    expect(everything.includes(`{\\"serverId\\":\\"${servers[0]}`)).toBe(true);
    const { ak, sk } = stack.simulator.accessKey;
    const { access, secret, securitytoken } = credential;
    // Tokens of the simulated IAM begin like this, and go on for 2,000 characters.
    const secrets = [
      ak,
      sk,
      WRONG_SK,
      WRONG_PASSWORD,
      'the-credential-tests',
      /MII[0-9a-f]{20}/,
      access,
      secret,
      securitytoken,
    ];
    for (const each of secrets) {
      if (each instanceof RegExp) expect(everything).not.toMatch(each);
      else expect(everything).not.toContain(each ?? 'no such key');
    }
  });
});

/**
 * A namespace that does not let its search attributes be listed, as in Temporal Cloud: a real server behind a front that refuses just that
 * call. The worker sets what the operator says there is, as far as queries confirm it; `setup` finds out what it can.
 */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cleanEnvironment, startProgram } from '../../dev/processes';
import { cloudSettings } from '../../dev/simulator';
import type { ResultDocument } from '../../src/contract';
import { SEARCH_ATTRIBUTE } from '../../src/contract';
import { createServer, TIMING } from '../support/e2e';
import type { GrpcFront } from '../support/grpc-front';
import { grpcFront } from '../support/grpc-front';
import { expectTruth } from '../support/truth';
import type { WatchedStack } from '../support/watched-stack';
import { startStack } from '../support/watched-stack';

const [PERMISSION_DENIED, UNIMPLEMENTED, NOT_THERE] = [7, 12, 'NicsOutcome'];
const ALL = Object.values(SEARCH_ATTRIBUTE);
const VARIABLE = 'ECS_NICS_SEARCH_ATTRIBUTES';
const NO_ADDRESSES = { ECS_NICS_HEALTH_ADDRESS: 'off', ECS_NICS_METRICS_ADDRESS: 'off' };

let stack: WatchedStack;
let front: GrpcFront;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  stack = await startStack({
    label: 'unlisted',
    workerEnv: { ECS_NICS_CLOUD_RPS: '50' },
    startWorker: false,
  });
  front = await grpcFront(stack.temporal.address);
  connection = await Connection.connect({ address: stack.temporal.address });
  client = new Client({ connection, namespace: stack.temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
  await stack?.close();
  await front?.close();
});
beforeEach(() => {
  front.refuses = { ListSearchAttributes: PERMISSION_DENIED };
  front.refused = [];
});

/** One of ours is missing from here on, or there again. */
async function remove(name: string): Promise<() => Promise<void>> {
  const { namespace } = stack.temporal;
  const isKnown = async () => {
    const query = `${name} STARTS_WITH 'x'`;
    return connection.workflowService.countWorkflowExecutions({ namespace, query }).then(
      () => true,
      () => false,
    );
  };
  const until = async (wanted: boolean) => {
    while ((await isKnown()) !== wanted) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: [name] });
  await until(false);
  return async () => {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: 2 } });
    await until(true);
  };
}

/** A worker that is told this plays a deletion: its search attributes afterwards, and what it has logged of them. */
async function played(told: Record<string, string>): Promise<{ set: string[]; said: string }> {
  const before = stack.worker.log.length;
  stack.worker.start({ TEMPORAL_ADDRESS: front.address, ...told });
  await stack.worker.ready(stack.temporal, stack.taskQueue);
  const { id } = await createServer(stack.simulator);
  const timing = JSON.stringify(TIMING);
  const { code, stdout, stderr } = await stack.starter([
    ...['delete', id, '--all', '--yes', '--json', '--timing', timing],
  ]);
  expect(code, stderr).toBe(0);
  await expectTruth(stack.simulator, JSON.parse(stdout) as ResultDocument);
  const handle = client.workflow.getHandle(`nics/${id}`);
  const set = Object.keys((await handle.describe()).searchAttributes).filter((name) =>
    ALL.includes(name as never),
  );
  // A value that the namespace does not take fails the task, which is tried again without end.
  const failed = (await handle.fetchHistory()).events?.filter(
    ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes,
  );
  expect(failed).toEqual([]);
  await stack.worker.terminate();
  const lines = stack.worker.log.slice(before).split('\n');
  return { set: set.sort(), said: lines.filter((line) => line.includes('search attributes')).join('\n') };
}

it('a worker that is told `all` sets them, but for one which is not there, and names that', async () => {
  front.refuses = { ListSearchAttributes: UNIMPLEMENTED };
  const restore = await remove(NOT_THERE);
  const { set, said } = await played({ [VARIABLE]: 'all' });
  await restore();
  expect(set).toEqual(['EcsServerId', 'NicsPhase']);
  expect(said).toMatch(/names NicsOutcome, but the namespace takes no query for that/);
});

it('a worker that is told some sets those, also when no query could confirm them', async () => {
  front.refuses.CountWorkflowExecutions = PERMISSION_DENIED;
  const { set, said } = await played({ [VARIABLE]: 'EcsServerId' });
  expect(set).toEqual(['EcsServerId']);
  expect(said).toMatch(/EcsServerId, as ECS_NICS_SEARCH_ATTRIBUTES says, which no query could confirm/);
});

it('`--check` says the same', async () => {
  const check = async (told: string) => {
    const env = { ...cloudSettings(stack.simulator), ...NO_ADDRESSES, ...stack.starterEnv };
    const settings = { ...env, TEMPORAL_ADDRESS: front.address, [VARIABLE]: told };
    const { stdout } = await startProgram('worker.js', ['--check'], cleanEnvironment(process.env, settings))
      .finished;
    return stdout.split('\n').find((line) => line.includes(' search attributes '));
  };
  expect(await check('')).toMatch(/^warning .*ECS_NICS_SEARCH_ATTRIBUTES tells the worker which there are/);
  expect(await check('all')).toMatch(
    /^ok .*EcsServerId, NicsPhase, NicsOutcome, DecommissionRun, as ECS_NICS/,
  );
  expect(await check('none')).toMatch(/^ok .*none, as ECS_NICS_SEARCH_ATTRIBUTES says/);
});

it('`setup` finds them by queries, adds what is missing, and says what to tell the workers', async () => {
  const setup = () => stack.starter(['setup', '--json'], { TEMPORAL_ADDRESS: front.address });
  const statesIn = (stdout: string) => {
    const { searchAttributes, warnings } = JSON.parse(stdout) as {
      searchAttributes: { name: string; state: string }[];
      warnings: string[];
    };
    return [
      Object.fromEntries(searchAttributes.map(({ name, state }) => [name, state])),
      warnings.join(),
    ] as const;
  };
  await remove(NOT_THERE);
  front.refuses.AddSearchAttributes = PERMISSION_DENIED;
  const refused = await setup();
  expect(refused.code).toBe(1);
  expect(refused.stderr + refused.stdout).toContain(
    `temporal operator search-attribute create --namespace default --type Keyword --name ${NOT_THERE}`,
  );
  delete front.refuses.AddSearchAttributes;
  const added = await setup();
  expect(added.code, added.stderr).toBe(0);
  const [states, warnings] = statesIn(added.stdout);
  expect(states).toMatchObject({ EcsServerId: 'present' });
  expect(warnings).toMatch(/does not let its search attributes be listed .*: ECS_NICS_SEARCH_ATTRIBUTES=all/);

  front.refuses = { ...front.refuses, CountWorkflowExecutions: PERMISSION_DENIED };
  const blind = await setup();
  expect(blind.code).toBe(1);
  expect(blind.stdout).toContain('does not say whether they exist');
});

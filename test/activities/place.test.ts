/** A worker answers for its own project, region and endpoints only, and every answer tells what it knows of the namespace. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CloudActivities, Place } from '../../src/activities/agreement';
import { ACTIVITY_FAILURE } from '../../src/activities/agreement';
import { createBench, environmentOf, RUN } from './support';

const bench = createBench();
const { simulator } = bench;
let activities: CloudActivities;
let here: Place;
beforeAll(async () => {
  const url = await simulator.listen();
  activities = bench.activitiesAt(url);
  here = { projectId: simulator.projectId, region: simulator.region, ecs: url, vpc: url };
});
afterAll(() => simulator.close());

const server = '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01';
const INPUTS: Record<keyof CloudActivities, object> = {
  inspectServer: { nicIds: [], previousRunOf: null },
  inspectServers: { servers: [{ serverId: server, nicIds: [] }] },
  deleteNics: { nicIds: [server] },
  getJobStatus: { jobId: 'ff8080820000000000000000000000aa' },
  listNics: { ports: [server], server: true },
  setPortFlags: { flags: { [server]: true } },
  deletePorts: { portIds: [server] },
  attachNics: { portIds: [server] },
  createPort: { name: 'n', networkId: server, address: null, securityGroups: null },
  updatePort: { portId: server, changes: { name: 'n' } },
  bindElasticIp: { address: '203.0.113.1', portId: server },
  findAddresses: { addresses: [{ networkId: server, ip: null, madeAs: 'x' }] },
  listServers: { after: null, name: null, status: null, tags: [] },
  readRun: { workflowId: RUN.workflowId, runId: RUN.runId },
  describeRuns: { workflowIds: [] },
  listSearchAttributes: {},
};
const ELSEWHERE: [keyof Place, string][] = [
  ['projectId', 'ffffffffffffffffffffffffffffffff'],
  ['region', 'eu-west-999'],
  ['ecs', 'https://ecs.elsewhere.test'],
  ['vpc', 'https://vpc.elsewhere.test'],
];

function run(name: keyof CloudActivities, place: Partial<Place> | null | undefined): Promise<unknown> {
  const input = { serverId: server, originalRunId: RUN.runId, ...INPUTS[name], place };
  return environmentOf().run(activities[name] as (input: unknown) => Promise<unknown>, input);
}

const names = Object.keys(INPUTS) as (keyof CloudActivities)[];

it('the list here is the list of activities', () => {
  expect(names.sort()).toEqual(Object.keys(activities).sort());
});

it.each(names)('%s for another place is declined before anything is sent', async (name) => {
  const since = simulator.ledger.requests.length;
  for (const [field, value] of ELSEWHERE) {
    const declined = run(name, { ...here, [field]: value });
    await expect(declined).rejects.toMatchObject({ type: ACTIVITY_FAILURE.wrongPlace, nonRetryable: true });
    // Both places are named: where it belongs, and where it has come to.
    const { message, details } = (await declined.catch(
      (error: { message: string; details: unknown[] }) => error,
    )) as {
      message: string;
      details: unknown[];
    };
    expect(message).toContain(value);
    expect(message).toContain(here.projectId);
    expect(message).toContain(here.region);
    expect(details).toEqual([{ place: here }]);
  }
  expect(simulator.ledger.requests).toHaveLength(since);
});

it.each(names)('%s for this place, or for none yet, is not declined', async (name) => {
  const declined = { type: ACTIVITY_FAILURE.wrongPlace };
  // What is not told is not compared: a run of an older worker knows project and region alone.
  const partly = { projectId: here.projectId, region: here.region };
  for (const place of [here, partly, null, undefined]) {
    const outcome = await run(name, place).catch((error: unknown) => error);
    expect(outcome).not.toMatchObject(declined);
  }
});

it('every answer tells which search attributes the namespace has', async () => {
  for (const name of ['inspectServer', 'listNics', 'readRun', 'listSearchAttributes'] as const)
    expect(await run(name, here)).toMatchObject({ searchAttributes: [] });
});

/**
 * A suspended machine stands still with its clock: when it goes on, nothing on it tells that the server has given the attempt
 * up, that the run has looked at the NICs and decided anew. So the server is asked before anything is written.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CloudActivities } from '../../src/activities/agreement';
import { call, createBench, RUN } from './support';

const bench = createBench();
const { control, ledger } = bench.simulator;
let activities: CloudActivities;
beforeAll(async () => {
  activities = bench.activitiesAt(await bench.simulator.listen());
});
afterAll(() => bench.simulator.close());

type Inputs = (nicId: string) => object;
const WRITES: [keyof CloudActivities, Inputs][] = [
  ['deleteNics', (nicId) => ({ nicIds: [nicId] })],
  ['attachNics', () => ({ portIds: [control.createPort({}).id] })],
  ['setPortFlags', (nicId) => ({ flags: { [nicId]: false } })],
  ['deletePorts', () => ({ portIds: [control.createPort({}).id] })],
  ['updatePort', () => ({ portId: control.createPort({}).id, changes: { name: 'n' } })],
  [
    'bindElasticIp',
    () => ({ portId: control.createPort({}).id, address: control.createElasticIp({}).address }),
  ],
  ['createPort', (nicId) => ({ name: 'made-for-a-test', networkId: nicId, address: null })],
];

async function played(name: keyof CloudActivities, inputOf: Inputs) {
  const server = bench.createServer();
  const input = { serverId: server.id, originalRunId: RUN.runId, ...inputOf(server.nics[1] ?? '') };
  const since = ledger.requests.length;
  const answer = await call(activities, name, input as never).catch((error: unknown) => error);
  return { answer, writes: ledger.requests.slice(since).filter(({ method }) => method !== 'GET').length };
}

it.each(WRITES)('%s writes nothing that the server does not wait for any more', async (name, inputOf) => {
  bench.suspended = true;
  expect(await played(name, inputOf)).toEqual({ answer: { kind: 'unsent', why: 'late' }, writes: 0 });
  // The same does write otherwise.
  bench.suspended = false;
  expect((await played(name, inputOf)).writes).toBe(1);
});

/** Of them the run itself decides whether they are sent again; the others are tried again by the engine. */
const ONCE = new Set<keyof CloudActivities>(['deleteNics', 'attachNics', 'createPort']);

it.each(WRITES)(
  '%s tells the run why the server could not be asked, and writes nothing',
  async (name, inputOf) => {
    const because = 'Temporal could not be asked (Request unauthorized)';
    bench.unasked = because;
    const { answer, writes } = await played(name, inputOf);
    bench.unasked = null;
    expect(writes).toBe(0);
    if (ONCE.has(name)) expect(answer).toEqual({ kind: 'unsent', why: 'late', because });
    else
      expect(answer).toMatchObject({
        type: 'CloudUnavailable',
        nonRetryable: false,
        message: expect.stringContaining(because) as string,
      });
  },
);

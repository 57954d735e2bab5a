/** A network that breaks between worker and cloud, or worker and Temporal, for longer than every time-out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../dev/ports';
import type { Simulator } from '../../dev/simulator';
import { startSimulator } from '../../dev/simulator';
import type { Stack } from '../../dev/stack';
import { startStack } from '../../dev/stack';
import type { Temporal } from '../../dev/temporal-server';
import { startTemporal } from '../../dev/temporal-server';
import type { Bed, Judged, Moment, Run } from '../support/moments';
import { begin, bringTo, judge, ledgerOf } from '../support/moments';
import { Proxy } from '../support/proxy';
import type { Mode } from '../support/proxy';
import { Tally } from '../support/tally';

/** Above an attempt's 60 s, the client's 25 s, gRPC's keep-alive (45 s), a workflow task's 10 s. */
const BROKEN_MS = 65_000;
const MOMENTS: Moment[] = ['verifying', 'verifying-late', 'polling', 'inspecting', 'posting'];

const tally = new Tally();
const opened: { close(): Promise<unknown> }[] = [];
let temporal: Temporal;
let simulator: Simulator;

const keep = <T extends { close(): Promise<unknown> }>(it: T): T => {
  opened.push(it);
  return it;
};

/** Queues of their own, and a worker that reaches the shared cloud, or the shared server, through a proxy alone. */
async function bedOf(
  behind: 'cloud' | 'temporal',
  mode: Mode,
): Promise<Bed & { stack: Stack; proxy: Proxy }> {
  const proxy = keep(await Proxy.open(behind === 'cloud' ? new URL(simulator.url).host : temporal.address));
  const url = `http://${proxy.address}`;
  const workerEnv: Record<string, string> =
    behind === 'cloud'
      ? { HUAWEICLOUD_ECS_ENDPOINT: url, HUAWEICLOUD_VPC_ENDPOINT: url }
      : { TEMPORAL_ADDRESS: proxy.address };
  const stack = keep(
    await startStack({
      label: `${behind}-${mode}`,
      temporal,
      simulator,
      workerEnv: { ECS_NICS_CLOUD_RPS: '50', ...workerEnv },
    }),
  );
  const connection = keep(await Connection.connect({ address: temporal.address }));
  return {
    stack,
    proxy,
    simulator,
    client: new Client({ connection, namespace: temporal.namespace }),
    taskQueue: stack.taskQueue,
  };
}

interface Mended {
  judged: Judged[];
  /** Requests that the cloud has seen while the network was broken. */
  meanwhile: number;
}

/** Waits until the network is broken, mends it when its time is over, and judges every run. */
async function mended(bed: Bed & { proxy: Proxy }, mode: Mode, runs: Run[]): Promise<Mended> {
  expect(await until(() => Promise.resolve(bed.proxy.mode === mode), 30_000)).toBe(true);
  tally.add('cuts');
  // What was on its way through the proxy by now may still arrive.
  await sleep(1_000);
  const since = Date.now();
  await sleep(BROKEN_MS - 1_000);
  const meanwhile = (await requestsOf(bed, runs)).filter(({ at }) => at >= since);
  await bed.proxy.heal();
  // As an operator would, who knows that the network is back: pauses grow to a minute in an outage.
  await Promise.all(runs.map(({ handle }) => handle.signal('pollNow').catch(() => undefined)));
  const judged = await Promise.all(runs.map((run) => judge(bed, run)));
  tally.add('runs', runs.length);
  for (const { document } of judged) {
    tally.add('POSTs of unknown fate', document.submissions - document.jobs.length);
  }
  return { judged, meanwhile: meanwhile.length };
}

const requestsOf = async (bed: Bed, runs: Run[]) =>
  (await Promise.all(runs.map(({ serverId }) => ledgerOf(bed, serverId)))).flatMap(
    ({ requests }) => requests,
  );

/** They wait more than they work: all are begun at once, and each test waits for the end of its own. */
const SCENARIOS = new Map<string, () => Promise<void>>();
const ends = new Map<string, Promise<void>>();

SCENARIOS.set('the cloud can’t be reached from just before a POST on', async () => {
  const bed = await bedOf('cloud', 'cut');
  const runs = await bringTo(bed, MOMENTS);
  // The inspection's last answers are those of the server's three ports.
  let ports = 0;
  bed.proxy.onAnswer = (line) => {
    if (/\/ports\//.test(line) && ++ports === 3) bed.proxy.mode = 'cut';
  };
  const victim = await begin(bed, 'sending');
  const { judged, meanwhile } = await mended(bed, 'cut', [...runs, victim]);
  const last = judged.at(-1)!;
  expect(meanwhile).toBe(0);
  // Refused connections leave no doubt: nothing was sent.
  expect([last.posts, last.document.submissions, last.document.jobs.length]).toEqual([1, 1, 1]);
});

// `late`: the POST that broke the network is seen by the cloud only when the network is back (or then a second one).
for (const [name, mode, late] of [
  ['a POST and all that follows it vanish on the way to the cloud', 'hang', true],
  ['a POST arrives, its answer and all later ones vanish', 'half-open', false],
  ['a POST arrives when the network is back, long after it was given up', 'stall', true],
] as const) {
  SCENARIOS.set(name, async () => {
    const bed = await bedOf('cloud', mode);
    const runs = await bringTo(bed, MOMENTS);
    let brokenAt = 0;
    bed.proxy.onRequest = (line) => {
      if (brokenAt > 0 || !line.includes('/nics/delete')) return;
      brokenAt = Date.now();
      bed.proxy.mode = mode;
    };
    const victim = await begin(bed, 'sending');
    const { judged, meanwhile } = await mended(bed, mode, [...runs, victim]);
    expect(meanwhile > 0).toBe(mode === 'half-open');
    const post = (await requestsOf(bed, [victim])).find((request) => request.class === 'delete');
    expect(post!.at - brokenAt >= BROKEN_MS).toBe(late);
    // Its answer never came in time: of unknown fate, whatever was sent later.
    const { document } = judged.at(-1)!;
    expect(document.submissions - document.jobs.length).toBeGreaterThan(0);
  });
}

for (const [name, mode] of [
  ['Temporal can’t be reached', 'cut'],
  ['all that worker and Temporal tell each other vanishes', 'hang'],
  ['Temporal hears the worker, the worker hears nothing', 'half-open'],
] as const) {
  SCENARIOS.set(name, async () => {
    const bed = await bedOf('temporal', mode);
    const { pid } = bed.stack.worker;
    const runs = await bringTo(bed, MOMENTS);
    // A run that begins just now: its tasks may be handed out and never arrive.
    runs.push(await begin(bed, 'sending'));
    bed.proxy.mode = mode;
    await mended(bed, mode, runs);
    expect(bed.stack.worker.pid).toBe(pid);
    expect(bed.stack.worker.log).toMatch(/Temporal does not answer[^]*Temporal answers again/);
  });
}

beforeAll(async () => {
  [temporal, simulator] = await Promise.all([startTemporal(), startSimulator()]);
  opened.push(temporal, simulator);
  for (const [name, play] of SCENARIOS) {
    const end = play();
    end.catch(() => undefined);
    ends.set(name, end);
    tally.add('scenarios');
  }
});
afterAll(async () => {
  const { violations } = await simulator.get<{ violations: unknown[] }>('/_sim/invariants');
  tally.add('violations', violations.length);
  tally.print('network');
  while (opened.length > 0) await opened.pop()?.close();
});

describe(`a network broken for ${BROKEN_MS / 1_000} s`, () => {
  it.each([...SCENARIOS.keys()])('%s', { timeout: 240_000 }, async (name) => {
    await ends.get(name);
  });
});

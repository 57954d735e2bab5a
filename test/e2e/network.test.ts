/** A network that breaks between worker and cloud, or worker and Temporal, for longer than every time-out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { until } from '../../dev/ports';
import type { Bed, Judged, Moment, Run } from '../support/moments';
import { begin, bringTo, ledgerOf } from '../support/moments';
import { Proxy } from '../../dev/proxy';
import type { Mode } from '../../dev/proxy';
import type { WorkerBed } from '../support/scenarios';
import { Scenarios } from '../support/scenarios';

/** Above an attempt's 60 s, the client's 25 s, gRPC's keep-alive (45 s), a workflow task's 10 s. */
const BROKEN_MS = 65_000;
const MOMENTS: Moment[] = ['verifying', 'verifying-late', 'polling', 'inspecting', 'posting'];

const scenarios = new Scenarios();

/** A worker that reaches the cloud, or Temporal, through a proxy alone. */
async function bedBehind(what: 'cloud' | 'temporal', mode: Mode): Promise<WorkerBed & { proxy: Proxy }> {
  const { temporal, simulator } = scenarios;
  const to = what === 'cloud' ? new URL(simulator.url).host : temporal.address;
  const proxy = scenarios.keep(await Proxy.open(to));
  const url = `http://${proxy.address}`;
  const env: Record<string, string> =
    what === 'cloud'
      ? { HUAWEICLOUD_ECS_ENDPOINT: url, HUAWEICLOUD_VPC_ENDPOINT: url }
      : { TEMPORAL_ADDRESS: proxy.address };
  const bed = await scenarios.bed(`${what}-${mode}`, { ECS_NICS_CLOUD_RPS: '50', ...env });
  return { ...bed, proxy };
}

interface Mended {
  /** In the order of the runs. */
  judged: Judged[];
  /** Requests that the cloud has seen while the network was broken. */
  meanwhile: number;
}

/** Waits until the network is broken, mends it when its time is over, and judges every run. */
async function mended(bed: WorkerBed & { proxy: Proxy }, mode: Mode, runs: Run[]): Promise<Mended> {
  expect(await until(() => Promise.resolve(bed.proxy.mode === mode), 120_000)).toBe(true);
  scenarios.count('cuts');
  // What was on its way through the proxy by now may still arrive.
  await sleep(1_000);
  const since = Date.now();
  await sleep(BROKEN_MS - 1_000);
  const meanwhile = (await requestsOf(bed, runs)).filter(({ at }) => at >= since).length;
  await bed.proxy.heal();
  // As an operator would, who knows that the network is back: pauses grow to a minute in an outage.
  await Promise.all(runs.map(({ handle }) => handle.signal('pollNow').catch(() => undefined)));
  return { judged: await scenarios.judge(bed, runs), meanwhile };
}

async function requestsOf(bed: Bed, runs: Run[]) {
  const ledgers = await Promise.all(runs.map(({ serverId }) => ledgerOf(bed, serverId)));
  return ledgers.flatMap(({ requests }) => requests);
}

/** Begins a run, and cuts the network when the cloud has answered all that its inspection asks. */
async function cutBeforePost(bed: WorkerBed & { proxy: Proxy }, before: Run[]): Promise<Run> {
  // An inspection's last answer is that about the server's ports.
  const others = new Set(before.flatMap(({ ports }) => ports));
  bed.proxy.onAnswer = (line) => {
    const ports = line.includes('/ports?') ? [...line.matchAll(/\bid=([0-9a-f-]{36})/g)] : [];
    if (!ports.some(([, id]) => !others.has(id!))) return;
    bed.proxy.onAnswer = () => {};
    bed.proxy.mode = 'cut';
  };
  const run = await begin(bed, 'sending');
  expect(await until(() => Promise.resolve(bed.proxy.mode === 'cut'), 60_000)).toBe(true);
  return run;
}

scenarios.add('the cloud can’t be reached from just before a POST on', async () => {
  const bed = await bedBehind('cloud', 'cut');
  const runs: Run[] = await bringTo(bed, MOMENTS);
  const isUnsent = ({ serverId }: Run) =>
    bed.stack.worker.log
      .split('\n')
      .some((line) => line.includes(serverId) && line.includes('"event":"submission.not-sent"'));
  // Where the cut takes the inspection's last answer along, the POST is not reached: another run tries it.
  for (let tries = 1, isCut = false; !isCut; tries++) {
    expect(tries, 'runs that were cut off before their POST').toBeLessThan(10);
    await bed.proxy.heal();
    const victim = await cutBeforePost(bed, runs);
    runs.push(victim);
    isCut = await until(() => Promise.resolve(isUnsent(victim)), 15_000);
  }
  const { judged, meanwhile } = await mended(bed, 'cut', runs);
  expect(meanwhile).toBe(0);
  // Refused connections leave no doubt: nothing was sent.
  const { posts, document } = judged.at(-1)!;
  expect([posts, document.submissions, document.jobs.length]).toEqual([1, 1, 1]);
});

// `late`: the first POST that the cloud sees of that run comes only when the network is back.
for (const [name, mode, late] of [
  ['a POST and all that follows it vanish on the way to the cloud', 'hang', true],
  ['a POST arrives, its answer and all later ones vanish', 'half-open', false],
  ['a POST arrives when the network is back, long after it was given up', 'stall', true],
] as const) {
  scenarios.add(name, async () => {
    const bed = await bedBehind('cloud', mode);
    const runs = await bringTo(bed, MOMENTS);
    let brokenAt = 0;
    bed.proxy.onRequest = (line) => {
      // A slow machine may bring another run to its next POST just now.
      const isOthers = runs.some(({ serverId }) => line.includes(serverId));
      if (brokenAt > 0 || isOthers || !line.includes('/nics/delete')) return;
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
  scenarios.add(name, async () => {
    const bed = await bedBehind('temporal', mode);
    const runs: Run[] = await bringTo(bed, MOMENTS);
    // A run that begins just now: its tasks may be handed out and never arrive.
    runs.push(await begin(bed, 'sending'));
    bed.proxy.mode = mode;
    await mended(bed, mode, runs);
    expect(bed.stack.worker.log).toMatch(/Temporal does not answer[^]*Temporal answers again/);
  });
}

scenarios.register(`a network broken for ${BROKEN_MS / 1_000} s`);

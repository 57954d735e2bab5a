/** Runs that take NICs off and put them back, brought to a certain moment of it; the cloud's own state is the judge. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateStage } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { expect } from 'vitest';
import type { NicOutcome, ResultDocument, RunOutcome } from '../../src/contract';
import type { ServerState } from '../../simulator';
import { differences } from '../../simulator';
import { createServer, TIMING } from './e2e';
import type { Bed, LedgerView } from './moments';
import { documentOf, END_WITHIN_MS, ledgerOf, observedBetween } from './moments';
import { expectTruth } from './truth';

/** Everything that a restore has to bring back, on the first NIC that goes. */
const RICH = {
  name: 'eth1',
  securityGroups: ['6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e02', '6b1f7a52-5d1e-4a10-8c57-1f2f8a0d9e01'],
  allowedAddressPairs: [{ ip_address: '10.9.0.0/24' }],
  extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
  elasticIp: true,
};
export const WHO = { by: 'ops', reason: 'T-8' };

export interface WayBack {
  name: string;
  serverId: string;
  /** The two NICs that go, in the order of the request. */
  targets: string[];
  before: ServerState;
  handle: WorkflowHandle;
}

export const stateOf = ({ simulator }: Pick<Bed, 'simulator'>, serverId: string): Promise<ServerState> =>
  simulator.get<ServerState>(`/_sim/servers/${serverId}/state`);

export interface Fault {
  match: { class: string };
  what: object;
  times?: number;
}

/** A port that is made belongs to no server yet. */
const OF_NO_SERVER = 'port-create';

export function setFault({ simulator }: Bed, serverId: string, { match, ...fault }: Fault): Promise<unknown> {
  const whose = match.class === OF_NO_SERVER ? {} : { serverId };
  return simulator.post('/_sim/faults', { ...fault, match: { ...match, ...whose } });
}

/** Starts a run that takes two NICs off a server of its own. */
export async function startDeletion(
  bed: Bed,
  name: string,
  request: object,
  { jobSeconds = 1, faults = [] as Fault[] } = {},
): Promise<WayBack> {
  const nics = [{ primary: true }, RICH, {}];
  const { id, nics: targets } = await createServer(bed.simulator, { nics, jobSeconds });
  const before = await stateOf(bed, id);
  for (const fault of faults) await setFault(bed, id, fault);
  const handle = await bed.client.workflow.start('deleteServerNics', {
    taskQueue: bed.taskQueue,
    workflowId: `nics/${id}`,
    args: [
      {
        serverId: id,
        nics: targets.map((nic) => ({ id: nic })),
        allowElasticIp: true,
        timing: TIMING,
        ...request,
      },
    ],
  });
  return { name, serverId: id, targets, before, handle };
}

/** Starts the run that puts back what this one, which has ended, took off. */
export async function startRestore(bed: Bed, way: WayBack): Promise<WayBack> {
  const { workflowId } = way.handle;
  const { runId } = await way.handle.describe();
  const handle = await bed.client.workflow.start('restoreServerNics', {
    taskQueue: bed.taskQueue,
    workflowId,
    args: [{ serverId: way.serverId, from: { workflowId, runId }, nics: 'all', timing: TIMING }],
  });
  return { ...way, handle };
}

export const settled = ({ handle }: WayBack): Promise<ResultDocument> => handle.executeUpdate('settled');

/** Resolves when the run has taken note. */
export async function decide({ handle }: WayBack, what: 'undo' | 'commit'): Promise<void> {
  await handle.startUpdate(what, { args: [WHO], waitForStage: WorkflowUpdateStage.ACCEPTED });
}

/** Above what a loaded machine needs to bring all of them there, below the client's patience with an answer (10 s). */
const HELD_MS = 9_000;
const SLOW_JOB_SECONDS = 15;

const open = (kind: string, what: object): Fault => ({ match: { class: kind }, what, times: 1 });
const slow = (kind: string, when: 'before' | 'after') => open(kind, { kind: 'delay', ms: HELD_MS, when });

interface Moment {
  /** How far the run has come before. */
  after: 'nothing' | 'window' | 'end';
  /** What holds it at the moment; its class is what the cloud is asked then. */
  fault: Fault | null;
  outcome: RunOutcome;
}

/** What the worker is waiting for. Where `undo` has not been asked for by then, it is asked for afterwards. */
const MOMENTS = {
  'the flag, not set yet': { after: 'nothing', fault: slow('flag', 'before'), outcome: 'undone' },
  'the flag, set already': { after: 'nothing', fault: slow('flag', 'after'), outcome: 'undone' },
  'the end of the window': { after: 'window', fault: null, outcome: 'undone' },
  'the attachment, not accepted': {
    after: 'window',
    fault: open('attach', { kind: 'hang', accepted: false }),
    outcome: 'undone',
  },
  'the attachment, accepted': {
    after: 'window',
    fault: open('attach', { kind: 'hang', accepted: true }),
    outcome: 'undone',
  },
  'the job that attaches': {
    after: 'window',
    fault: open('attach', { kind: 'job-seconds', seconds: SLOW_JOB_SECONDS }),
    outcome: 'undone',
  },
  'the flag on its way back': { after: 'window', fault: slow('flag', 'after'), outcome: 'undone' },
  'the port made anew': { after: 'end', fault: slow('port-create', 'after'), outcome: 'recreated' },
  'the port deleted for good': { after: 'window', fault: slow('port-delete', 'after'), outcome: 'deleted' },
} satisfies Record<string, Moment>;

export type BackMoment = keyof typeof MOMENTS;
export const BACK_MOMENTS = Object.keys(MOMENTS) as BackMoment[];

export interface HeldRun extends WayBack {
  moment: BackMoment;
  /** When it set out for the moment. */
  since: number;
  /** Of the window that was open before. */
  undoUntil: string | null;
}

const momentOf = ({ moment }: { moment: BackMoment }): Moment => MOMENTS[moment];

/** Resolves when the run is one step away from its moment, with what takes it there. */
async function prepare(bed: Bed, moment: BackMoment): Promise<() => Promise<HeldRun>> {
  const { after, fault, outcome } = momentOf({ moment });
  const held = (way: WayBack, undoUntil: string | null = null): HeldRun => ({
    ...way,
    moment,
    since: Date.now(),
    undoUntil,
  });
  if (after === 'nothing') {
    return async () => held(await startDeletion(bed, moment, { undoWindow: '1 hour' }, { faults: [fault!] }));
  }
  const way = await startDeletion(bed, moment, after === 'window' ? { undoWindow: '1 hour' } : {});
  const { undoUntil } = await settled(way);
  if (after === 'end') await way.handle.result();
  return async () => {
    const run = held(way, undoUntil);
    if (fault === null) return run;
    await setFault(bed, way.serverId, fault);
    if (after === 'end') return { ...run, ...(await startRestore(bed, way)) };
    await decide(way, outcome === 'deleted' ? 'commit' : 'undo');
    return run;
  };
}

/** By the cloud's ledger. */
async function placeOf(bed: Bed, run: HeldRun): Promise<'before' | 'there' | 'past'> {
  const { fault } = momentOf(run);
  if (fault === null) return 'there';
  const { requests, jobs } = await ledgerOf(bed, run.serverId);
  if ((fault.what as { kind: string }).kind === 'job-seconds') {
    const job = jobs.find(({ what }) => what === 'attach');
    if (job === undefined) return 'before';
    if (Date.now() > job.endsAt - 1_000) return 'past';
    const polled = requests.some((request) => request.class === 'job' && request.at >= job.acceptedAt);
    return polled ? 'there' : 'before';
  }
  const { requests: all } =
    fault.match.class === OF_NO_SERVER ? await bed.simulator.get<LedgerView>('/_sim/ledger') : { requests };
  const asked = all.find((request) => request.class === fault.match.class && request.at >= run.since);
  if (asked === undefined) return 'before';
  return Date.now() < asked.at + HELD_MS - 1_000 ? 'there' : 'past';
}

/**
 * Starts a run for each moment and resolves when all of them are there at once. On a machine too busy for that they are begun
 * anew; those that have missed their moment go on, and are judged like the others. `the port made anew` needs a cloud where
 * nobody else makes one.
 *
 * @param then done at once when all are there; `false`: it came too late after all
 */
export async function bringBackTo(
  bed: Bed,
  moments: readonly BackMoment[],
  then: (runs: HeldRun[]) => Promise<boolean> | boolean = () => true,
): Promise<HeldRun[]> {
  const missed: HeldRun[] = [];
  for (let tries = 0; tries < 3; tries++) {
    const ready = await Promise.all(moments.map((moment) => prepare(bed, moment)));
    const runs = await Promise.all(ready.map((go) => go()));
    if ((await reached(bed, runs)) && (await then(runs))) return [...missed, ...runs];
    missed.push(...runs);
  }
  throw new Error(`the runs did not come to ${moments.join(', ')} at once`);
}

async function reached(bed: Bed, runs: HeldRun[]): Promise<boolean> {
  for (let tries = 0; tries < 1_000; tries++) {
    const places = await Promise.all(runs.map((run) => placeOf(bed, run)));
    if (places.includes('past')) return false;
    if (!places.includes('before')) return true;
    await sleep(30);
  }
  throw new Error(`within 30 s not all of ${runs.map(({ moment }) => moment).join(', ')}`);
}

/** Takes a run that was held to its end, and judges it. */
export async function judgeHeld(bed: Bed, run: HeldRun): Promise<ResultDocument> {
  const { after, fault, outcome } = momentOf(run);
  if (after === 'nothing' || fault === null) {
    const { phase, undoUntil } = await settled(run);
    expect(phase, `${run.name}: its window is still open`).toBe('undo-window');
    if (run.undoUntil !== null) expect(undoUntil, run.name).toBe(run.undoUntil);
    await decide(run, 'undo');
  }
  const nics = outcome === 'undone' ? 'restored' : (outcome as NicOutcome);
  return judgeBack(bed, run, { outcome, nics: [nics, nics] });
}

export interface End {
  outcome: RunOutcome;
  nics: readonly NicOutcome[];
}

/** Who they are aside: what a NIC looks like to the guest's neighbours. */
const faces = ({ nics }: ServerState) => nics.map(({ id: _id, mac: _mac, ...face }) => face);

/**
 * The document says what was wanted, and the truth; the server is what it was before – field by field where ports were kept,
 * but for id and MAC where they were made anew, without its NICs where they were deleted – and no port is left over.
 */
export async function judgeBack(bed: Bed, way: WayBack, wanted: End): Promise<ResultDocument> {
  const document = await Promise.race([endOf(way), sleep(END_WITHIN_MS)]);
  const who = `${way.name}, server ${way.serverId}`;
  if (document === undefined) throw new Error(`${who}: has not ended`);
  const told = { outcome: document.outcome, nics: document.nics.map(({ outcome }) => outcome) };
  expect(told, `${who}: ${JSON.stringify(document.nics.map(({ message }) => message))}`).toEqual(wanted);
  expect(
    document.nics.flatMap(({ remedy }) => remedy ?? []),
    who,
  ).toEqual([]);
  await expectTruth(bed.simulator, document);
  const after = await stateOf(bed, way.serverId);
  const back = wanted.nics.every((outcome) => outcome === 'restored' || outcome === 'still-attached');
  const anew = wanted.nics.includes('recreated');
  if (back) expect(differences(way.before, after), who).toEqual([]);
  else if (anew) expect(faces(after), who).toEqual(faces(way.before));
  else {
    const rest = way.before.nics.filter(({ id }) => !way.targets.includes(id));
    expect(after.nics, who).toEqual(rest);
  }
  for (const { id, differences: fields } of document.nics)
    expect(
      fields.map(({ field }) => field),
      `${who}, NIC ${id}`,
    ).toEqual(anew ? ['mac'] : []);
  const { requests } = await ledgerOf(bed, way.serverId);
  for (const kind of ['delete', 'attach'] as const) observedBetween(requests, kind, who);
  const { nics } = await bed.simulator.get<{ nics: { id: string; state: string }[] }>(
    `/_sim/truth/${way.serverId}`,
  );
  const kept = nics.filter(({ state }) => state === 'port-kept').map(({ id }) => id);
  expect(kept, `${who}: ports on no server`).toEqual([]);
  return document;
}

/** Cancelled runs have no result; their status stays. */
async function endOf({ handle }: WayBack): Promise<ResultDocument> {
  try {
    return await documentOf(handle);
  } catch (error) {
    const { status } = await handle.describe();
    if (status.name !== 'CANCELLED') throw error;
    return handle.query<ResultDocument>('status');
  }
}

/** Ports that were asked for and ended up nowhere: once every run has ended, there should be none. */
export async function lostPorts({ simulator }: Pick<Bed, 'simulator'>): Promise<string[]> {
  const { effects } = await simulator.get<{ effects: { kind: string; portId: string; by: string }[] }>(
    '/_sim/ledger',
  );
  const of = (kind: string) =>
    new Set(effects.flatMap((effect) => (effect.kind === kind ? effect.portId : [])));
  const found = new Set([...of('nic-attached'), ...of('port-deleted')]);
  return effects
    .filter(({ kind, by, portId }) => kind === 'port-created' && by === 'request' && !found.has(portId))
    .map(({ portId }) => portId);
}

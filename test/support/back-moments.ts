/** Ways back that are brought to a certain moment, to have something done to them just then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { NicOutcome, ResultDocument, RunOutcome } from '../../src/contract';
import type { Bed, LedgerView } from './moments';
import { ledgerOf } from './moments';
import type { Fault, WayBack } from './ways-back';
import { decide, judgeBack, OF_NO_SERVER, setFault, settled, startDeletion, startRestore } from './ways-back';

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

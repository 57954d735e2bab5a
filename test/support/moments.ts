/** Runs that are brought to a certain moment of their lives, to have something done to them just then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect } from 'vitest';
import type { NicOutcome, ResultDocument } from '../../src/contract';
import type { Simulator } from '../../dev/simulator';
import { createServer } from './e2e';
import { expectTruth } from './truth';

export type Moment =
  /** Before the POST: in the inspection, a port's answer is waited for. */
  | 'inspecting'
  /** Before the POST: its attempt has begun, and waits for its turn under the worker's rate limit. */
  | 'sending'
  /** The cloud has the POST, its answer is not there yet. */
  | 'posting'
  | 'polling'
  /** The job has ended; one NIC of two has failed and stays. */
  | 'verifying'
  /** The same, but that NIC goes after all, some time after the job's end. */
  | 'verifying-late';

/** A rate at which a POST waits for its turn for most of a second: the moment `sending`. */
export const SLOW_RPS = '1';

export interface Bed {
  simulator: Simulator;
  client: Client;
  taskQueue: string;
}

export interface Run {
  name: string;
  serverId: string;
  /** Of all its NICs, the primary one included. */
  ports: string[];
  handle: WorkflowHandle;
  wanted: NicOutcome[];
}
export interface MomentRun extends Run {
  moment: Moment;
}

const TIMING = { firstPoll: '1s', pollInterval: '2s', settle: '1s', verifyFor: '60s', busyWait: '1s' };
/** Long enough for all other moments to be come to meanwhile, on a busy machine too; less than `verifyFor`. */
const GOES_LATE_MS = 40_000;
/** Longer than anything here needs to be set up, shorter than the client's patience with an answer (10 s). */
const ANSWER_AFTER_MS = 8_000;

const JOB_SECONDS: Partial<Record<Moment, number>> = { polling: 60 };
const FAULTS: Partial<Record<Moment, Start['fault']>> = {
  inspecting: { match: { class: 'ports' }, what: { kind: 'hang' }, times: 1 },
  posting: { match: { class: 'delete' }, what: { kind: 'delay', ms: ANSWER_AFTER_MS, when: 'after' } },
  verifying: { match: { class: 'delete' }, what: { kind: 'partial-failure', nics: [0] } },
  'verifying-late': {
    match: { class: 'delete' },
    what: { kind: 'partial-failure', nics: [0], lateMs: GOES_LATE_MS },
  },
};

interface Start {
  /** For whoever reads what went wrong. */
  name: string;
  jobSeconds: number;
  fault: { match: object; what: object; times?: number } | undefined;
  wanted: NicOutcome[];
  /** Instead of waits that are short. */
  timing?: object;
}

/** Starts a run that deletes the two NICs of a server of its own. */
export async function startRun(
  bed: Bed,
  { name, jobSeconds, fault, wanted, timing = TIMING }: Start,
): Promise<Run> {
  const server = await createServer(bed.simulator, { nics: 3, jobSeconds });
  if (fault !== undefined) {
    const match = { ...fault.match, serverId: server.id };
    await bed.simulator.post('/_sim/faults', { ...fault, match });
  }
  const handle = await bed.client.workflow.start('deleteServerNics', {
    taskQueue: bed.taskQueue,
    workflowId: `nics/${server.id}`,
    args: [{ serverId: server.id, nics: server.nics.map((id) => ({ id })), timing }],
  });
  return { name, serverId: server.id, ports: [server.primary, ...server.nics], handle, wanted };
}

/** Starts a run that will come to this moment. */
export async function begin(bed: Bed, moment: Moment, timing?: object): Promise<MomentRun> {
  const run = await startRun(bed, {
    name: moment,
    jobSeconds: JOB_SECONDS[moment] ?? 2,
    fault: FAULTS[moment],
    wanted: [moment === 'verifying' ? 'still-attached' : 'deleted', 'deleted'],
    ...(timing && { timing }),
  });
  return { ...run, moment };
}

export interface LedgerView {
  requests: { at: number; class: string; status: number }[];
  jobs: { what: 'delete' | 'attach'; acceptedAt: number; endsAt: number; nicIds: string[] }[];
}

export const ledgerOf = ({ simulator }: Pick<Bed, 'simulator'>, serverId: string): Promise<LedgerView> =>
  simulator.get<LedgerView>(`/_sim/ledger?serverId=${serverId}`);

/** Where it stands: not yet there, there, or past it. By the cloud's ledger; for `sending` also by the server. */
export async function placeOf(bed: Bed, run: MomentRun): Promise<'before' | 'there' | 'past'> {
  const { requests, jobs } = await ledgerOf(bed, run.serverId);
  const posts = requests.filter((request) => request.class === 'delete');
  const among = (there: boolean, past: boolean) => (past ? 'past' : there ? 'there' : 'before');
  switch (run.moment) {
    case 'inspecting':
      return among(
        requests.some((request) => request.class === 'ports'),
        posts.length > 0,
      );
    case 'sending':
      return posts.length > 0 ? 'past' : (await attemptBegun(run.handle, 'deleteNics')) ? 'there' : 'before';
    case 'posting':
      return among(
        posts.length > 0,
        posts.some(({ status }) => status !== 0),
      );
    case 'polling':
      return among(
        requests.some((request) => request.class === 'job'),
        Date.now() > (jobs[0]?.endsAt ?? Infinity),
      );
    case 'verifying':
    case 'verifying-late': {
      const endsAt = jobs[0]?.endsAt ?? Infinity;
      const seen = requests.some(({ class: kind, at }) => kind === 'list' && at > endsAt);
      return among(seen, Date.now() > endsAt + GOES_LATE_MS);
    }
  }
}

/** PENDING_ACTIVITY_STATE_STARTED */
const STARTED = 2;

/** An attempt of that activity has been handed to a worker. */
export async function attemptBegun(handle: WorkflowHandle, activity: string): Promise<boolean> {
  const { raw } = await handle.describe();
  return (raw.pendingActivities ?? []).some(
    ({ activityType, state }) => activityType?.name === activity && Number(state) === STARTED,
  );
}

/**
 * Starts a run for each moment and resolves when all of them are there at once. What comes too late on a busy machine is
 * begun anew; the runs that have missed their moment go on, and are judged like the others.
 *
 * @param then done at once when all are there; `false`: it came too late after all
 */
export async function bringTo(
  bed: Bed,
  moments: readonly Moment[],
  then: (runs: MomentRun[]) => Promise<boolean> | boolean = () => true,
): Promise<MomentRun[]> {
  const missed: MomentRun[] = [];
  const runs: MomentRun[] = [];
  for (const moment of moments) {
    runs.push(await begin(bed, moment));
    // What takes longest comes first, and its moment lasts: the next is begun when it is there.
    if (moment.startsWith('verifying') || moment === 'polling') await reached(bed, runs.slice(-1));
  }
  for (let tries = 0; tries < 20; tries++) {
    if ((await reached(bed, runs)) && (await then(runs))) return [...missed, ...runs];
    for (const [index, run] of runs.entries()) {
      if ((await placeOf(bed, run)) !== 'past') continue;
      missed.push(run);
      runs[index] = await begin(bed, run.moment);
    }
  }
  throw new Error(`the runs did not come to ${moments.join(', ')} at once`);
}

async function reached(bed: Bed, runs: MomentRun[]): Promise<boolean> {
  for (let tries = 0; tries < 6_000; tries++) {
    const places = await Promise.all(runs.map((run) => placeOf(bed, run)));
    if (places.includes('past')) return false;
    if (!places.includes('before')) return true;
    await sleep(20);
  }
  throw new Error(`within two minutes not all of ${runs.map(({ moment }) => moment).join(', ')}`);
}

/** The document of a run that has ended, well or as a failure of ours. */
export async function documentOf(handle: WorkflowHandle): Promise<ResultDocument> {
  try {
    return (await handle.result()) as ResultDocument;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
    return error.cause.details?.[0] as ResultDocument;
  }
}

/** Beyond all time-outs and pauses that a disturbance may have left behind. */
export const END_WITHIN_MS = 200_000;

export interface Judged {
  document: ResultDocument;
  /** Sent, whatever became of them. */
  posts: number;
}

/**
 * Every verdict is the wanted one and the ledger's truth; no NIC was deleted twice, and no deletion of a NIC that went
 * was accepted twice.
 */
export async function judge(bed: Bed, run: Run): Promise<Judged> {
  const document = await Promise.race([documentOf(run.handle), sleep(END_WITHIN_MS)]);
  if (document === undefined) {
    const { phase, waitingFor, nextLookAt } = await run.handle.query<ResultDocument>('status');
    const why = `${phase}, ${waitingFor ?? 'waiting for nothing'}, next look at ${nextLookAt ?? 'once'}`;
    throw new Error(
      `${run.name}, server ${run.serverId}: has not ended at ${new Date().toISOString()}: ${why}`,
    );
  }
  const told = document.nics.map(({ outcome }) => outcome);
  expect(told, `${run.name}, server ${run.serverId}: ${document.warnings.join('; ')}`).toEqual(run.wanted);
  await expectTruth(bed.simulator, document);
  const { requests, jobs } = await ledgerOf(bed, run.serverId);
  observedBetween(requests, 'delete', run.name);
  const posts = requests.filter((request) => request.class === 'delete').length;
  for (const { id, outcome } of document.nics) {
    const accepted = jobs.filter(({ nicIds }) => nicIds.includes(id)).length;
    // What failed and is provably still there may be sent again when the first answer was lost.
    if (outcome === 'deleted') expect(accepted, `${run.name}: accepted deletions of NIC ${id}`).toBe(1);
  }
  return { document, posts };
}

/** After a POST that was accepted, or never answered, the next one leaves only when the NICs were listed twice. */
export function observedBetween(
  requests: LedgerView['requests'],
  kind: 'delete' | 'attach',
  name: string,
): void {
  const posts = requests.flatMap((request, index) => (request.class === kind ? [index] : []));
  for (const [nth, index] of posts.slice(0, -1).entries()) {
    const { status } = requests[index]!;
    if (status >= 300 && (status < 500 || status === 501)) continue;
    const between = requests.slice(index + 1, posts[nth + 1]);
    const lists = between.filter((request) => request.class === 'list' && request.status === 200);
    expect(lists.length, `${name}: lists read before POST ${nth + 2}`).toBeGreaterThanOrEqual(2);
  }
}

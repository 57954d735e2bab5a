/** Many servers at once, at a rate of calls that they share: what each costs, and how fast they go. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed, Subject } from '../../bed';
import { checkDeleted, untilClosed } from '../../bed';
import { readCpu, turnCpu } from '../../cpu';
import { historyFacts } from '../../history';
import { checkNoFallbacks } from '../../metrics';
import { sideBySide } from '../../side-by-side';
import type { Pace } from '../../subjects';
import { commitWhenOpen, UNDO_WINDOW } from '../../subjects';
import type { LedgerRequest } from '../../targets';
import { byClass, mostWithin } from '../../targets';

/** CPU while nothing is asked of workers and server is taken off; measured for so long before each turn. */
const IDLE_MS = 3_000;
/** Starts under way at once. */
const SIDE_BY_SIDE = 50;
/** A stretch of time for which the cloud's limit holds. */
export const STRETCH_MS = 10_000;
/** 200 exact runs at 10 calls a second take four minutes; a loaded machine is given as long again, and more. */
const MOST_MS = 15 * 60_000;

export interface Fleet {
  servers: number;
  /** Shortest and longest job of a server. */
  jobSeconds: [number, number];
  /** Calls a second that the worker may make. */
  rate: number;
  exact: boolean;
  pace: Pace;
}

export interface AtOnce {
  /** Per server. */
  calls: number;
  byClass: Record<string, number>;
  /** Things that one read by a set asks for, on average; 0: there was none. */
  setSizes: { servers: number; ports: number };
  /** Calls of the busiest ten seconds. */
  busiest: number;
  /** From the first start to the last end. */
  serversPerSecond: number;
  /** Of the speed that rate and calls per server allow, in percent. */
  ofLaw: number;
  events: number;
  cpu: { worker: number; server: number; foreign: number };
}

export async function atOnce(bed: Bed, subject: Subject, fleet: Fleet): Promise<AtOnce> {
  const { servers, rate, exact } = fleet;
  const targets = await bed.cloud.servers(servers, fleet.jobSeconds);
  const { length } = (await bed.cloud.ledger()).requests;
  const before = readCpu(bed, subject);
  await sleep(IDLE_MS);
  const began = readCpu(bed, subject);
  const commits: Promise<unknown>[] = [];
  const handles = await sideBySide(targets, SIDE_BY_SIDE, async (target) => {
    const handle = await subject.start(target, fleet.pace, exact ? UNDO_WINDOW : {});
    // Told below: nobody listens before all are started.
    if (exact) {
      const commit = commitWhenOpen(handle);
      commit.catch(() => undefined);
      commits.push(commit);
    }
    return handle;
  });
  await Promise.all(commits);
  await untilClosed(bed, subject, MOST_MS);
  const ended = readCpu(bed, subject);
  await checkDeleted(bed, subject, targets, handles);
  if (subject.name === 'ours') checkNoFallbacks(await bed.metrics());

  const requests = (await bed.cloud.ledger()).requests.slice(length);
  const facts = await Promise.all(handles.map(historyFacts));
  const calls = requests.length / servers;
  const first = Math.min(...facts.map(({ startedAt }) => startedAt));
  const last = Math.max(...facts.map(({ closedAt }) => closedAt));
  const serversPerSecond = servers / ((last - first) / 1_000);
  const perServer = Object.entries(byClass(requests)).map(([name, count]) => [name, count / servers]);
  return {
    calls,
    byClass: Object.fromEntries(perServer) as Record<string, number>,
    setSizes: { servers: meanSet(requests, 'servers'), ports: meanSet(requests, 'ports') },
    busiest: mostWithin(STRETCH_MS, requests),
    serversPerSecond,
    ofLaw: (100 * serversPerSecond) / (rate / calls),
    events: facts.reduce((sum, { events }) => sum + events, 0) / servers,
    cpu: turnCpu(before, began, ended, servers),
  };
}

function meanSet(requests: readonly LedgerRequest[], name: string): number {
  const sets = requests.filter((request) => request.class === name && request.asked !== undefined);
  return sets.length === 0 ? 0 : sets.reduce((sum, { asked }) => sum + (asked ?? []).length, 0) / sets.length;
}

/**
 * Runs of the real workflow bundle in the real sandbox, without a server: commands are carried out on virtual time, and
 * the activities are the real ones, over the simulated cloud in this process.
 */
import type { CloudActivities } from '../../src/activities/agreement';
import { inPlay } from './product';
import type { Sandbox } from './replica';
import { openSandbox } from './replica';
import { sharedBundle } from './shared-bundle';
import type { Played, Schedule } from './schedule-types';
import { Server } from './server';

export type { End, Played, Schedule, Start, UpdatePlan } from './schedule-types';

/** Virtual time, shared with the simulated cloud. */
export interface VirtualClock {
  now: () => number;
  advance: (ms: number) => void;
}

/** What a run meets outside of the workflow. */
export interface Surroundings {
  clock: VirtualClock;
  /** Of the worker process that is there now. */
  activities: CloudActivities;
  /** Told when a worker has died, so that the next one is a younger process. */
  restarted: () => void;
  /** Of a worker of another place that polls the same queue. */
  stranger?: CloudActivities;
  /** While this is so no other worker is there. */
  onlyStrangers?: (now: number) => boolean;
  /** Search attributes that the namespace has at that moment. */
  registered?: () => readonly string[];
  /** Requests that the cloud has got so far. */
  requests?: () => number;
  /** The server's records of runs, which it adds to: newest last. */
  records?: RunRecord[];
  /** Told when a run starts (not one that a reset adds), and when it has ended. */
  noted?: (when: 'start' | 'end', played: Played) => void;
}

/** What the server tells of a run, open or closed. */
export interface RunRecord {
  workflowId: string;
  runId: string;
  memo: Record<string, unknown>;
  status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TERMINATED' | 'CONTINUED_AS_NEW';
  /** The answer of the query `status` at its end. */
  document?: unknown;
}

let sandbox: Promise<Sandbox> | undefined;

/** Builds the workflow bundle, so that the first schedule has not to wait for it. */
export async function prepare(): Promise<void> {
  sandbox ??= openOurs();
  await sandbox;
}

async function openOurs(): Promise<Sandbox> {
  return openSandbox(await sharedBundle());
}

/** One start of the workflow, to its end. */
export async function play(
  schedule: Schedule,
  clock: VirtualClock,
  activities: CloudActivities,
  restarted: () => void,
): Promise<Played> {
  const [played] = await playAll(schedule, { clock, activities, restarted });
  if (played === undefined) throw new Error('nothing was played');
  return played;
}

/** All starts of a schedule, and the runs that a reset adds, in the order of their ends. */
export async function playAll(
  schedule: Schedule,
  surroundings: Surroundings,
  from?: Sandbox,
): Promise<Played[]> {
  const sandboxOf = from ?? inPlay()?.sandbox ?? (await (sandbox ??= openOurs()));
  return new Server(schedule, surroundings, sandboxOf).play();
}

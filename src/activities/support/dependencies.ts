import type { PreviousOpenRun, ReadRunResult } from '../agreement';
import type { Cloud } from '../../ecs/cloud';
import type { Sets } from '../../ecs/sets';

/** What earlier runs have left open. */
export interface PreviousRun {
  run: PreviousOpenRun | null;
  /** Why it is not known whether there is one, in words; `null`: it is. */
  notLooked: string | null;
}

/** One attempt of an activity. */
export interface ActivityAttempt {
  workflowId: string;
  runId: string;
  activityId: string;
  /** From 1. */
  attempt: number;
}

/** What an activity may ask the Temporal namespace. */
export interface Namespace {
  /** Names of our search attributes that are registered there now; `null`: it can't be asked. Never throws. */
  searchAttributes(): Promise<string[] | null>;
  /** Whether the server still waits for this attempt. Rejects, with the reason in words, when it can't be asked. */
  awaits(attempt: ActivityAttempt): Promise<boolean>;
  /** The last run before `runId` under the same id that has sent anything, when it ended with its submission open. */
  previousOpenRun(run: { workflowId: string; runId: string }): Promise<PreviousRun>;
  /** The result document of a closed run, or why there is none. */
  readRun(run: { workflowId: string; runId: string }): Promise<ReadRunResult>;
  /** Whether a run under the id is open; `null`: it can't be asked. Never throws. */
  isOpen(workflowId: string): Promise<boolean | null>;
}

export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface Dependencies {
  cloud: Cloud;
  /** Reads of the same cloud that answer many requests with one call. */
  sets: Sets;
  namespace: Namespace;
  clock: { now(): number };
  log: Log;
  /** Calls that all workers together may make in a second, as configured. */
  callsPerSecond: number;
  /** Epoch ms of the start of this process. */
  workerStartedAt: number;
}

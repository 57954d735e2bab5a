import type { PreviousOpenRun, ReadRunResult } from '../contract/activities';
import type { Cloud } from '../ecs/cloud';

/** What an activity may ask the Temporal namespace. */
export interface Namespace {
  /** Names of our search attributes that are registered there. */
  searchAttributes: string[];
  /** The last run before `runId` under the same id that has sent anything, when it ended with its submission open. */
  previousOpenRun(run: { workflowId: string; runId: string }): Promise<PreviousOpenRun | null>;
  /** The result document of a closed run, or why there is none. */
  readRun(run: { workflowId: string; runId: string }): Promise<ReadRunResult>;
}

export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface Dependencies {
  cloud: Cloud;
  namespace: Namespace;
  clock: { now(): number };
  log: Log;
  /** Epoch ms of the start of this process. */
  workerStartedAt: number;
}

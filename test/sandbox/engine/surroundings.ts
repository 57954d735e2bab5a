/** What stands around a workflow: the workers, their clock, what the server keeps of runs. */
import type { CloudActivities } from '../../../src/activities/agreement';
import type { ActivityAttempt } from '../../../src/activities/support/dependencies';
import type { Played } from './schedule';

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
  /** Whether the server still waits for that attempt; set by what plays. */
  awaits?: (attempt: ActivityAttempt) => boolean;
  /** Whether a run is open under this id; set by what plays many of them. */
  isOpen?: (workflowId: string) => boolean;
  /** What a write waits for; set by what plays. */
  beforeWrite?: (() => Promise<void>) | undefined;
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

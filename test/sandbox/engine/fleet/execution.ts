/** A run as the little server has it, whatever it is made of. */
import type { Command, Info, Job, TaskInput } from '../replica';
import type { Activity } from '../server/attempts';
import type { Ids } from '../server/run';
import { infoOf } from '../server/run';
import type { RunRecord } from '../surroundings';
import type { StartRecord } from './record';
import type { Entry } from './timeline';

/** What carries out the workflow tasks of a run: the real workflow in its sandbox, or something that stands for it. */
export interface Body {
  /** @param lost the worker dies before it has reported */
  carryOut: (task: TaskInput, lost?: boolean) => Promise<Command[]>;
  lose: () => Promise<void>;
  query: (name: string) => Promise<unknown>;
}

/** Who has started a run is told how it ends: that run, and no other of its chain. */
export interface Parent {
  execution: Execution;
  seq: number;
  /** It hears of the start before it hears of the end. */
  toldAt: number;
}

export interface Execution {
  info: Info;
  body: Body;
  record: RunRecord;
  /** The start of its chain. */
  started: StartRecord;
  parent: Parent | null;
  /** What the next workflow task brings. */
  inbox: Job[];
  /** On the timeline. */
  task: Entry | null;
  tasks: number;
  /** Its first workflow task is in the history. */
  begun: boolean;
  closed: boolean;
  timers: Map<number, Entry>;
  activities: Map<number, { activity: Activity; entry: Entry | null }>;
  /** Signals to others that have not arrived. */
  sending: Map<number, Entry>;
}

export function closeUp(run: Execution, status: RunRecord['status']): void {
  run.closed = true;
  run.record.status = status;
  if (run.task !== null) run.task.dropped = true;
  for (const timer of run.timers.values()) timer.dropped = true;
}

/** What a run knows of itself; @param parent of its chain */
export function infoUnder(ids: Ids, parent: Parent | null, now: number, more: object): Info {
  if (parent === null) return infoOf(ids, now, { info: { ...more } });
  const { workflowId, runId } = parent.execution.info;
  return infoOf(ids, now, { info: { parent: { workflowId, runId, namespace: 'default' }, ...more } });
}

import type { Bed } from '../bed';
import type { Row } from '../figures';
import type { Selection } from './scale/cells';

/** How much is measured. */
export interface Size {
  /** Workflow runs per worker and round. */
  runs: number;
  /** How often both take their turn. */
  rounds: number;
}

export interface Task extends Size {
  /** Only to show that it works: short waits where that changes nothing but the figures. */
  quick: boolean;
  /** Of decommission runs of growing size: which ones. */
  cells: Selection;
  /** The file for their picture; `null`: none. */
  plot: string | null;
  /** Says what is going on, to whoever waits. */
  say: (text: string) => void;
}

export interface Measure {
  title: string;
  usual: Size;
  quick: Size;
  /** What is measured, where that is no number of runs. */
  sized?(task: Pick<Task, 'cells' | 'quick'>): string;
  run(bed: Bed, task: Task): Promise<{ rows: Row[]; notes: string[] }>;
}

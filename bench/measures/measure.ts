import type { Bed } from '../bed';
import type { Row } from '../report';

/** How much is measured. */
export interface Size {
  /** Workflow runs per worker and round. */
  runs: number;
  /** How often both take their turn. */
  rounds: number;
}

export interface Measure {
  title: string;
  usual: Size;
  quick: Size;
  /** Says what is going on, to whoever waits. */
  run(bed: Bed, size: Size, say: (text: string) => void): Promise<{ rows: Row[]; notes: string[] }>;
}

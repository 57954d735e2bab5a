/** What the run knows of the world around it: its place, and the namespace. */
import type { Place, PreviousOpenRun } from '../../../activities/agreement/agreement';
import type { Phase } from '../../../contract/types';

export interface Around {
  /** Where it acts, from its first inspection on. */
  place: Partial<Place> | null;
  /** Times that a worker of another place has declined to send. */
  declined: number;
  /** Those of our search attributes that the namespace has, as the worker found them. */
  searchAttributes: string[];
  /** When that was learned; `null`: once, at the inspection. */
  learnedAt: number | null;
  /** The phase that they tell; `null`: nothing yet. */
  publishedPhase: Phase | null;
}

/** The run before this one. */
export interface Before {
  /** A run under the same id that ended with its submission open, or `settled`: none (any more). */
  open: PreviousOpenRun | 'settled' | null;
  /** A run that continues another one has been told: the run before it in the list is its own chain's. */
  ask: boolean;
}

export function freshAround(): Around {
  return { place: null, declined: 0, searchAttributes: [], learnedAt: null, publishedPhase: null };
}

export function freshBefore(): Before {
  return { open: null, ask: true };
}

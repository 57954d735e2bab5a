/** What the run knows of its surroundings: place, namespace, previous run. */
import type { Place, PreviousOpenRun } from '../../../activities/agreement';
import type { Phase } from '../../../contract/types';

export interface Around {
  /** Where the run acts; known from its first inspection on. */
  place: Partial<Place> | null;
  /** Number of POSTs that a worker of another place has declined. */
  declined: number;
  /** The project's search attributes that the namespace has, as the worker found them. */
  searchAttributes: string[];
  /** When that was learned; `null`: not yet, or once from the inspection of an old worker. */
  learnedAt: number | null;
  /** The phase in the search attributes; `null`: none yet. */
  publishedPhase: Phase | null;
}

/** The run before this chain. */
export interface Before {
  /** A run under the same id that ended with its submission open; `settled`: there is none, or none any more. */
  open: PreviousOpenRun | 'settled' | null;
  /** Ask for that run. Not in a later run of a chain: there the previous run in the list belongs to the same chain. */
  ask: boolean;
  /** What that run had sent has come to rest: since when, and for which NICs. */
  rested: { at: number; nics: string[] } | null;
}

export function freshAround(): Around {
  return { place: null, declined: 0, searchAttributes: [], learnedAt: null, publishedPhase: null };
}

export function freshBefore(): Before {
  return { open: null, ask: true, rested: null };
}

/**
 * A bug that is planted into a copy of the sources, behind a switch, to see that a campaign catches it. It has the seed that was the
 * first to catch it, or, where the generator does not get there, a named schedule that does.
 */
import type { ScheduleName } from '../schedules/audit/audit-schedules';

export interface Plant {
  name: string;
  /** Below `src`. */
  file: string;
  /** Stands there once. */
  from: string;
  /** `PLANTED` tells whether this bug is switched on. */
  to: string;
  /** Where guards stand behind each other, the others. */
  also?: readonly Pick<Plant, 'file' | 'from' | 'to'>[];
  /** The first seed that catches it, or a named schedule. */
  caughtBy: number | ScheduleName;
}

/** How the little server and its workers misbehave, drawn as the play goes on: the same seed comes to the same play. */
import { generator } from '../../../../dev/generator';
import type { Silence } from './timeline';

export type Delayed = 'task' | 'start' | 'message' | 'activity';

export interface Trouble {
  /** ms until a workflow task begins, a run starts, a message arrives, an activity is taken. */
  delay: (of: Delayed) => number;
  /** The worker dies in this workflow task, after the workflow and before the server has heard of it. */
  losesTask: () => boolean;
  /** The worker has forgotten the run before this workflow task. */
  forgets: () => boolean;
  /** The worker of this attempt dies before or after it has done its work. */
  crash: (activity: string) => 'before' | 'after' | null;
  /** ms after the start: no worker is there. */
  away: readonly Silence[];
}

export interface TroublePlan {
  /** Chances of each. */
  slow: number;
  /** Of a message that others overtake. */
  late: number;
  lostTasks: number;
  forgotten: number;
  crashes: number;
  away: { at: number; ms: number } | null;
}

const USUAL_MS: Record<Delayed, number> = { task: 15, start: 40, message: 40, activity: 30 };
/** Of a server or worker under load. */
const SLOW_MS: Record<Delayed, number> = { task: 2_000, start: 5_000, message: 8_000, activity: 5_000 };

/** Longer than a server of the schedules takes: whole turns go by meanwhile. */
const LATE_MS = 15_000;

export function troubleOf(seed: number, plan: TroublePlan, startedAt: number): Trouble {
  const fraction = generator(seed + 0x7206b1e);
  // Drawn apart: it must not shift all else.
  const apart = generator(seed + 0x1a7e);
  const chance = (share: number) => share > 0 && fraction() < share;
  return {
    delay: (of) => {
      const ms = Math.floor(fraction() * (chance(plan.slow) ? SLOW_MS[of] : USUAL_MS[of]));
      const isLate = of === 'message' && plan.late > 0 && apart() < plan.late;
      return isLate ? ms + Math.floor(apart() * LATE_MS) : ms;
    },
    losesTask: () => chance(plan.lostTasks),
    forgets: () => chance(plan.forgotten),
    crash: () => (chance(plan.crashes) ? (fraction() < 0.5 ? 'before' : 'after') : null),
    away:
      plan.away === null
        ? []
        : [{ from: startedAt + plan.away.at, until: startedAt + plan.away.at + plan.away.ms }],
  };
}

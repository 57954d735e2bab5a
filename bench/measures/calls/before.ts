/**
 * What the same measurement gave before reads by sets: `npm run bench -- --only calls` with the worker of commit 20efb94.
 * Measured once, since that worker does not change any more.
 */

/** Calls of a run alone, by the number of NICs. */
export const BEFORE_ALONE: Readonly<Record<number, number>> = { 1: 10, 3: 14, 11: 30 };
export const BEFORE_ALONE_EXACT = 29;

/** Of 200 servers with 3 NICs at once, per server. `null`: not measured on a machine that was quiet. */
export interface BeforeAtOnce {
  calls: number;
  serversPerSecond: number;
  ofLaw: number;
  events: number;
  cpu: number | null;
}

/** By calls a second, and what was done. */
export const BEFORE_AT_ONCE: Readonly<Record<string, BeforeAtOnce>> = {};

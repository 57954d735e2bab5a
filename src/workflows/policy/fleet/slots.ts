/**
 * Who may have how many servers under way. One slot is one server. A page gives a slot that a success has freed to its
 * next server by itself; a failure uses the slot up until the run has heard of it. So the limits hold however late
 * messages arrive. Pure.
 */

export interface Tolerance {
  concurrency: number;
  maxErrors: number;
  strict: boolean;
}

/** Servers that may be under way in all, after so many failures. */
export function allowed({ concurrency, maxErrors, strict }: Tolerance, failed: number): number {
  if (failed > maxErrors) return 0;
  return strict ? Math.min(concurrency, maxErrors + 1 - failed) : concurrency;
}

/**
 * The most servers that can still fail before the run starts nothing more.
 * @param underWay or being started; more than `concurrency` where that was lowered meanwhile
 * @param open servers that may run and are not at rest
 */
export function mayStillFail(tolerance: Tolerance, failed: number, underWay: number, open: number): number {
  const most = allowed(tolerance, failed);
  if (most === 0) return underWay;
  // Soft: all that are under way fail at the same moment as the one that is one too many. Strict: one
  // more than `maxErrors` in all, however few are under way at a time.
  const further = tolerance.maxErrors - failed + (tolerance.strict ? 1 : Math.max(most, underWay));
  return Math.min(Math.max(further, underWay), open);
}

/** Children that one page starts in one burst, at most: a parent's lock bounds throughput. */
export const MOST_PER_PAGE = 25;

export interface PageDemand {
  /** Servers of the page that may run in this wave and are not at rest. */
  need: number;
  /** Slots that it may be using now: those of the last order, and those of earlier ones until it has confirmed that. */
  held: number;
}

/**
 * The slots of each page, in the order of the pages. A slot goes to another page only after its page has confirmed that
 * it is free.
 */
export function share(total: number, pages: readonly PageDemand[]): number[] {
  let wanted = total;
  const targets = pages.map(({ need }) => {
    const target = Math.min(need, MOST_PER_PAGE, wanted);
    wanted -= target;
    return target;
  });
  // With more slots than one burst for each page the rest goes on top.
  pages.forEach(({ need }, i) => {
    const more = Math.min(need - (targets[i] ?? 0), wanted);
    targets[i] = (targets[i] ?? 0) + more;
    wanted -= more;
  });
  let free = total - pages.reduce((sum, { held }) => sum + held, 0);
  return pages.map(({ held }, i) => {
    const target = targets[i] ?? 0;
    if (target <= held) return target;
    const more = Math.max(0, Math.min(target - held, free));
    free -= more;
    return held + more;
  });
}

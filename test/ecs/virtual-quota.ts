/** A cloud with a quota, on virtual time, and calls that a worker makes of it. */
import type { Clock } from '../../src/ecs/clock';

/** Time that jumps from one event to the next when nothing is left to do at present. */
export interface VirtualTime extends Clock {
  /** Runs until this moment. */
  until(ms: number): Promise<void>;
}

export function onVirtualTime(start = 1_000_000): VirtualTime {
  let now = start;
  const due: { at: number; ring: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = { at: now + ms, ring: resolve };
        due.push(timer);
        signal?.addEventListener('abort', () => {
          const place = due.indexOf(timer);
          if (place >= 0) due.splice(place, 1);
          reject(new Error('aborted'));
        });
      }),
    until: async (ms) => {
      const end = start + ms;
      for (;;) {
        // Whatever follows from the last event is done first.
        await new Promise((next) => setImmediate(next));
        due.sort((a, b) => a.at - b.at);
        const next = due[0];
        if (next === undefined || next.at > end) break;
        due.shift();
        now = Math.max(now, next.at);
        next.ring();
      }
      now = end;
    },
  };
}

/** Whether the cloud takes a call that comes now. */
export type Quota = (now: number) => boolean;

export const quotas = {
  /** `limit` calls in each window that begins at a full multiple of its length. */
  window: (limit: number, ms: number): Quota => {
    let began = -Infinity;
    let calls = 0;
    return (now) => {
      const begins = Math.floor(now / ms) * ms;
      if (begins > began) [began, calls] = [begins, 0];
      calls += 1;
      return calls <= limit;
    };
  },
  /** `limit` taken calls in any stretch of that length. */
  sliding: (limit: number, ms: number): Quota => {
    const taken: number[] = [];
    return (now) => {
      while (taken.length > 0 && taken[0]! <= now - ms) taken.shift();
      if (taken.length >= limit) return false;
      taken.push(now);
      return true;
    };
  },
  /** A bucket that is refilled evenly. */
  bucket: (perSecond: number, size: number): Quota => {
    let tokens = size;
    let at = 0;
    return (now) => {
      tokens = Math.min(size, tokens + ((now - at) * perSecond) / 1_000);
      at = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    };
  },
};

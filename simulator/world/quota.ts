/** What an account may ask for: so many calls in any window of so many seconds. */
export interface QuotaLimit {
  calls: number;
  seconds: number;
}

/** Counts the calls of the account, those of all its projects and APIs together. A refused call does not count. */
export class Quota {
  private taken: number[] = [];

  /** 0: the call is taken; else after how many milliseconds one would be. */
  take({ calls, seconds }: QuotaLimit, now: number): number {
    const lengthMs = seconds * 1000;
    this.taken = this.taken.filter((at) => at > now - lengthMs);
    if (this.taken.length < calls) {
      this.taken.push(now);
      return 0;
    }
    // With more calls taken than allowed, because the limit has been lowered, the next one waits for several to leave.
    const leaving = this.taken[this.taken.length - calls] ?? now;
    return leaving + lengthMs - now;
  }

  clear(): void {
    this.taken = [];
  }
}

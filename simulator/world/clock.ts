/** Where the simulated cloud takes its time from. Everything in it is evaluated lazily from here; it owns no timers. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export const realClock: Clock = { now: () => Date.now() };

/** Simulated seconds pass `scale` times faster than those of `base`, from the moment of creation on. */
export class ScaledClock implements Clock {
  private readonly start: number;

  constructor(
    private readonly scale: number,
    private readonly base: Clock = realClock,
  ) {
    this.start = base.now();
  }

  now(): number {
    return Math.floor(this.start + (this.base.now() - this.start) * this.scale);
  }
}

/** Stands still until a test moves it. */
export class ManualClock implements Clock {
  constructor(private ms: number = Date.parse('2026-01-05T10:00:00.000Z')) {}

  now(): number {
    return this.ms;
  }

  advance(ms: number): void {
    this.ms += ms;
  }
}

/** Lets the control interface move any clock forward: a clock that can be moved is moved itself, another one gets an offset. */
export class AdjustableClock implements Clock {
  private offset = 0;

  constructor(private readonly base: Clock) {}

  now(): number {
    return this.base.now() + this.offset;
  }

  advance(ms: number): void {
    const base = this.base as Clock & { advance?: (ms: number) => void };
    if (base.advance) base.advance(ms);
    else this.offset += ms;
  }
}

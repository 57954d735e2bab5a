/** What is due on virtual time, in order; what needs a worker waits while none is there. */
import type { VirtualClock } from './adapter';
import type { Job } from './replica';

/** Something due. Without a `run` it is meant for whichever is open then. */
export interface Entry<Run> {
  at: number;
  order: number;
  run: Run | null;
  /** Of a timer or an activity, which may be cancelled. */
  key?: string;
  what:
    | { job: Job }
    /** A worker does it; `orphan`: also when the run is closed by then. */
    | { work: () => Promise<void>; orphan?: boolean }
    /** The server does it, worker or not. */
    | { act: () => Promise<void> | void };
}

/** What comes before all else of its moment, in this order. */
export const FIRST = { worker: -2, history: -1 } as const;

export class Agenda<Run> {
  now: number;
  private readonly entries: Entry<Run>[] = [];
  private made = 0;
  /** While no worker is there; `told`: its end is on the agenda. */
  private readonly silences: { from: number; until: number; told: boolean }[] = [];

  /** @param onReturn a new worker is there */
  constructor(
    private readonly clock: VirtualClock,
    private readonly onReturn: () => Promise<void>,
  ) {
    this.now = clock.now();
  }

  push(entry: Omit<Entry<Run>, 'order'>, order: number = this.made++): void {
    this.entries.push({ ...entry, order });
    this.sort();
  }

  remove(run: Run, key: string): void {
    const index = this.entries.findIndex((entry) => entry.run === run && entry.key === key);
    if (index >= 0) this.entries.splice(index, 1);
  }

  find(wanted: (entry: Entry<Run>) => boolean): Entry<Run> | undefined {
    return this.entries.find(wanted);
  }

  /** The next entry, which stays; `undefined`: nothing more will happen. */
  next(): Entry<Run> | undefined {
    while (this.entries[0] !== undefined && this.postponed(this.entries[0]));
    return this.entries[0];
  }

  shift(): void {
    this.entries.shift();
  }

  /** Takes all that are due by now and fit. */
  take(fits: (entry: Entry<Run>) => boolean): Entry<Run>[] {
    const due = this.entries.filter((entry) => entry.at <= this.now && fits(entry));
    for (const entry of due) this.entries.splice(this.entries.indexOf(entry), 1);
    return due;
  }

  advanceTo(at: number): void {
    this.now = Math.max(this.now, at);
    if (this.now > this.clock.now()) this.clock.advance(this.now - this.clock.now());
  }

  silence(from: number, ms: number): void {
    this.silences.push({ from, until: from + ms, told: false });
  }

  private postponed({ at, what }: Entry<Run>): boolean {
    if ('act' in what) return false;
    const silence = this.silences.find(({ from, until }) => at >= from && at < until);
    if (silence === undefined) return false;
    const { from, until } = silence;
    for (const entry of this.entries)
      if (!('act' in entry.what) && entry.at >= from && entry.at < until) entry.at = until;
    if (!silence.told) this.push({ at: until, run: null, what: { act: this.onReturn } }, FIRST.worker);
    silence.told = true;
    this.sort();
    return true;
  }

  private sort(): void {
    this.entries.sort((a, b) => a.at - b.at || a.order - b.order);
  }
}

/** Messages come first in an activation, after what begins a run. */
export function sorted(jobs: Job[]): Job[] {
  const rank = (job: Job) =>
    job.initializeWorkflow ? 0 : job.updateRandomSeed ? 1 : job.signalWorkflow || job.doUpdate ? 2 : 3;
  return jobs
    .map((job, index) => ({ job, index }))
    .sort((a, b) => rank(a.job) - rank(b.job) || a.index - b.index)
    .map(({ job }) => job);
}

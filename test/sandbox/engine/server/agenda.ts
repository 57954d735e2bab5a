/** What is due, on virtual time. While no worker is there, all that needs one waits for the next, a younger process. */
import type { Job } from '../replica';
import type { VirtualClock } from '../surroundings';
import type { Run } from './run';

export interface Entry {
  at: number;
  order: number;
  /** `null`: it is meant for whichever is open then. */
  run: Run | null;
  /** Of a timer or an activity, which may be cancelled. */
  key?: string;
  what:
    | { job: Job }
    /** A worker does it; `orphan`: also when the run is closed by then. */
    | { work: () => Promise<void>; orphan?: boolean }
    /** The server does it, worker or not; a run that it begins has these jobs. */
    | { act: () => Promise<void> | Job[] | void };
}

export class Agenda {
  now: number;
  private readonly entries: Entry[] = [];
  private order = 0;
  /** While no worker is there; `told`: its end is on the agenda. */
  private readonly silences: { from: number; until: number; told: boolean }[] = [];

  /** @param back what happens when a worker is there again */
  constructor(
    private readonly clock: VirtualClock,
    private readonly back: () => Promise<void>,
  ) {
    this.now = clock.now();
  }

  tell(at: number, job: Job, run: Run | null = null, key?: string): void {
    this.put({ at, order: this.order++, run, what: { job }, ...(key && { key }) });
  }

  work(at: number, run: Run, work: () => Promise<void>, more: { key?: string; orphan?: boolean }): void {
    const { key, orphan = false } = more;
    this.put({ at, order: this.order++, run, what: { work, orphan }, ...(key && { key }) });
  }

  act(at: number, act: () => Promise<void> | Job[] | void, run: Run | null = null, key?: string): void {
    this.put({ at, order: this.order++, run, what: { act }, ...(key && { key }) });
  }

  /** Before anything else of this moment. */
  tellFirst(jobs: readonly Job[], run: Run): void {
    for (const job of jobs) this.put({ at: this.now, order: -0.5, run, what: { job } });
  }

  remove(run: Run, key: string): void {
    const index = this.entries.findIndex((entry) => entry.run === run && entry.key === key);
    if (index >= 0) this.entries.splice(index, 1);
  }

  /** A timer or an activity of this run. */
  underWay(run: Run): string | undefined {
    return this.entries.find((entry) => entry.run === run && entry.key !== undefined)?.key;
  }

  silence(from: number, ms: number): void {
    this.silences.push({ from, until: from + ms, told: false });
  }

  advanceTo(at: number): void {
    this.now = Math.max(this.now, at);
    if (this.now > this.clock.now()) this.clock.advance(this.now - this.clock.now());
  }

  /** The clock is ahead while a call is under way. */
  catchUp(): void {
    this.now = Math.max(this.now, this.clock.now());
  }

  /** Takes what is next; of jobs all that are due then. `null`: nothing more will happen. */
  next(isStale: (entry: Entry) => boolean): Exclude<Entry['what'], { job: Job }> | Job[] | null {
    for (;;) {
      const [next] = this.entries;
      if (next === undefined) return null;
      if (this.postponed(next)) continue;
      if (isStale(next)) {
        this.entries.shift();
        continue;
      }
      // What came while an activity ran is delivered at its own time; the cloud's clock is ahead then.
      this.advanceTo(next.at);
      if (!('job' in next.what)) {
        this.entries.shift();
        return next.what;
      }
      const jobs = this.jobsDue(isStale);
      if (jobs.length > 0) return jobs;
    }
  }

  private jobsDue(isStale: (entry: Entry) => boolean): Job[] {
    const jobs: Job[] = [];
    for (let [entry] = this.entries; entry !== undefined && entry.at <= this.now; [entry] = this.entries) {
      if (!('job' in entry.what)) break;
      this.entries.shift();
      if (!isStale(entry)) jobs.push(entry.what.job);
    }
    return inOrder(jobs);
  }

  /** Takes messages that are due by now, to go along with a task that is made for another reason. */
  messages(): Job[] {
    const due = this.entries.filter(({ at, run, what }) => at <= this.now && run === null && 'job' in what);
    for (const entry of due) this.entries.splice(this.entries.indexOf(entry), 1);
    return inOrder(due.flatMap(({ what }) => ('job' in what ? [what.job] : [])));
  }

  private postponed({ at, what }: Entry): boolean {
    if ('act' in what) return false;
    const silence = this.silences.find(({ from, until }) => at >= from && at < until);
    if (silence === undefined) return false;
    const { from, until, told } = silence;
    for (const entry of this.entries)
      if (!('act' in entry.what) && entry.at >= from && entry.at < until) entry.at = until;
    silence.told = true;
    // First of all that happens then.
    if (!told) this.entries.push({ at: until, order: -1, run: null, what: { act: this.back } });
    this.sort();
    return true;
  }

  private put(entry: Entry): void {
    this.entries.push(entry);
    this.sort();
  }

  private sort(): void {
    this.entries.sort((a, b) => a.at - b.at || a.order - b.order);
  }
}

/** Messages come first in an activation, after what begins a run. */
export function inOrder(jobs: Job[]): Job[] {
  const rank = (job: Job) =>
    job.initializeWorkflow ? 0 : job.updateRandomSeed ? 1 : job.signalWorkflow || job.doUpdate ? 2 : 3;
  return jobs.toSorted((a, b) => rank(a) - rank(b));
}

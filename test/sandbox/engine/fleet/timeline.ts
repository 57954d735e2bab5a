/** What is due, on virtual time, for many workflows. While no worker is there, all that needs one waits for the next one. */
import type { VirtualClock } from '../surroundings';

export interface Entry {
  at: number;
  readonly order: number;
  readonly act: () => Promise<void> | void;
  /** A worker does it: it waits until one is there. */
  readonly byWorker: boolean;
  /** Nobody waits for it any more. */
  dropped: boolean;
}

export interface Silence {
  from: number;
  until: number;
}

export class Timeline {
  now: number;
  private readonly entries: Entry[] = [];
  private order = 0;

  /** @param silences while these go on no worker is there */
  constructor(
    private readonly clock: VirtualClock,
    readonly silences: readonly Silence[],
  ) {
    this.now = clock.now();
  }

  put(at: number, act: Entry['act'], byWorker = false): Entry {
    const entry: Entry = { at: Math.max(at, this.now), order: this.order++, act, byWorker, dropped: false };
    this.insert(entry);
    return entry;
  }

  /** Carries out what is next. @returns `false`: nothing more will happen */
  async step(): Promise<boolean> {
    for (let entry = this.entries.shift(); entry !== undefined; entry = this.entries.shift()) {
      if (entry.dropped) continue;
      const { at } = entry;
      const silence = entry.byWorker && this.silences.find(({ from, until }) => at >= from && at < until);
      if (silence) {
        entry.at = silence.until;
        this.insert(entry);
        continue;
      }
      this.now = Math.max(this.now, at);
      // The cloud's clock is ahead while a call is under way.
      if (this.now > this.clock.now()) this.clock.advance(this.now - this.clock.now());
      await entry.act();
      return true;
    }
    return false;
  }

  /** Behind all others of its moment that came before it. */
  private insert(entry: Entry): void {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.entries[middle] as Entry;
      if (other.at < entry.at || (other.at === entry.at && other.order < entry.order)) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
  }
}

/** What something was until an instant; null: it was not there yet. */
interface Moment {
  until: number;
  was: object | null;
}

/**
 * What servers, ports and elastic IPs were some seconds ago, for reads that lag behind. It remembers as far back as those
 * reads look, and nothing while none lags: a change costs no memory then.
 */
export class Past {
  private readonly moments = new WeakMap<object, Moment[]>();

  /** @param reachMs how far back reads look */
  constructor(private readonly reachMs: () => number) {}

  /** To be called before a change. */
  keep(thing: object, at: number): void {
    this.add(thing, { until: at, was: { ...thing } }, at);
  }

  /** To be called when a thing has come to be; one that it was never called for has always been there. */
  begin(thing: object, at: number): void {
    this.add(thing, { until: at, was: null }, at);
  }

  /** The thing as it was at that instant; null: it was not there yet. */
  at<T extends object>(thing: T, when: number): T | null {
    const moment = this.moments.get(thing)?.find(({ until }) => when < until);
    // A moment is a copy of the thing it is kept for.
    return moment ? (moment.was as T | null) : thing;
  }

  private add(thing: object, moment: Moment, at: number): void {
    const reach = this.reachMs();
    if (reach <= 0) return;
    const kept = (this.moments.get(thing) ?? []).filter(({ until }) => until > at - reach);
    this.moments.set(thing, [...kept, moment]);
  }
}

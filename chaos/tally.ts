/** What has happened, by group and name. */
export type Group =
  | 'started'
  | 'troubles'
  /** Calls of the cloud that a fault has struck, by its kind. */
  | 'faults'
  /** Messages of people and other services, by what became of them. */
  | 'messages'
  | 'terminations'
  | 'resets'
  | 'cancellations';

export class Tally {
  private readonly counts = new Map<Group, Map<string, number>>();

  add(group: Group, name: string, times = 1): void {
    const names = this.counts.get(group) ?? new Map<string, number>();
    names.set(name, (names.get(name) ?? 0) + times);
    this.counts.set(group, names);
  }

  total(group: Group): number {
    return [...(this.counts.get(group)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  of(group: Group): Record<string, number> {
    return Object.fromEntries([...(this.counts.get(group) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

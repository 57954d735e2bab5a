interface Entry {
  at: number;
  order: number;
  run: (at: number) => void;
}

/**
 * Future effects in the order of time, as a binary heap. A read carries out those that are due; reading 10,000
 * servers costs nothing while no effect is due.
 */
export class Agenda {
  private heap: Entry[] = [];
  private order = 0;

  /** `at` is in milliseconds of the simulated clock; entries of one instant run in the order they were made. */
  schedule(at: number, run: (at: number) => void): void {
    if (!Number.isFinite(at)) return;
    const heap = this.heap;
    const entry = { at, order: this.order++, run };
    let child = heap.length;
    heap.push(entry);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!before(entry, above)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = entry;
  }

  /** Carries out all that is due; an effect may schedule further ones. */
  settle(now: number): void {
    for (let next = this.heap[0]; next && next.at <= now; next = this.heap[0]) {
      this.removeFirst();
      next.run(next.at);
    }
  }

  clear(): void {
    this.heap = [];
    this.order = 0;
  }

  private removeFirst(): void {
    const heap = this.heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[hole] = heap[child] as Entry;
      hole = child;
    }
    heap[hole] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order;
}

/** Wakes a workflow at a time. One durable timer serves many turns: one for each turn would cost two events each. */
import { CancellationScope, sleep } from '@temporalio/workflow';
import { label } from '../run/details';

export class Alarm {
  /** Epoch ms of the timer that fires first. */
  #at = Infinity;

  constructor(private readonly wake: () => void) {}

  /** Wakes at that time, or earlier: who is woken looks again, and sets it anew. */
  set(at: number, summary: string): void {
    if (at >= this.#at) return;
    this.#at = at;
    void CancellationScope.nonCancellable(() =>
      sleep(Math.max(1, Math.round(at - Date.now())), { summary: label(summary) }),
    ).then(() => {
      if (this.#at === at) this.#at = Infinity;
      this.wake();
    });
  }
}

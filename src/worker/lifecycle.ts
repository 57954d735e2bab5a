/** The known state of this process: the source of `/livez` and `/readyz`. */
import type { Answer } from './health';
import type { ConnectionWatch } from './connection-watch';
import type { Three } from './workers';

/** A shorter loss of the connection needs no report: Core's pollers reconnect by themselves. */
const LOST_FOR_MS = 30_000;

interface Pollable {
  getState(): string;
}

/** The workers of the process, by what they serve. */
type Workers = Three<Pollable>;

export class Lifecycle {
  #doing: { state: 'connecting' | 'starting' | 'failed'; reason: string } | null;
  #workers: Workers | null = null;
  #watch: ConnectionWatch | null = null;

  /**
   * @param address of Temporal
   * @param stop aborted when the process was asked to stop
   */
  constructor(
    readonly address: string,
    readonly stop: AbortSignal,
  ) {
    this.#doing = { state: 'connecting', reason: `connecting to Temporal at ${address}` };
  }

  /** The worker is still connecting, because of this problem. */
  connecting(problem: string): void {
    this.#doing = { state: 'connecting', reason: `connecting to Temporal at ${this.address}: ${problem}` };
  }

  starting(): void {
    this.#doing = { state: 'starting', reason: 'connected to Temporal; the workers are being started' };
  }

  running(workers: Workers, watch: ConnectionWatch): void {
    this.#workers = workers;
    this.#watch = watch;
    this.#doing = null;
  }

  failed(reason: string): void {
    this.#doing = { state: 'failed', reason };
  }

  readonly livez = (): Answer => {
    const failed = this.#failure();
    return failed === null ? { ok: true, state: 'alive' } : { ok: false, ...failed };
  };

  readonly readyz = (): Answer => {
    const notReady = this.#failure() ?? this.#draining() ?? this.#doing ?? this.#stopped() ?? this.#lost();
    return notReady === null ? { ok: true, state: 'ready' } : { ok: false, ...notReady };
  };

  #draining(): { state: string; reason: string } | null {
    if (!this.stop.aborted) return null;
    return {
      state: 'draining',
      reason: 'asked to stop: the worker takes no new work and finishes what is running',
    };
  }

  #failure(): { state: string; reason: string } | null {
    if (this.#doing?.state === 'failed') return this.#doing;
    for (const [name, worker] of Object.entries(this.#workers ?? {}) as [string, Pollable][]) {
      if (worker.getState() === 'FAILED') {
        return { state: 'failed', reason: `the worker for ${name} has failed: its error is in the log` };
      }
    }
    return null;
  }

  #stopped(): { state: string; reason: string } | null {
    const states = Object.entries(this.#workers ?? {}) as [string, Pollable][];
    const idle = states.filter(([, worker]) => worker.getState() !== 'RUNNING');
    if (states.length > 0 && idle.length === 0) return null;
    const which = idle.map(([name, worker]) => `the worker for ${name} is ${worker.getState()}`);
    const state = idle.every(([, worker]) => worker.getState() === 'INITIALIZED') ? 'starting' : 'draining';
    return { state, reason: which.join(', ') || 'no worker yet' };
  }

  /** The workers themselves do not notice: their pollers try again for ever. */
  #lost(): { state: string; reason: string } | null {
    const lost = this.#watch?.lost() ?? null;
    if (lost === null || lost.forMs < LOST_FOR_MS) return null;
    const seconds = Math.round(lost.forMs / 1_000);
    return { state: 'disconnected', reason: `Temporal has not answered for ${seconds} s: ${lost.problem}` };
  }
}

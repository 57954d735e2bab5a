/** From the first signal to the end: one place listens to signals for the whole life of the process. */
import { setMaxListeners } from 'node:events';
import type { Logger } from '@temporalio/worker';
import type { Transport } from '../ecs/transport';
import { TransportError } from '../ecs/transport';

/** The signals that ask a worker to stop. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/**
 * A second signal ends the grace at once, unless it is an echo of the first: with `npm run worker`, Ctrl-C arrives from
 * the terminal and again from npm.
 */
const ECHO_MS = 1_000;

/** Time after the grace to report to Temporal what was cut off. The rule for orchestrators is grace + 10 s. */
const REPORT_MS = 5_000;

/** The worker could not report its running activities: Temporal does not answer, or an activity ignores its end. */
export class UndrainedError extends Error {}

export class Shutdown {
  readonly #stop = new AbortController();
  readonly #cut = new AbortController();
  #requestedAt = 0;
  #cutCalls = 0;

  /** @param graceMs how long calls to the cloud may go on after the first signal */
  constructor(readonly graceMs: number) {
    // Each call in flight adds one listener.
    setMaxListeners(0, this.#cut.signal);
    for (const signal of SIGNALS) process.on(signal, () => this.request());
    // Used for heap dumps and reloads, and one of the signals by which the SDK stops a worker. Without a listener it
    // would end the process at once.
    process.on('SIGUSR2', () => undefined);
  }

  /** Aborted by the first signal. */
  get requested(): AbortSignal {
    return this.#stop.signal;
  }

  request(): void {
    if (!this.#stop.signal.aborted) {
      this.#requestedAt = performance.now();
      this.#stop.abort();
      setTimeout(() => this.#cut.abort(), this.graceMs).unref();
    } else if (performance.now() - this.#requestedAt > ECHO_MS) {
      this.#cut.abort();
    }
  }

  /** Rejects with an {@link UndrainedError} when the drain takes 5 s longer than its grace. */
  whenOverdue(): Promise<never> {
    const { signal } = this.#cut;
    return new Promise((_resolve, reject) => {
      const overdue = () => {
        const why =
          'the drain took longer than its grace: the worker could not report to Temporal what was running, and Temporal' +
          ' shows it as a time-out; the runs find out what came of it';
        setTimeout(() => reject(new UndrainedError(why)), REPORT_MS).unref();
      };
      if (signal.aborted) overdue();
      else signal.addEventListener('abort', overdue, { once: true });
    });
  }

  /** Resolves with the first signal. */
  whenRequested(): Promise<'stop'> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      if (signal.aborted) resolve('stop');
      else signal.addEventListener('abort', () => resolve('stop'), { once: true });
    });
  }

  /**
   * The same transport, but exchanges end with the grace. When its activity is cancelled, a deletion in flight is not
   * aborted, because its job id would be lost. What has no answer at the end of the grace is reported as of unknown
   * fate while the worker can still report it, and another worker looks at the NICs. If the death of the process ended
   * it, this would be known only when its attempt times out.
   */
  bound(inner: Transport & { close(): Promise<void> }): Transport & { close(): Promise<void> } {
    const cut = this.#cut.signal;
    const transport: Transport = async (request) => {
      const { signal } = request;
      // Not AbortSignal.any: a signal that lives as long as the process would keep a reference to every call.
      const either = new AbortController();
      const abort = () => either.abort();
      const sources = [cut, ...(signal === undefined ? [] : [signal])];
      for (const source of sources) source.addEventListener('abort', abort);
      if (sources.some((source) => source.aborted)) abort();
      try {
        return await inner({ ...request, signal: either.signal });
      } catch (error) {
        const ours = cut.aborted && signal?.aborted !== true;
        if (!ours || !(error instanceof TransportError) || error.kind !== 'aborted') throw error;
        this.#cutCalls += 1;
        throw new TransportError('network', error.sent, 'ended by the shutdown of this worker', error.answer);
      } finally {
        for (const source of sources) source.removeEventListener('abort', abort);
      }
    };
    return Object.assign(transport, { close: () => inner.close() });
  }

  /** Writes one line when the drain had to cut something off. */
  report(log: Logger): void {
    if (this.#cutCalls === 0) return;
    log.warn(
      `${this.#cutCalls} call(s) to the cloud were ended by the shutdown; their runs find out what came of` +
        ' them. Raise ECS_NICS_SHUTDOWN_GRACE if it happens often.',
    );
  }
}

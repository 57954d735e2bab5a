import type { Clock } from '../clock';
import { CloudError } from '../errors';

/** After so many answers in a row that fell short reads go one by one for so long. Trying again costs little. */
const SHORT = { answers: 3, singlyMs: 3_600_000 };
/** The same for calls without an answer, or with a 5xx: perhaps the cloud fails at sets alone, perhaps at everything. */
const FAILED = { answers: 5, singlyMs: 5 * 60_000 };

export interface TrustSettings {
  clock: Clock;
  warn: (message: string) => void;
  /** Called for each answer that fell short. */
  fellShort: () => void;
}

/**
 * Whether answers to sets are worth asking for. That the cloud answers sets is documented, and was never tried
 * (docs/cloud-api.md §3.6): so it is proved in use, and a worker that sees answers fall short reads one by one.
 */
export class Trust {
  readonly #what: string;
  readonly #settings: TrustSettings;
  #inRow = { short: 0, failed: 0 };
  #singlyUntil = -Infinity;

  /** @param what the calls in words, for the log */
  constructor(what: string, settings: TrustSettings) {
    this.#what = what;
    this.#settings = settings;
  }

  get lost(): boolean {
    return this.#settings.clock.now() < this.#singlyUntil;
  }

  /** The answer was whole. */
  gain(): void {
    this.#inRow = { short: 0, failed: 0 };
  }

  /**
   * @param why what the answer lacked, in words
   * @param isNews `false`: it lacked little, or was asked for in a form that is not used any more
   */
  fellShort(why: string, isNews = true): void {
    this.#settings.fellShort();
    if (!isNews) return;
    this.#inRow.short += 1;
    if (this.#inRow.short >= SHORT.answers) this.#lose(SHORT.singlyMs, `answers fall short: ${why}`);
  }

  /** Whether an error of the set leaves its things to be read alone. Otherwise it is the error of each request. */
  leavesAlone(error: unknown, isNews = true): boolean {
    if (!(error instanceof CloudError)) return false;
    const { kind, httpStatus, action, message } = error;
    // An id that fits in no request: that of one server must not end the runs of the others.
    if (kind === 'invalid') return true;
    if (
      kind === 'timeout' ||
      kind === 'network' ||
      (httpStatus !== null && httpStatus >= 500 && action === 'retry')
    ) {
      this.#inRow.failed += 1;
      if (this.#inRow.failed >= FAILED.answers) this.#lose(FAILED.singlyMs, `calls fail: ${message}`);
      return false;
    }
    // A 400 may be the fault of one id, an odd body that of the schema, and a 403 of a permission for lists alone: single
    // reads decide.
    const forSingle = action === 'throttled' || (action === 'credentials' && httpStatus !== 403);
    const odd = kind === 'unreadable' || (kind === 'answer' && !forSingle);
    if (odd) this.fellShort(message, isNews);
    return odd;
  }

  #lose(singlyMs: number, why: string): void {
    if (this.lost) return;
    this.gain();
    const { clock, warn } = this.#settings;
    this.#singlyUntil = clock.now() + singlyMs;
    warn(
      `${this.#what} are read one by one for ${singlyMs / 60_000} minutes, which costs more calls: sets of them are not answered as documented (${why})`,
    );
  }
}

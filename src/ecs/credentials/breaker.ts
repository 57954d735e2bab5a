import { abortable } from '../abortable';
import type { Clock } from '../clock';
import type { CredentialProvider, Outcome, Refusal } from './provider';
import { CredentialProblem, Notices } from './provider';

/**
 * Five wrong signatures in a row lock a key for five minutes, for all its users (docs/cloud-api.md §5.2). So refused
 * credentials are tried at most once a minute, whichever call needs them (docs/contract.md §6.5).
 */
const TRY_EVERY_MS = 60_000;

/**
 * Refusals in a row that open the breaker. Credentials that were never accepted are wrong from the start (a typo,
 * rolled out to all workers at once): one refusal is enough, and four workers together stay below the lock. For
 * credentials that have worked it takes two, so that one stray 401 does not stop all calls for a minute.
 */
const ENOUGH = { unproven: 1, proven: 2 };

/** One request that may be sent, until its outcome is known. */
interface Pass {
  settle(outcome: Outcome): void;
}

/**
 * Lets requests pass as long as the cloud accepts them. Before the first acceptance, and after a refusal, one request
 * goes alone and the others wait for its answer. While the breaker is open, one request a minute goes and the others
 * fail at once.
 */
class Breaker {
  private proven = false;
  /** Number in a row. */
  private refusals = 0;
  private refusalsEver = 0;
  private last: { refusal: Refusal; at: number } | null = null;
  /** Epoch ms of the last refusal, or of the last request sent after it. */
  private triedAt = -Infinity;
  /** Resolves when the request that goes alone has its answer. */
  private trial: Promise<void> | null = null;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly notices: Notices,
  ) {}

  /** @throws CredentialProblem */
  async enter(signal?: AbortSignal): Promise<Pass> {
    for (;;) {
      if (this.proven && this.refusals === 0) return this.pass(() => {});
      const now = this.clock.now();
      if (this.open) {
        if (this.trial !== null || this.tooSoon(now)) throw this.refused(now);
        // A request without a clear answer uses up its minute, too.
        this.triedAt = now;
      }
      if (this.trial === null) return this.alone();
      await abortable(this.trial, signal);
    }
  }

  private get open(): boolean {
    return this.refusals >= (this.proven ? ENOUGH.proven : ENOUGH.unproven);
  }

  /** A clock that was set back (the wrong clock may have caused the refusals) must not stop the tries for long. */
  private tooSoon(now: number): boolean {
    return now >= this.triedAt && now < this.triedAt + TRY_EVERY_MS;
  }

  private alone(): Pass {
    let over = () => {};
    this.trial = new Promise<void>((resolve) => {
      over = resolve;
    });
    return this.pass(() => {
      this.trial = null;
      over();
    });
  }

  private pass(over: () => void): Pass {
    let settled = false;
    // Only a request sent after the last refusal proves that the credentials work.
    const refusalsSeen = this.refusalsEver;
    return {
      settle: (outcome) => {
        if (settled) return;
        settled = true;
        if (outcome === 'accepted') this.accepted(refusalsSeen);
        else if (outcome !== 'unclear') this.refuse(outcome.refused);
        over();
      },
    };
  }

  private accepted(refusalsSeen: number): void {
    if (refusalsSeen < this.refusalsEver) return;
    if (this.open) this.notices.tell('info', 'the cloud accepts the worker’s credentials again');
    this.proven = true;
    this.refusals = 0;
  }

  private refuse(refusal: Refusal): void {
    const before = this.open;
    this.refusals += 1;
    this.refusalsEver += 1;
    const now = this.clock.now();
    this.last = { refusal, at: now };
    this.triedAt = now;
    if (this.open && !before) {
      this.notices.tell(
        'warn',
        `the cloud refuses the worker’s credentials (${refusal.meaning}): it tries once a minute until the cloud accepts them. ${refusal.hint}`,
      );
    }
  }

  private refused(now: number): CredentialProblem {
    const { last } = this;
    if (last === null) throw new Error('open without a refusal');
    const ago = Math.max(0, Math.round((now - last.at) / 1_000));
    return new CredentialProblem({
      ...last.refusal,
      kind: 'refused',
      meaning: `the cloud refused the worker’s credentials ${ago} s ago (${last.refusal.meaning}), and the worker tries them only once a minute`,
      retryAfterMs: null,
    });
  }
}

/** The same credentials behind their own breaker. A worker uses one for all requests with these credentials. */
export function guarded(inner: CredentialProvider, clock: Pick<Clock, 'now'>): CredentialProvider {
  const notices = inner.notices ?? new Notices();
  const breaker = new Breaker(clock, notices);
  const passes = new WeakMap<object, Pass>();
  return {
    ...inner,
    notices,
    async authorize(request, now, signal) {
      const pass = await breaker.enter(signal);
      try {
        const headers = await inner.authorize(request, now, signal);
        passes.set(headers, pass);
        return headers;
      } catch (error) {
        pass.settle('unclear');
        throw error;
      }
    },
    settle: (headers, outcome) => passes.get(headers)?.settle(outcome),
  };
}

import { abortable } from '../abortable';
import type { Clock } from '../clock';
import type { Notices } from './provider';
import { CredentialProblem } from './provider';

/** Credentials that are valid for a limited time. Times are epoch ms of this machine's clock. */
export interface Lease<T> {
  value: T;
  /** From this time on the next call renews the lease. */
  renewAt: number;
  /** The lease is used until this time, even if its renewal fails. */
  validUntil: number;
}

export interface RenewalSettings<T> {
  /** For the log. */
  name: string;
  /**
   * Gets a new lease.
   * @throws CredentialProblem
   */
  fetch(): Promise<Lease<T>>;
  /** ms without another attempt after a failure; `refusals`: number since the last success, including this one. */
  pauseMs(problem: CredentialProblem, refusals: number): number;
  clock: Pick<Clock, 'now'>;
  notices: Notices;
}

/** Keeps a lease fresh: one renewal at a time for all waiting callers, and a pause after a failed renewal. */
export class Renewal<T> {
  private lease: Lease<T> | null = null;
  private flight: Promise<void> | null = null;
  /** Failures of other kinds do not reset it: IAM counts wrong passwords, and an outage does not reset its count. */
  private refusals = 0;
  private failed: { problem: CredentialProblem; failures: number; at: number; until: number } | null = null;

  constructor(private readonly settings: RenewalSettings<T>) {}

  /** The lease that is valid now. @throws CredentialProblem */
  async get(signal?: AbortSignal): Promise<T> {
    const now = this.settings.clock.now();
    if (this.lease !== null && now < this.lease.validUntil) {
      // No caller waits for this renewal: the old lease still works. `start` reports and remembers its failure.
      if (now >= this.lease.renewAt && !this.paused(now)) this.start().catch(() => undefined);
      return this.lease.value;
    }
    return this.fresh(signal);
  }

  /**
   * The cloud has refused a lease of this source. `true`: another one exists now.
   * @param isRefused whether a lease's value is the refused one
   * @throws CredentialProblem
   */
  async renew(isRefused: (value: T) => boolean, signal?: AbortSignal): Promise<boolean> {
    if (this.lease !== null) {
      if (!isRefused(this.lease.value)) return true;
      this.lease.validUntil = -Infinity;
    }
    return !isRefused(await this.fresh(signal));
  }

  private async fresh(signal?: AbortSignal): Promise<T> {
    const now = this.settings.clock.now();
    if (this.failed !== null && this.paused(now)) throw remembered(this.failed, now);
    await abortable(this.flight ?? this.start(), signal);
    if (this.lease === null) throw new Error('a renewal brought nothing');
    return this.lease.value;
  }

  private paused(now: number): boolean {
    // A clock that was set back must not prolong the pause.
    return this.failed !== null && now >= this.failed.at && now < this.failed.until;
  }

  /** Uses no caller's signal: a caller that gives up must not end the renewal for the others. */
  private start(): Promise<void> {
    this.flight ??= this.fetch().finally(() => {
      this.flight = null;
    });
    return this.flight;
  }

  private async fetch(): Promise<void> {
    const { name, clock, notices } = this.settings;
    try {
      this.lease = await this.settings.fetch();
      this.failed = null;
      this.refusals = 0;
      notices.tell('info', `new ${name}, valid until ${new Date(this.lease.validUntil).toISOString()}`);
    } catch (error) {
      if (!(error instanceof CredentialProblem)) throw error;
      const { failed } = this;
      const failures = failed?.problem.facts.kind === error.facts.kind ? failed.failures + 1 : 1;
      if (error.facts.kind === 'refused') this.refusals += 1;
      const pauseMs = this.settings.pauseMs(error, this.refusals);
      const now = clock.now();
      this.failed = { problem: error, failures, at: now, until: now + pauseMs };
      // Of an outage only the first failure is reported; each refusal is.
      if (failures === 1 || error.facts.kind === 'refused') {
        const next = `asked again after ${seconds(pauseMs)} at the earliest`;
        notices.tell('warn', `no new ${name}: ${error.message}; ${next}. ${error.facts.hint}`);
      }
      throw error;
    }
  }
}

function remembered(
  { problem, at, until }: { problem: CredentialProblem; at: number; until: number },
  now: number,
): CredentialProblem {
  const when = `${seconds(now - at)} ago, asked again in ${seconds(until - now)} at the earliest`;
  return new CredentialProblem({ ...problem.facts, meaning: `${problem.facts.meaning} (${when})` });
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`;

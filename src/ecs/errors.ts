import { readThrottle, words } from './wire/envelopes';
import type { Problem } from './wire/envelopes';
import { lookUp } from './error-table';
import type { Action, DefaultRule, ErrorRow, Fate, Sign } from './error-table';
import type { Throttle } from './limiter';
import { isEffect, PERMISSIONS } from './wire/operations';
import type { Operation } from './wire/operations';

export type { Operation } from './wire/operations';

/**
 * What failed in a call. `answer`: the cloud refused · `network`, `timeout` · `unreadable`: the answer does not have
 * the expected form · `late`: `notAfter` had passed, nothing was sent · `unconfirmed`: the worker could not ask whether
 * it may still be sent, so it was not · `aborted`: by the caller's signal · `invalid`: an argument that fits in no
 * request · `withheld`: without usable credentials nothing was sent · `paused`: the cloud has throttled another call, and
 * nothing is sent for the time that it named.
 */
export type FailureKind =
  | 'answer'
  | 'network'
  | 'timeout'
  | 'unreadable'
  | 'late'
  | 'unconfirmed'
  | 'aborted'
  | 'invalid'
  | 'withheld'
  | 'paused';

interface Facts {
  operation: Operation;
  kind: FailureKind;
  /** `null`: no answer. */
  httpStatus: number | null;
  /** The cloud's code as the answer has it; `null`: none. */
  code: string | null;
  /** Code of the error inside the answer's error. */
  innerCode: string | null;
  /** The cloud's own message: one line, at most 500 characters. */
  cloudMessage: string | null;
  requestId: string | null;
  action: Action;
  /** For a POST; irrelevant for reads. */
  fate: Fate;
  /** ms, from the table; `null`: back off. */
  delayMs: number | null;
  /** ms, from `Retry-After`, at most 10 minutes. */
  retryAfterMs: number | null;
  /** The cloud's quota, when its message names it. */
  throttle: { limit: number; windowMs: number } | null;
  meaning: string;
  /** For the operator, with the remedy. */
  hint: string;
  sign: Sign | null;
  /** `no`: certainly nothing left this worker; `maybe`: no answer came; `answered`. */
  sent: 'no' | 'maybe' | 'answered';
}

/** The only error that a `Cloud` throws. Holds plain values, and none of them is a secret. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  readonly operation!: Operation;
  readonly kind!: FailureKind;
  readonly httpStatus!: number | null;
  readonly code!: string | null;
  readonly innerCode!: string | null;
  readonly cloudMessage!: string | null;
  readonly requestId!: string | null;
  readonly action!: Action;
  readonly fate!: Fate;
  readonly delayMs!: number | null;
  readonly retryAfterMs!: number | null;
  readonly throttle!: { limit: number; windowMs: number } | null;
  readonly meaning!: string;
  readonly hint!: string;
  readonly sign!: Sign | null;
  readonly sent!: 'no' | 'maybe' | 'answered';

  constructor(facts: Facts) {
    super(describe(facts));
    Object.assign(this, facts);
  }
}

function describe(facts: Facts): string {
  const status = facts.httpStatus === null ? facts.kind : `HTTP ${facts.httpStatus}`;
  const what =
    facts.kind === 'withheld' || facts.kind === 'paused'
      ? ['not sent', facts.code === null ? null : `(${facts.code})`]
      : [status, facts.code, facts.innerCode === null ? null : `(${facts.innerCode})`];
  const said = facts.cloudMessage === null ? '' : `: “${facts.cloudMessage}”`;
  const request = facts.requestId === null ? '' : ` (request ${facts.requestId})`;
  return `${facts.operation}: ${what.filter((each) => each !== null).join(' ')}, ${facts.meaning}${said}${request}`;
}

/** Upper limit for `Retry-After`: a longer time is not a quota, and other runs may be waiting. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

/** ms from `Retry-After`: seconds, or an HTTP date; `null` when absent or unreadable. */
export function parseRetryAfter(value: string | undefined, now: number): number | null {
  const text = value?.trim() ?? '';
  const ms = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * 1000
    : /[a-z]/i.test(text)
      ? Date.parse(text) - now
      : NaN;
  return Number.isNaN(ms) ? null : Math.min(Math.max(Math.round(ms), 0), MAX_RETRY_AFTER_MS);
}

/** The kind of the OpenStack error inside a failed call (docs/cloud-api.md §6.1: `Ecs.1000` wraps it in its text). */
function innerKind(problem: Problem): ErrorRow['inner'] | null {
  const text = `${problem.inner?.code ?? ''} ${problem.message ?? ''}`;
  if (/itemNotFound/i.test(text)) return 'not-found';
  return /conflictingRequest/i.test(text) || problem.inner?.code === '409' ? 'conflict' : null;
}

/** What the answer's headers tell, beside its status. */
export interface AnswerFacts {
  httpStatus: number;
  requestId: string | null;
  retryAfterMs: number | null;
}

/** Turns an error answer into a {@link CloudError}: by its row of the table, or by the default for its status. */
export function answerError(operation: Operation, answer: AnswerFacts, problem: Problem | null): CloudError {
  const effect = isEffect(operation);
  const code = problem?.code ?? null;
  const innerCode = problem?.inner?.code ?? null;
  const found = lookUp(
    { operation, effect, http: answer.httpStatus, code },
    problem === null ? null : innerKind(problem),
  );
  return new CloudError({
    operation,
    kind: code === null && answer.httpStatus < 300 ? 'unreadable' : 'answer',
    httpStatus: answer.httpStatus,
    code,
    innerCode: innerCode === code ? null : innerCode,
    cloudMessage: problem?.message ?? null,
    requestId: answer.requestId ?? problem?.requestId ?? null,
    action: effect ? found.effect : found.read,
    fate: found.fate,
    delayMs: found.delayMs,
    retryAfterMs: answer.retryAfterMs,
    throttle: readThrottle(problem?.message ?? null),
    meaning: found.meaning,
    hint: hintOf(operation, answer.httpStatus, found),
    sign: 'sign' in found ? (found.sign ?? null) : null,
    sent: 'answered',
  });
}

/** Names the refused permission, because the table cannot know which call was refused. */
function hintOf(operation: Operation, http: number, { hint, read }: ErrorRow | DefaultRule): string {
  const permission = PERMISSIONS[operation];
  return http === 403 && read === 'credentials' && permission !== null
    ? `${hint} The call needs the permission ${permission}.`
    : hint;
}

/**
 * A larger difference is reported as a wrong clock: well below the 15 minutes that the cloud allows, far above the time
 * of a slow answer.
 */
const SKEW_MS = 10 * 60_000;

/**
 * Adds a wrong clock as the possible cause of a refused signature: the cloud refuses dates more than 15 minutes off,
 * although the keys may be right. The `Date` of the answer shows it.
 * @param aheadMs how far the cloud's clock is ahead of this machine's; `NaN`: not known
 */
export function withSkew(error: CloudError, aheadMs: number): CloudError {
  if (!(Math.abs(aheadMs) >= SKEW_MS)) return error;
  const off = `${roughly(Math.abs(aheadMs))} ${aheadMs > 0 ? 'behind' : 'ahead of'}`;
  return new CloudError({
    ...error,
    meaning: `the worker’s clock is ${off} the cloud’s, which refuses signatures that are more than 15 minutes off`,
    hint: 'Set the clock of the worker’s machine (NTP); the credentials may well be right.',
  });
}

/** In the largest unit with a value of at least two: a wrong time zone shows as hours, a wrong date as days. */
function roughly(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} minutes`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / (24 * 60))} days`;
}

type CallKind = Exclude<FailureKind, 'answer' | 'withheld' | 'paused'>;

const CALL_HINTS: Record<CallKind, string> = {
  network: 'If the error persists: check the endpoints, DNS, and firewalls between worker and cloud.',
  timeout: 'If the error persists: check firewalls between worker and cloud.',
  unreadable:
    'If the error persists: check that the endpoints lead to the cloud itself and not to a portal or proxy.',
  late: 'Nothing to do: nothing was sent, and the run decides again.',
  unconfirmed:
    'If the error persists: check the worker’s permissions at Temporal (`ecs-nics-worker --check` tries them).',
  aborted: 'Nothing to do: the worker ended the call.',
  invalid: 'Check the ids in the request.',
};

/** For a call without a complete answer. What was certainly not sent was certainly not accepted. */
export function callError(
  operation: Operation,
  kind: CallKind,
  sent: Facts['sent'],
  meaning: string,
  answer: AnswerFacts | null = null,
): CloudError {
  const final = kind === 'late' || kind === 'invalid';
  return new CloudError({
    operation,
    kind,
    httpStatus: answer?.httpStatus ?? null,
    code: null,
    innerCode: null,
    cloudMessage: null,
    requestId: answer?.requestId ?? null,
    action: final ? 'never' : isEffect(operation) && sent !== 'no' ? 'observe' : 'retry',
    fate: sent === 'no' ? 'refused' : 'unknown',
    delayMs: null,
    retryAfterMs: answer?.retryAfterMs ?? null,
    throttle: null,
    meaning: words(meaning) ?? kind,
    hint: CALL_HINTS[kind],
    sign: null,
    sent,
  });
}

/** For a call that was not made because of a pause: to its caller as if the cloud had throttled it. */
export function pausedError(operation: Operation, leftMs: number, throttle: Throttle | null): CloudError {
  return new CloudError({
    operation,
    kind: 'paused',
    httpStatus: null,
    code: throttle?.code ?? null,
    innerCode: null,
    cloudMessage: null,
    requestId: throttle?.requestId ?? null,
    action: 'throttled',
    fate: 'refused',
    delayMs: null,
    retryAfterMs: Math.ceil(leftMs),
    throttle: null,
    meaning: 'the cloud has throttled another call of this worker, and all of them wait',
    hint: 'Lower ECS_NICS_CLOUD_RPS if it happens often.',
    sign: null,
    sent: 'no',
  });
}

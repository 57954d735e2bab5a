/** No activity attempt lasts longer than 60 s (docs/contract.md §4.2), and each has room for a whole exchange. */
import { ACTIVITY_FAILURE, HEARTBEAT, UNHEARD_MS } from '../../src/activities/agreement';
import { parseDuration } from '../../src/contract/duration';
import { describe, expect, it } from 'vitest';
import { TIMING } from '../../src/contract/options';
import { CONFIRMED_FOR_MS } from '../../src/ecs/call';
import { DEFAULT_LIMITS } from '../../src/ecs/transport';
import { CONFIRM_WITHIN_MS } from '../../src/worker/temporal/still-awaited';
import { EFFECT, READ } from '../../src/workflows/run/proxies';

const EXCHANGE_MS = DEFAULT_LIMITS.connectMs + DEFAULT_LIMITS.headersMs + DEFAULT_LIMITS.bodyMs;

describe.each([
  ['READ', READ],
  ['EFFECT', EFFECT],
])('%s', (_name, options) => {
  const attemptMs = parseDuration(options.startToCloseTimeout) ?? Infinity;
  it('has bounded attempts of at most 60 s', () => {
    expect(attemptMs).toBeLessThanOrEqual(60_000);
    expect(options.retry?.maximumAttempts).toBeGreaterThan(0);
    expect(options.retry?.maximumAttempts).toBeLessThanOrEqual(5);
  });
  it('has room for an exchange that uses up every time-out', () => {
    expect(EXCHANGE_MS).toBeLessThan(attemptMs);
  });
  it('does not count down time and queueing as failure', () => {
    expect(options.scheduleToCloseTimeout).toBeUndefined();
    expect(options.scheduleToStartTimeout).toBeUndefined();
  });
});

it('the effect is tried once, and an answer on its way is waited for', () => {
  expect(EFFECT.retry?.maximumAttempts).toBe(1);
  expect(EFFECT.cancellationType).toBe('WAIT_CANCELLATION_COMPLETED');
});

// docs/decisions/0015: what has to hold of the numbers.
describe('a worker with a POST in hand', () => {
  it('is given up only when four reports in a row are missing, and sooner than after its time-out', () => {
    expect(HEARTBEAT.timeoutMs).toBe(EFFECT.heartbeatTimeout);
    expect(HEARTBEAT.timeoutMs).toBeGreaterThan(4 * HEARTBEAT.everyMs);
    expect(HEARTBEAT.timeoutMs).toBeLessThan(parseDuration(EFFECT.startToCloseTimeout) ?? 0);
  });
  it('has time to connect after it has asked, and can’t send any more when the run looks', () => {
    const { connectMs, headersMs } = DEFAULT_LIMITS;
    expect(CONFIRMED_FOR_MS).toBeGreaterThan(CONFIRM_WITHIN_MS + connectMs);
    expect(UNHEARD_MS).toBeGreaterThanOrEqual(CONFIRMED_FOR_MS + headersMs);
  });
  it('killed, it costs 80 s with the default waits', () => {
    const { settle } = TIMING;
    const firstLookMs = Math.max(settle.whenAbsent, UNHEARD_MS);
    expect(HEARTBEAT.timeoutMs + firstLookMs + settle.whenAbsent).toBeLessThan(80_000);
  });
});

it('refused credentials and a definite no are never tried again by the engine', () => {
  expect(READ.retry?.nonRetryableErrorTypes).toEqual(
    expect.arrayContaining([ACTIVITY_FAILURE.credentials, ACTIVITY_FAILURE.refused]),
  );
});

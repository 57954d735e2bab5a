/** No activity attempt lasts longer than 60 s (docs/contract.md §4.2), and each has room for a whole exchange. */
import { ACTIVITY_FAILURE } from '../../src/activities/agreement';
import { parseDuration } from '../../src/contract/duration';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/ecs/transport';
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

it('refused credentials and a definite no are never tried again by the engine', () => {
  expect(READ.retry?.nonRetryableErrorTypes).toEqual(
    expect.arrayContaining([ACTIVITY_FAILURE.credentials, ACTIVITY_FAILURE.refused]),
  );
});

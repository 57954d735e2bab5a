import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Logger } from '@temporalio/worker';
import { watchConnection } from '../../src/worker/connection-watch';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function listening() {
  const lines: string[] = [];
  const log = {
    info: (text: string) => lines.push(`info ${text}`),
    warn: (text: string) => lines.push(`warn ${text}`),
  } as unknown as Logger;
  return { lines, log };
}

describe('the watch over the connection', () => {
  it('counts from the first question without an answer, and says so once', async () => {
    const { lines, log } = listening();
    let answer = () => Promise.resolve();
    let asked = 0;
    const explain = (error: unknown) => {
      asked += 1;
      return Promise.resolve((error as Error).message);
    };
    const watch = watchConnection(() => answer(), explain, log);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(watch.lost()).toBeNull();
    answer = () => Promise.reject(new Error('gone'));
    await vi.advanceTimersByTimeAsync(35_000);
    // Asked at 30, 40, 50 and 60 s.
    expect(watch.lost()).toEqual({ forMs: 30_000, problem: 'gone' });
    expect(lines).toEqual(['warn Temporal does not answer: gone. Nothing runs until it does.']);
    expect(asked).toBe(1);
    answer = () => Promise.resolve();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watch.lost()).toBeNull();
    expect(lines[1]).toBe('info Temporal answers again, after 40 s');
  });

  it('counts the time that a question waited in vain', async () => {
    const watch = watchConnection(
      () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error('late')), 9_000)),
      // It counts while the cause is looked for.
      () => new Promise(() => undefined),
      listening().log,
    );
    await vi.advanceTimersByTimeAsync(19_000);
    expect(watch.lost()).toEqual({ forMs: 9_000, problem: 'late' });
  });
});

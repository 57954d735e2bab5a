import { afterEach, describe, expect, it, vi } from 'vitest';
import { runs } from '../../src/worker/check/temporal-checks';
import type { Temporal } from '../../src/client/connect';

afterEach(() => {
  vi.useRealTimers();
});

const answering = (describeWorkflowExecution: () => Promise<object>) =>
  ({
    namespace: 'default',
    client: { workflowService: { describeWorkflowExecution } },
    // As the SDK does it: who gives no answer is given up at the deadline.
    call: (ms: number, work: () => Promise<unknown>) => {
      const late = Object.assign(new Error('Timeout expired'), { code: 4 });
      const giveUp = new Promise((_, reject) => setTimeout(() => reject(late), ms));
      return Promise.race([work(), giveUp]);
    },
  }) as unknown as Temporal;

const failing = (code: number, details: string) =>
  answering(() => Promise.reject(Object.assign(new Error(`${code}: ${details}`), { code, details })));

describe('whether runs can be read', () => {
  it.each([
    ['there is no such run', failing(5, 'not found'), 'ok', /^can be read$/],
    ['there is one', answering(() => Promise.resolve({})), 'ok', /^can be read$/],
    [
      'it is forbidden',
      failing(7, 'Request unauthorized.'),
      'failed',
      /sends nothing without that: .*unauthorized; allow .*Describe/,
    ],
    ['the key is refused', failing(16, 'invalid key'), 'failed', /invalid key/],
    ['the server is busy', failing(8, 'too many'), 'warning', /^could not be read \(.*too many/],
  ])('%s', async (_, temporal, status, text) => {
    expect(await runs(temporal)).toEqual({ status, what: 'runs', text: expect.stringMatching(text) });
  });

  it('no answer: the check goes on', async () => {
    vi.useFakeTimers();
    let finding: unknown = 'it waits';
    void runs(answering(() => new Promise(() => {}))).then((found) => (finding = found));
    await vi.advanceTimersByTimeAsync(10_000);
    const text = 'could not be read (Timeout expired)';
    expect(finding).toEqual({ status: 'warning', what: 'runs', text });
  });
});

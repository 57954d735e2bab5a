/** An Update asked for until it is answered, or until nobody waits any more, on virtual time. */
import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UpdateAnswer, UpdateCalls } from '../../src/client/update';
import { askFor, askUpdate, decide, settled } from '../../src/client/update';
import { RUN, document, unanswered } from './support';

class Passing extends Error {}
const DOCUMENT = document();
const failed = (type: string, detail?: unknown) =>
  new WorkflowUpdateFailedError(
    'Workflow Update failed',
    ApplicationFailure.create({ type, message: `it is ${type}`, details: [detail] }),
  );
const lost = () => Promise.reject(new Passing('connection lost'));
const unseen = async () => ({ result: () => Promise.reject(failed('UnprocessedUpdate')) });
const done = (value: unknown) => ({ result: () => Promise.resolve(value) });

/** Each call takes the next of what is to come. */
function calls(...sends: (() => Promise<{ result(): Promise<unknown> }>)[]) {
  const ids: string[] = [];
  const source: UpdateCalls = {
    send: (id) => {
      ids.push(id);
      return (sends.shift() ?? lost)();
    },
    isPassing: (error) => error instanceof Passing,
  };
  return { source, ids };
}

async function answerWithin(source: UpdateCalls, ms: number): Promise<UpdateAnswer | null> {
  let answer: UpdateAnswer | null = null;
  void askUpdate(source).answer.then((it) => (answer = it));
  await vi.advanceTimersByTimeAsync(ms);
  return answer;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('an Update', () => {
  it('that is lost on the way is the same Update when it is sent again', async () => {
    const { source, ids } = calls(lost, lost, async () => done(DOCUMENT));
    expect(await answerWithin(source, 5_000)).toEqual({ kind: 'done', document: DOCUMENT });
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  it('whose answer is lost is not sent again, only asked after', async () => {
    let asked = 0;
    const { source, ids } = calls(async () => ({
      result: () => (++asked < 3 ? lost() : Promise.resolve(DOCUMENT)),
    }));
    expect(await answerWithin(source, 5_000)).toEqual({ kind: 'done', document: DOCUMENT });
    expect([ids.length, asked]).toEqual([1, 3]);
  });

  it('with a name of its own keeps it while it is lost, and gets another one where it was never seen', async () => {
    const { source, ids } = calls(lost, unseen, async () => done(7));
    const answer = askFor(
      source,
      (value) => (typeof value === 'number' ? { value } : null),
      {},
      1,
      'load-0-x',
    ).answer;
    await vi.advanceTimersByTimeAsync(10);
    expect(await answer).toEqual({ kind: 'done', document: { value: 7 } });
    expect(ids.slice(0, 2)).toEqual(['load-0-x', 'load-0-x']);
    expect(ids[2]).not.toBe('load-0-x');
  });

  it('to a run that continues as new is a new one there', async () => {
    const { source, ids } = calls(
      async () => ({ result: () => Promise.reject(failed('ContinuedAsNew')) }),
      async () => done(DOCUMENT),
    );
    const asking = askUpdate(source);
    await vi.advanceTimersByTimeAsync(500);
    // The run has heard it, whatever its next one is asked.
    expect(asking.accepted).toBe(true);
    await vi.advanceTimersByTimeAsync(4_500);
    expect(await asking.answer).toEqual({ kind: 'done', document: DOCUMENT });
    expect(new Set(ids).size).toBe(2);
  });

  it('that a worker never saw is sent again, as a new one', async () => {
    const { source, ids } = calls(unseen, unseen, lost, async () => done(DOCUMENT));
    const asking = askUpdate(source);
    await vi.advanceTimersByTimeAsync(2_500);
    // The client calls it accepted before it tells the outcome.
    expect(asking.accepted).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await asking.answer).toEqual({ kind: 'done', document: DOCUMENT });
    expect(new Set(ids).size).toBe(3);
  });

  it('that no worker ever sees says so in the end', async () => {
    const { source } = calls();
    source.send = unseen;
    expect(await answerWithin(source, 60_000)).toMatchObject({ type: 'UnprocessedUpdate' });
  });

  it('that is rejected, or fails with the run, says why, with what the run has found', async () => {
    const rejected = calls(() => Promise.reject(failed('NotApplicable')));
    expect(await answerWithin(rejected.source, 100)).toMatchObject({
      kind: 'failed',
      type: 'NotApplicable',
      message: 'it is NotApplicable',
    });
    const incomplete = calls(async () => ({
      result: () => Promise.reject(failed('RestoreIncomplete', DOCUMENT)),
    }));
    expect(await answerWithin(incomplete.source, 100)).toMatchObject({
      type: 'RestoreIncomplete',
      document: DOCUMENT,
    });
  });

  it('has no document where the answer is none', async () => {
    const returned = calls(async () => done({ jobId: 7 }));
    expect(await answerWithin(returned.source, 100)).toEqual({ kind: 'done', document: null });
    const incomplete = calls(async () => ({ result: () => Promise.reject(failed('RestoreIncomplete', 7)) }));
    expect(await answerWithin(incomplete.source, 100)).toMatchObject({ kind: 'failed', document: null });
  });

  it('to a run that has closed is told from one that failed', async () => {
    const { source } = calls(() => Promise.reject(new WorkflowNotFoundError('gone', 'nics/x', undefined)));
    expect(await answerWithin(source, 100)).toEqual({ kind: 'closed' });
  });

  it('is known as taken note of only once it is', async () => {
    const { source } = calls(lost, async () => ({ result: () => new Promise(() => {}) }));
    const asking = askUpdate(source);
    await vi.advanceTimersByTimeAsync(500);
    expect(asking.accepted).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asking.accepted).toBe(true);
  });

  it('ends with an error that asking again does not mend, and is not asked for any more once nobody waits', async () => {
    const final = calls(() => Promise.reject(new Error('permission denied')));
    await expect(askUpdate(final.source).answer).rejects.toThrow('permission denied');
    const { source, ids } = calls();
    const asking = askUpdate(source);
    await vi.advanceTimersByTimeAsync(3_500);
    asking.stop();
    const sent = ids.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ids).toHaveLength(sent);
    expect(await asking.answer).toEqual({ kind: 'interrupted' });
  });

  it('whose answer takes too long ends with `stop`, and is known as taken note of', async () => {
    const { source } = calls(async () => ({ result: () => new Promise(() => {}) }));
    const asking = askUpdate(source);
    await vi.advanceTimersByTimeAsync(500);
    asking.stop();
    expect(await asking.answer).toEqual({ kind: 'interrupted' });
    expect(asking.accepted).toBe(true);
  });

  it('to a server that never answers ends when `until` does', async () => {
    const { temporal, requests } = unanswered();
    const run = { ...RUN, firstRunId: RUN.runId };
    const who = { by: 'ops', reason: 'T-7' };
    const until = new Promise((resolve) => setTimeout(resolve, 3_500));
    const both = [settled(temporal, run, { until }), decide(temporal, run, 'undo', who, { until })];
    let answers: UpdateAnswer[] = [];
    void Promise.all(both.map(({ answer }) => answer)).then((all) => (answers = all));
    await vi.advanceTimersByTimeAsync(3_400);
    expect([answers, requests()]).toEqual([[], 8]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([answers, requests()]).toEqual([[{ kind: 'interrupted' }, { kind: 'interrupted' }], 8]);
    expect(both.map(({ accepted }) => accepted)).toEqual([false, false]);
  });
});

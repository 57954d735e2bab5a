/** A workflow that ends in any way, with any result; bundled by the tests of what is read of closed runs. */
import {
  ApplicationFailure,
  condition,
  continueAsNew,
  defineQuery,
  setHandler,
  sleep,
} from '@temporalio/workflow';

export interface Ending {
  how: 'completes' | 'fails' | 'waits' | 'is-cancelled';
  result?: unknown;
  /** The answer of the query `status`; without one there is no such query. */
  status?: unknown;
  /** How many runs come after this one. */
  further?: number;
}

export async function endsSomehow(ending: Ending): Promise<unknown> {
  if (ending.status !== undefined) setHandler(defineQuery('status'), () => ending.status);
  const { further = 0 } = ending;
  if (further > 0) return continueAsNew<typeof endsSomehow>({ ...ending, further: further - 1 });
  switch (ending.how) {
    case 'completes':
      return ending.result;
    case 'fails':
      throw ApplicationFailure.nonRetryable('it failed', 'NotDeleted', ending.result);
    case 'waits':
      await condition(() => false);
      return null;
    case 'is-cancelled':
      await sleep('1 hour');
      return null;
  }
}

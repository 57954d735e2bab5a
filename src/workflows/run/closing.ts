/** The last words of a run of any kind: document, memo, search attributes, and an answer for everyone who waits. */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  condition,
  upsertMemo,
} from '@temporalio/workflow';
import type { FailureType } from '../../contract/names';
import { FAILURE_TYPE, MEMO, OPEN_SETTLED } from '../../contract/names';
import type { ResultDocument } from '../../contract/types';
import type { Ending } from './run-end';
import { countRun } from './counters';
import { totalsOf } from '../policy/outcome';
import type { Run } from './run';
import { iso } from './run';
import { isFresh, learnAnew, publish } from './search-attributes';

/** @param settled every NIC has its verdict, also where the run failed */
export function closing(
  run: Run,
  failure: { type: FailureType; message: string } | null,
  settled: boolean,
): Ending {
  const { document } = run;
  document.endedAt = iso(Date.now());
  document.nextLookAt = null;
  run.failure = failure?.message ?? null;
  run.enter('done');
  countRun(document.outcome);
  const cancelled = document.outcome === 'cancelled';
  if (run.openSettled || cancelled) {
    upsertMemo({
      ...(run.openSettled ? { [MEMO.open]: OPEN_SETTLED } : {}),
      ...(cancelled ? { [MEMO.result]: totalsOf(document) } : {}),
    });
  }
  return {
    failure:
      failure === null
        ? null
        : ApplicationFailure.create({ ...failure, nonRetryable: true, details: [document] }),
    settled,
  };
}

/** Ends the run; whoever waits for it in an Update gets an answer before. */
export async function leave(run: Run, { failure }: Ending): Promise<ResultDocument> {
  if (failure?.type !== FAILURE_TYPE.invalidInput) await publishEnd(run);
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (failure !== null) throw failure;
  if (run.document.outcome === 'cancelled')
    throw new CancelledFailure('cancelled; what happened stands in the memo `result`');
  return run.document;
}

/** After a wait of weeks the namespace is asked anew. Whatever hinders that: runs end without attributes, too. */
async function publishEnd(run: Run): Promise<void> {
  const { serverId, outcome } = run.document;
  const known = run.state.around.searchAttributes.length > 0;
  if (known && !isFresh(run.state) && !(await learnAnew(run.state))) return;
  publish(run.state, { serverId, phase: 'done', outcome });
}

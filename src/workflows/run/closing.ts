/** The end of a run of any kind: its document, memo and search attributes, and the answers to those who wait. */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  condition,
  patched,
  upsertMemo,
} from '@temporalio/workflow';
import type { FailureType } from '../../contract/names';
import { FAILURE_TYPE, MEMO, OPEN_SETTLED } from '../../contract/names';
import type { ResultDocument, RunOutcome } from '../../contract/types';
import type { Ending } from './run-end';
import { countRun } from './counters';
import { tellEnd } from './tell';
import { totalsOf } from '../policy/outcome';
import type { Run } from './run';
import { iso } from './run';
import { isFresh, learnAnew, publish } from './search-attributes';

/** @param settled every NIC has its verdict, even if the run failed */
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
  tellEnd(document, failure?.message ?? null);
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

/** Ends the run, after every pending Update has got its answer. */
export async function leave(run: Run, { failure }: Ending): Promise<ResultDocument> {
  if (failure?.type !== FAILURE_TYPE.invalidInput) await publishEnd(run);
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  if (failure !== null) throw failure;
  if (run.document.outcome === 'cancelled')
    throw new CancelledFailure('cancelled; the totals are in the memo `result`');
  return run.document;
}

/** Refused runs that ended without attributes before this change replay without the question. */
const OUTCOME_OF_REFUSALS = 'outcome-of-refusals';

const REFUSALS: ReadonlySet<RunOutcome> = new Set(['refused', 'cloud-refused'] as const);

/**
 * Asks the namespace again for its search attributes, since the run may have waited for weeks. If that fails, the run
 * ends without attributes.
 */
async function publishEnd(run: Run): Promise<void> {
  const { serverId, outcome } = run.document;
  const { searchAttributes, learnedAt } = run.state.around;
  if (searchAttributes.length > 0) {
    if (!isFresh(run.state) && !(await learnAnew(run.state))) return;
    // No answer has told them, as where the cloud refuses the first look: people look for such ends most of all.
  } else if (learnedAt === null && REFUSALS.has(outcome) && patched(OUTCOME_OF_REFUSALS))
    await learnAnew(run.state);
  publish(run.state, { serverId, phase: 'done', outcome });
}

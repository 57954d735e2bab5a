/** The messages that a run accepts. The handlers are registered before the first await, and only read or set state. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { checkDeleteInput } from '../../contract/input';
import { checkReleaseInput } from '../../contract/release-input';
import { checkRestoreInput } from '../../contract/restore-input';
import {
  CANCELLED,
  CONTINUED_AS_NEW,
  DIFFERENT_REQUEST,
  FAILURE_TYPE,
  QUERY_STATUS,
  SIGNAL_POLL_NOW,
  UPDATE,
} from '../../contract/names';
import type { ByWhom, ResultDocument, RunAnswers } from '../../contract/types';
import type { Decisions } from './decisions';
import { plain } from './details';
import { Unreadable } from './payload-converter';
import type { Run } from './run';

export interface Messages {
  /** Returns equal keys for requests that ask for the same. */
  keyOf: (input: unknown) => string;
  decisions: Decisions;
}

export function registerMessages(run: Run, { keyOf, decisions }: Messages): void {
  setHandler(defineQuery<RunAnswers['status']>(QUERY_STATUS), () => run.document, {
    description: 'The result document at any time',
  });
  setHandler(defineSignal(SIGNAL_POLL_NOW), () => run.wake(), {
    description: 'Look at once, e.g. when a callback says that the job has ended',
  });

  const ownKey = keyOf(run.input);
  const validator = (request?: unknown): void => {
    if (request === undefined || request === null) return;
    if (request instanceof Unreadable) throw invalid([`it ${plain(request.problem)}`]);
    if (keyOf(request) !== ownKey) {
      const { problems } = run.kind.check(request);
      // The request may be valid for another kind of run.
      const good = [checkDeleteInput, checkRestoreInput, checkReleaseInput].some(
        (check) => check(request).problems.length === 0,
      );
      if (!good) throw invalid(problems);
      throw ApplicationFailure.nonRetryable(
        'the open run on this server serves a different request; wait for its end, or look at it with the query status',
        DIFFERENT_REQUEST,
      );
    }
  };

  setHandler(
    defineUpdate<RunAnswers['submitted'], [request?: unknown]>(UPDATE.submitted),
    async () => {
      leaveLongHistory(run);
      // A deletion run also has jobs that put NICs back. The caller asks for the job of the deletion.
      const find = () => run.document.jobs.find(({ what }) => what === run.kind.job);
      // A deletion whose answer was lost may succeed without a job that the run knows.
      const isSettled = () => run.ended !== null || run.document.phase === 'undo-window';
      await reached(() => find() !== undefined || isSettled() || run.continuing);
      const job = find();
      if (job === undefined && run.continuing) throw continued();
      const failure = run.ended?.failure;
      if (job === undefined && failure) throw failure;
      if (job === undefined && run.document.outcome === 'cancelled')
        throw ApplicationFailure.nonRetryable('the run was cancelled before it had a job', CANCELLED);
      return { jobId: job?.id ?? null };
    },
    { validator, description: 'Resolves with {jobId} when the cloud has accepted' },
  );
  setHandler(
    defineUpdate<RunAnswers['settled'], [request?: unknown]>(UPDATE.settled),
    async () => {
      leaveLongHistory(run);
      // In an undo window the run goes on, but its verdicts are final until someone decides.
      const standing = () => run.document.phase === 'undo-window' && run.document.outcome !== 'running';
      let asItStands: ResultDocument | null = null;
      await reached(() => {
        if (standing()) asItStands = JSON.parse(JSON.stringify(run.document)) as ResultDocument;
        return asItStands !== null || run.ended !== null || run.continuing;
      });
      if (asItStands !== null) return asItStands;
      if (run.continuing) throw continued();
      const end = run.ended;
      if (end?.failure && !end.settled) throw end.failure;
      return run.document;
    },
    { validator, description: 'Resolves with the result document as soon as every NIC has its verdict' },
  );

  for (const what of ['undo', 'commit'] as const) {
    setHandler(
      defineUpdate<RunAnswers[typeof what], [ByWhom]>(UPDATE[what]),
      async (argument) => {
        // Checks again: of two Updates that the validator let in together, the other may have decided meanwhile.
        decisions.decide(what, argument);
        await reached(() => run.ended !== null || run.continuing);
        if (run.continuing) throw continued();
        const failure = run.ended?.failure;
        if (failure && (what === 'undo' || failure.type === FAILURE_TYPE.restoreIncomplete)) throw failure;
        return run.document;
      },
      {
        validator: (argument) => decisions.check(what, argument),
        description:
          what === 'undo'
            ? 'Puts everything back as it was: {"by", "reason"}; resolves when that is done'
            : 'Closes the undo window now: {"by", "reason"}; resolves when the ports are deleted',
      },
    );
  }
}

/** A run that looks again sooner than this reaches its next wait by itself. */
const LONG_WAIT_MS = 60_000;

/**
 * Wakes a long wait so that the run is handed on, which a run that waits for weeks would not do by itself. The server
 * accepts 2,000 Updates per run and refuses all later ones: those who only read must not use up the Updates of those
 * who decide.
 */
function leaveLongHistory(run: Run): void {
  const { nextLookAt } = run.document;
  const long = nextLookAt !== null && Date.parse(nextLookAt) - Date.now() > LONG_WAIT_MS;
  if (long && workflowInfo().continueAsNewSuggested && run.knowsPlace) run.wake();
}

function invalid(problems: string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `the request in the argument is not valid: ${problems.join('; ')}`,
    FAILURE_TYPE.invalidInput,
  );
}

/** A cancellation does not end this wait: the run ends in its own time, and then the caller gets the answer. */
function reached(what: () => boolean): Promise<void> {
  return CancellationScope.nonCancellable(() => condition(what));
}

function continued(): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    'the run goes on under a new run id: ask again, by its workflow id',
    CONTINUED_AS_NEW,
  );
}

/**
 * Decides which undo or commit is accepted, and which came first. Check and decision are one synchronous step, so
 * exactly one of two concurrent messages decides.
 */
import { checkByWhom } from '../../contract/by-whom';
import type { ByWhom, Decision } from '../../contract/types';
import type { Deletion } from './kinds';
import { plain } from './details';
import { invalidArgument, notApplicable, readable } from './refusals';
import { iso } from './run';
import { tell } from './tell';
import { promisesUndo } from '../policy/undo-log';
import { closeWindow } from './state/undo';

export interface Decisions {
  /** For the validator. Throws the reason that the caller is told. */
  check(what: Decision['what'], argument: unknown): ByWhom;
  /** Checks again, and takes the decision. */
  decide(what: Decision['what'], argument: unknown): void;
}

export function decisionsOf(run: Deletion): Decisions {
  const check = (what: Decision['what'], argument: unknown): ByWhom => {
    const who = whoAsks(argument);
    const why =
      run.ended !== null ? 'the run has ended' : what === 'undo' ? undoProblem(run) : commitProblem(run);
    if (why !== null) throw notApplicable(why);
    return who;
  };
  return {
    check: (what, argument) => {
      // Only in the validator: after a reset the handler runs again for what was accepted before, and decides the same.
      const who = check(what, argument);
      if (run.isReset) throw notApplicable('this run was reset, and changes nothing any more');
      return who;
    },
    decide: (what, argument) => {
      const { by, reason } = check(what, argument);
      // A repeated message joins the first one, and does not cause another look at the cloud.
      if (run.document.decision !== null) return;
      tell('run.decided', { server: run.document.serverId, what, by, reason });
      run.document.decision = { what, by: plain(by), reason: plain(reason), at: iso(Date.now()) };
      // In the same step: a cancellation may come next, and looks at what is still open.
      if (what === 'commit') closeWindow(run.state);
      run.wake();
    },
  };
}

/** For runs that can't be undone or committed at all. */
export function noDecisions(why: string): Decisions {
  const check = (_what: Decision['what'], argument: unknown): ByWhom => {
    whoAsks(argument);
    throw notApplicable(why);
  };
  return { check, decide: check };
}

function whoAsks(argument: unknown): ByWhom {
  const { problems, who } = checkByWhom(readable(argument));
  if (who !== null) return who;
  throw invalidArgument(problems);
}

function undoProblem(run: Deletion): string | null {
  const { document, state } = run;
  if (run.problems.length > 0) return 'the request is refused';
  if (run.request.dryRun) return 'a dry run changes nothing';
  if (!promisesUndo(run.request)) {
    return 'this run keeps no ports, so it can undo nothing; once it has ended, `ecs-nics restore` puts back what can be put back';
  }
  if (document.decision?.what === 'commit') return firstWas(document.decision);
  if (document.decision === null && state.undo.putBack !== null && state.undo.putBack.reason !== 'flags')
    return 'everything is being put back already';
  if (state.undo.windowClosed && document.decision === null)
    return 'it is too late for an undo: the ports are being deleted';
  return null;
}

function commitProblem({ document }: Deletion): string | null {
  if (document.decision?.what === 'undo') return firstWas(document.decision);
  if (document.decision === null && document.phase !== 'undo-window') return 'no undo window is open';
  return null;
}

function firstWas({ what, by, at }: Decision): string {
  return `${what} was accepted first (by ${by}, at ${at})`;
}

/** The messages of a run. The handlers are registered before the first await. */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  ParentClosePolicy,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Checked } from '../../../contract/checker';
import type { LoadPage } from '../../../contract/decommission/input';
import {
  checkApproval,
  checkDecision,
  checkLimits,
  checkLoad,
  checkLoaded,
  checkNamed,
} from '../../../contract/decommission/input';
import type { DecommissionControl } from '../../../contract/decommission/names';
import { DECOMMISSION_UPDATE, pageWorkflowId, QUERY_PLAN } from '../../../contract/decommission/names';
import type { DecommissionStatus, PlanDocument } from '../../../contract/decommission/types';
import { NOT_APPLICABLE, QUERY_STATUS, WORKFLOW_TYPE } from '../../../contract/names';
import type { ByWhom } from '../../../contract/types';
import type { News, PageInput } from '../../policy/fleet/agreement';
import { FLEET_PRIORITY, SIGNAL_NEWS } from '../../policy/fleet/agreement';
import { plain } from '../../run/details';
import { invalidArgument, notApplicable, readable } from '../../run/refusals';
import { tell } from '../../run/tell';
import { carryOut, mismatch, problemOf } from './control';
import type { Fleet } from './fleet';
import { closeList, digestOfList, loadProblem, loadedProblem, marksOf, unlisted, unreachable } from './list';
import { planOf, statusOf } from './status';

export function registerMessages(fleet: Fleet): void {
  const { state } = fleet;
  const status = (): DecommissionStatus => statusOf(state, Date.now());
  setHandler(defineQuery<DecommissionStatus>(QUERY_STATUS), status, {
    description: 'How far the run is, at any time',
  });
  setHandler(
    defineQuery<PlanDocument, [{ page?: number }?]>(QUERY_PLAN),
    (argument) => planOf(state, status(), whole(argument?.page)),
    { description: 'What would be touched and what is left alone: {"page"?}' },
  );
  setHandler(defineSignal<[News]>(SIGNAL_NEWS), (news) => fleet.hear(news));

  setHandler(
    defineUpdate<object, [unknown]>(DECOMMISSION_UPDATE.load),
    async (argument) => {
      await load(fleet, valueOf(checkLoad(argument)));
      return { ...status() };
    },
    {
      validator: (argument) => {
        refuseIfClosed(fleet);
        refuseIf(loadProblem(state, valueOf(checkLoad(readable(argument)))));
      },
      description: 'One page of the list: {"page", "servers": [{"serverId", "nics"}]}',
    },
  );
  setHandler(
    defineUpdate<DecommissionStatus, [unknown]>(DECOMMISSION_UPDATE.loaded),
    (argument) => {
      const told = valueOf(checkLoaded(argument));
      // Of two that the validator let in together the second one finds the list closed.
      if (!state.loaded && loadedProblem(state, told) === null) closeList(state);
      fleet.touch();
      return status();
    },
    {
      validator: (argument) => {
        refuseIfClosed(fleet);
        refuseIf(loadedProblem(state, valueOf(checkLoaded(readable(argument)))));
      },
      description: 'The list is complete: {"pages", "servers"}',
    },
  );

  control(
    fleet,
    'approve',
    'Approves the plan: {"digest", "servers", "nics", "by", "reason"}',
    checkApproval,
    (approval) => (state.digest === null ? null : mismatch(state, approval)),
  );
  control(fleet, 'pause', 'Starts nothing more until resume: {"by", "reason"}', checkDecision);
  control(fleet, 'resume', 'Goes on, and makes waiting runs look at once: {"by", "reason"}', checkDecision);
  control(fleet, 'setLimits', 'Other limits: {"concurrency"?, "maxErrors"?, "by", "reason"}', checkLimits);
  control(
    fleet,
    'skip',
    'Leaves servers alone: {"servers", "by", "reason"}',
    (it) => checkNamed(it, true),
    ({ servers }) => unlisted(state, servers ?? []),
  );
  control(fleet, 'retryFailed', 'Takes failed and busy servers up again: {"by", "reason"}', checkDecision);
  control(fleet, 'abort', 'Starts nothing more, and ends: {"by", "reason"}', checkDecision);
  control(
    fleet,
    'undo',
    'Puts servers back: {"servers"?, "by", "reason"}',
    (it) => checkNamed(it, false),
    ({ servers }) => (servers === null ? null : (unlisted(state, servers) ?? unreachable(state, servers))),
  );
  control(fleet, 'commit', 'Closes the undo window now: {"by", "reason"}', checkDecision);
}

/** A message of a person: the validator refuses what does not apply, and the handler answers at once. */
function control<T extends ByWhom>(
  fleet: Fleet,
  what: DecommissionControl,
  description: string,
  check: (argument: unknown) => Checked<T>,
  further: (value: T) => string | null = () => null,
): void {
  const { state } = fleet;
  const refused = (argument: unknown) => {
    const value = valueOf(check(argument));
    return { value, problem: problemOf(what, state, Date.now()) ?? further(value) };
  };
  setHandler(
    defineUpdate<DecommissionStatus, [unknown]>(DECOMMISSION_UPDATE[what]),
    (argument) => {
      const { value, problem } = refused(argument);
      // Of two that the validator let in together the first one may have changed what the second one relies on.
      refuseIf(problem);
      const who = { ...value, by: plain(value.by), reason: plain(value.reason) };
      carryOut(what, state, who, Date.now());
      tell('fleet.decided', { fleet: state.run, what, by: who.by, reason: who.reason });
      fleet.touch();
      return statusOf(state, Date.now());
    },
    {
      validator: (argument) => {
        refuseIfClosed(fleet);
        refuseIf(refused(readable(argument)).problem);
      },
      description,
    },
  );
}

/** Starts the page's workflow with its servers; the run itself keeps no list. */
async function load(fleet: Fleet, { page, servers }: LoadPage): Promise<void> {
  const { state } = fleet;
  // The list is complete: the validator has let in only what is in it already.
  if (state.loaded) return;
  const known = state.loading[page];
  const digest = digestOfList(servers);
  if (known !== undefined) {
    if (known.digest !== digest) refuseIf(loadProblem(state, { page, servers }));
    // The same page again, while the first one is under way.
    await condition(() => state.loading[page] !== known || known.started);
    if (state.loading[page] === known) return;
  }
  const loading = {
    servers: servers.length,
    digest,
    marks: marksOf(servers),
    started: false,
  };
  state.loading[page] = loading;
  const { projectId, allowElasticIp, timing, deadlineMs, undoWindowMs, protect, requestedBy, reason } =
    state.settings;
  const input: PageInput = {
    run: state.run,
    page,
    servers,
    settings: { projectId, allowElasticIp, timing, deadlineMs, undoWindowMs, protect, requestedBy, reason },
  };
  try {
    // A cancellation of the run is an abort, which the pages hear of as of any other.
    await fleet.sheltered(() =>
      startChild(WORKFLOW_TYPE.decommissionPage, {
        args: [input],
        workflowId: pageWorkflowId(state.run, page),
        // It outlives the runs of the chain, and ends by itself when the chain is over.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        priority: { priorityKey: FLEET_PRIORITY },
        staticSummary: `${servers.length} servers of ${state.run}`,
      }),
    );
    loading.started = true;
    fleet.touch();
  } catch (error) {
    delete state.loading[page];
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ApplicationFailure.nonRetryable(
      `nothing was loaded: page ${page} of an earlier run ${state.run} is still open; wait for its end, or use another name`,
      NOT_APPLICABLE,
    );
  }
}

function refuseIfClosed({ problems, state }: Fleet): void {
  if (problems.length > 0) refuseIf('the input of the run is not valid');
  if (state.phase === 'done') refuseIf('the run has ended');
}

function valueOf<T>({ problems, value }: Checked<T>): T {
  if (value === null) throw invalidArgument(problems);
  return value;
}

function refuseIf(problem: string | null): void {
  if (problem !== null) throw notApplicable(problem);
}

function whole(page: unknown): number {
  return typeof page === 'number' && Number.isSafeInteger(page) && page > 0 ? page : 0;
}

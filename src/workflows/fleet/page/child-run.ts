/** A server's own run, started by its page: under the same id and lock as for a single request, and how it has ended. */
import {
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  ParentClosePolicy,
  startChild,
  TerminatedFailure,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { serverWorkflowId } from '../../../contract/names';
import type { ResultDocument } from '../../../contract/types';
import { isRecord } from '../../../contract/values';
import { FLEET_SERVER_PRIORITY } from '../../policy/fleet/agreement';
import { plain, serverLabel } from '../../run/details';
import { readAt } from '../calls';
import type { Page } from './page';
import type { Row } from './rows';

export type ChildEnd =
  | { kind: 'completed'; document: ResultDocument }
  /** With a failure of ours. */
  | { kind: 'failed'; type: string | null; message: string; document: ResultDocument | null }
  /** It has observed what it had sent to its end. */
  | { kind: 'cancelled'; document: ResultDocument | null }
  /** From outside: `was terminated` or `timed out`. What it had come to by then, where that can be read. */
  | { kind: 'ended'; how: string; document: ResultDocument | null }
  /** Another run is open on the server. */
  | { kind: 'busy' };

/** @param type of the workflow */
export async function runChild(
  page: Page,
  row: Row,
  type: string,
  input: object,
  summary: string,
): Promise<ChildEnd> {
  const { serverId } = row.listed;
  try {
    row.starting = true;
    const child = await startChild(type, {
      args: [input],
      workflowId: serverWorkflowId(serverId),
      // A page that is terminated leaves no submission unobserved.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      priority: { priorityKey: FLEET_SERVER_PRIORITY },
      staticSummary: plain(summary),
    }).finally(() => {
      row.starting = false;
      page.touch();
    });
    return { kind: 'completed', document: (await child.result()) as ResultDocument };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'busy' };
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    const { cause, execution } = error;
    if (cause instanceof ApplicationFailure) {
      const document = documentIn(cause.details?.[0]);
      if (document?.credentialsRefused === true) page.refused(cause.message);
      return { kind: 'failed', type: cause.type ?? null, message: plain(cause.message), document };
    }
    const { workflowId, runId } = execution;
    // Its document can be read; its failure has none.
    const answer = await readAt(page.place, 'readRun', `the run of ${serverId} that was ended`, {
      workflowId: workflowId ?? '',
      runId: runId ?? '',
    });
    const document = answer.kind === 'run' ? documentIn(answer.document) : null;
    if (cause instanceof CancelledFailure) return { kind: 'cancelled', document };
    return {
      kind: 'ended',
      how: cause instanceof TerminatedFailure ? 'was terminated' : 'timed out',
      document,
    };
  }
}

function documentIn(value: unknown): ResultDocument | null {
  return isRecord(value) && Array.isArray(value.nics) ? (value as unknown as ResultDocument) : null;
}

/** It is certain that no run is open on the server: a missing answer is no "no". */
export async function isAlone(page: Page, document: ResultDocument): Promise<boolean> {
  const workflowId = serverWorkflowId(document.serverId);
  const what = `is another run at work on ${serverLabel(document)}?`;
  const answer = await readAt(page.place, 'describeRuns', what, { workflowIds: [workflowId] });
  return answer.kind === 'runs' && answer.open[workflowId] === false;
}

/** The page of a decommission run that has started this run, if one has. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { decommissionOf } from '../../contract/decommission/names';
import { SIGNAL_REFUSED } from '../policy/fleet/agreement';
import { plain } from './details';

/** The name of the decommission run; `null`: this run was started by itself. */
export function decommissionRun(): string | null {
  const { parent } = workflowInfo();
  const of = parent === undefined ? undefined : decommissionOf(parent.workflowId);
  return of === undefined || of.page === null ? null : of.run;
}

/**
 * The cloud refuses the worker's credentials or permissions: nobody should start further servers. Waits for nothing, since the
 * page may have ended.
 */
export function tellRefusal(message: string): void {
  const { parent } = workflowInfo();
  if (parent === undefined || decommissionRun() === null) return;
  void getExternalWorkflowHandle(parent.workflowId)
    .signal(SIGNAL_REFUSED, plain(message))
    .catch(() => undefined);
}

/** What a run was asked for, as far as it is known: its kind always, its request when we have made it. */
import type { DeleteServerNicsInput, RestoreServerNicsInput } from '../../contract';
import { WORKFLOW_TYPE } from '../../contract';

export type Asked =
  | { kind: 'delete'; input: DeleteServerNicsInput | null }
  /** `source`: words of the command line that name where the snapshots come from. */
  | { kind: 'restore'; input: RestoreServerNicsInput | null; source: readonly string[] };

export type RunKind = Asked['kind'];

/** A run that has ended. */
export interface EndedRun {
  serverId: string;
  runId: string;
  asked: Asked;
}

/** Of somebody else's run. */
export function askedOf(workflowType: string): Asked {
  return workflowType === WORKFLOW_TYPE.restoreServerNics
    ? { kind: 'restore', input: null, source: [] }
    : { kind: 'delete', input: null };
}

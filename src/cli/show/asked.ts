/** What a run was asked for, as far as known: always its kind, its request only if this starter made it. */
import type { DeleteServerNicsInput, ReleasePortsInput, RestoreServerNicsInput } from '../../contract';
import { WORKFLOW_TYPE } from '../../contract';

export type Asked =
  | { kind: 'delete'; input: DeleteServerNicsInput | null }
  /** `source`: words of the command line that name where the snapshots come from. */
  | { kind: 'restore'; input: RestoreServerNicsInput | null; source: readonly string[] }
  | { kind: 'release'; input: ReleasePortsInput | null; source: readonly string[] };

export type RunKind = Asked['kind'];

/** A run that has ended. */
export interface EndedRun {
  serverId: string;
  runId: string;
  asked: Asked;
}

/** For a run that another caller started. */
export function askedOf(workflowType: string): Asked {
  switch (workflowType) {
    case WORKFLOW_TYPE.restoreServerNics:
      return { kind: 'restore', input: null, source: [] };
    case WORKFLOW_TYPE.releasePorts:
      return { kind: 'release', input: null, source: [] };
    default:
      return { kind: 'delete', input: null };
  }
}

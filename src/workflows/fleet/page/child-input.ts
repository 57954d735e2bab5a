/** The request of one server's own run. */
import type { ListedServer } from '../../../contract/decommission/types';
import type { CheckedTiming } from '../../../contract/options';
import type { DeleteServerNicsInput, NicTarget } from '../../../contract/types';
import type { PageInput } from '../../policy/fleet/agreement';

const REASON_MAX = 1_000;

export function childInput(
  { run, settings }: PageInput,
  { serverId }: ListedServer,
  nics: NicTarget[] | 'all',
  serverName: string | null = null,
): DeleteServerNicsInput {
  const { projectId, undoWindowMs, allowElasticIp, deadlineMs, timing, requestedBy, reason } = settings;
  return {
    serverId,
    nics,
    ...(projectId === null ? {} : { projectId }),
    // The page holds the ports of its servers, and one commit deletes them.
    keepPort: undoWindowMs > 0,
    respectProtection: true,
    // A name may be on the list of protected ones: one that has changed since the plan is looked at by a person.
    ...(serverName === null ? {} : { serverName }),
    allowElasticIp,
    deadline: deadlineMs,
    timing: timingOf(timing),
    ...(requestedBy === null ? {} : { requestedBy }),
    reason: `decommission run ${run}${reason === null ? '' : `: ${reason}`}`.slice(0, REASON_MAX),
  };
}

/** Checked values are numbers of ms, which an input takes, too. */
export function timingOf(timing: CheckedTiming): Record<string, number> {
  const given = Object.entries(timing).filter((entry): entry is [string, number] => entry[1] !== null);
  return Object.fromEntries(given.map(([name, ms]) => [name.replace(/Ms$/, ''), ms]));
}

/**
 * The verdict on one NIC, from its witnesses, never from the job alone (docs/contract.md §6.3).
 *
 * The NIC list says where the NIC is. The port says what happened to it. The job only says whether anything may still
 * change. The table below is the whole rule; `undefined` means: look again.
 */
import type { PortState } from '../../activities/agreement';
import type { NicOutcome } from '../../contract/types';

/** What the NIC list says, over readings that count. */
export type ListWitness =
  /** Two readings in a row do not list the NIC. */
  | 'absent'
  /** Two readings in a row list the NIC, the last one late enough after the end of the job. */
  | 'present'
  /** Neither of the two. */
  | 'unsettled';

export type PortWitness = 'absent' | 'free' | 'elsewhere' | 'here' | 'unknown';

/** Whether something may still change the NIC. */
export type Moment =
  /** Too early for most verdicts: the job has just ended, or it may still run before the deadline. */
  | 'over'
  /** Nothing has been at work for long enough that what is seen will stay. */
  | 'stable'
  /** The patience is over, but a submission may still have an effect: it has no known fate, or its job still runs. */
  | 'cut-off';

export interface Verdict {
  outcome: NicOutcome;
  /** If set, added to `warnings`. */
  warning: string | null;
  /** If set, added to the row. */
  message: string | null;
}

const settled = (
  outcome: NicOutcome,
  warning: string | null = null,
  message: string | null = null,
): Verdict => ({
  outcome,
  warning,
  message,
});

const AT_WORK = 'what was sent may still be at work';
const GONE_EARLY = `is gone, although ${AT_WORK}`;
const KEPT = 'is detached, and its port still exists: it keeps its IP address and counts against the quota';
const VANISHED =
  'took its port with it, although its flag was set to keep it: it can be put back with a new MAC only';
const MOVED = 'is detached, and its port has been attached to another server meanwhile';
const DISAGREE = 'the NIC list and the port disagree about where the NIC is';
export const PUT_BACK = 'it was put back on the server by somebody else';
export const PORT_UNREAD = 'the NIC is not on the server, but its port could not be read';
const PORT_PENDING = `the NIC is not on the server, but ${AT_WORK}: its port may yet be deleted`;
const MAY_YET_GO = `${AT_WORK}: it may yet take the NIC`;
const UNSEEN = 'the NIC list could not be read often enough to tell';

const again = undefined;

const TABLE: Record<ListWitness, Record<PortWitness, Record<Moment, Verdict | undefined>>> = {
  absent: {
    absent: {
      over: settled('deleted'),
      stable: settled('deleted'),
      'cut-off': settled('deleted', GONE_EARLY),
    },
    // The cloud may delete the port of such a NIC a moment later than the NIC. See also `keptBy`.
    free: {
      over: again,
      stable: settled('detached', KEPT),
      'cut-off': settled('unknown', null, PORT_PENDING),
    },
    elsewhere: { over: again, stable: settled('detached', MOVED), 'cut-off': settled('detached', MOVED) },
    here: {
      over: again,
      stable: settled('unknown', null, DISAGREE),
      'cut-off': settled('unknown', null, DISAGREE),
    },
    unknown: {
      over: again,
      stable: settled('unknown', null, PORT_UNREAD),
      'cut-off': settled('unknown', null, PORT_UNREAD),
    },
  },
  present: {
    absent: {
      over: again,
      stable: settled('unknown', null, DISAGREE),
      'cut-off': settled('unknown', null, MAY_YET_GO),
    },
    free: {
      over: again,
      stable: settled('unknown', null, DISAGREE),
      'cut-off': settled('unknown', null, MAY_YET_GO),
    },
    elsewhere: {
      over: again,
      stable: settled('unknown', null, DISAGREE),
      'cut-off': settled('unknown', null, MAY_YET_GO),
    },
    here: { over: again, stable: settled('still-attached'), 'cut-off': settled('unknown', null, MAY_YET_GO) },
    unknown: {
      over: again,
      stable: settled('still-attached'),
      'cut-off': settled('unknown', null, MAY_YET_GO),
    },
  },
  unsettled: {
    absent: { over: again, stable: again, 'cut-off': again },
    free: { over: again, stable: again, 'cut-off': again },
    elsewhere: { over: again, stable: again, 'cut-off': again },
    here: { over: again, stable: again, 'cut-off': again },
    unknown: { over: again, stable: again, 'cut-off': again },
  },
};

export interface Witnesses {
  list: ListWitness;
  port: PortState | null;
  serverId: string;
  /** Why the port is expected to outlive the NIC: the NIC's own flag keeps it (`own`), or this run does (`asked`). */
  keptBy: 'own' | 'asked' | null;
  moment: Moment;
  /** No further look follows: a NIC that can't be judged now gets the verdict `unknown`. */
  last: boolean;
}

/** `undefined`: no verdict yet. */
export function verdictOf(witnesses: Witnesses): Verdict | undefined {
  const port = portWitness(witnesses);
  const { list, keptBy } = witnesses;
  if (list === 'absent' && port === 'free' && keptBy !== null)
    return settled('detached', keptBy === 'own' ? KEPT : null);
  if (list === 'absent' && port === 'absent' && keptBy === 'asked') return settled('deleted', VANISHED);
  const verdict = TABLE[witnesses.list][port][witnesses.moment];
  if (verdict !== undefined || !witnesses.last) return verdict;
  if (witnesses.list === 'unsettled') return settled('unknown', null, UNSEEN);
  // This is the last look and no end is known: a submission may still have an effect.
  return TABLE[witnesses.list][port][witnesses.moment === 'over' ? 'cut-off' : witnesses.moment];
}

function portWitness({ port, serverId }: Witnesses): PortWitness {
  if (port === null) return 'unknown';
  if (port.state === 'attached') return isHere(port, serverId) ? 'here' : 'elsewhere';
  return port.state;
}

/** The port itself says that it is attached to this server. */
export function isHere(port: PortState | null | undefined, serverId: string): boolean {
  return port?.state === 'attached' && port.deviceId === serverId;
}

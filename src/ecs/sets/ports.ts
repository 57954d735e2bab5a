import type { CallOptions, Cloud, Port } from '../cloud';
import { CloudError } from '../errors';
import type { Settings } from './gathering';
import type { Observer } from './observer';
import type { Trust } from './trust';

/** The ids of 12 NICs of 8 servers: a longer URI is too long for some gateways (docs/cloud-api.md §4.2). */
export const PORTS_AT_ONCE = 100;

/** So many of the missing ports are asked for alone, to learn whether the answer or the expectation is wrong. */
const DOUBTS = 3;

export interface PortsRequest {
  wanted: readonly string[];
  /** Ports that exist for certain, such as those of a primary NIC: an answer without them proves nothing. */
  known: readonly string[];
}

/** By id as asked; `null`: a whole answer does not have it. A port without an entry has to be asked for alone. */
export type PortsFound = Map<string, Port | null>;

export const weighPorts = ({ wanted, known }: PortsRequest): number => new Set([...wanted, ...known]).size;

/** One call for several ports. */
export function askPorts(
  cloud: Pick<Cloud, 'showPorts' | 'showPort'>,
  trust: Trust,
  { size }: Pick<Observer, 'size'>,
  options: Pick<CallOptions, 'urgency' | 'yieldsMs'>,
): Settings<PortsRequest, PortsFound>['send'] {
  return async (take) => {
    const ids = () => arranged(take());
    try {
      const found = await cloud.showPorts(ids, options);
      size('listPorts', ids().length);
      const known = [...allKnown()];
      const isThere = known.some((id) => found.has(id.toLowerCase()));
      const why = await shortcomingOf(found);
      if (why !== null) trust.fellShort(why);
      else if (isThere) trust.gain();
      // Among fewer, the known ones come first or last.
      const proves = why === null && isThere && ids().length - known.length >= 2;
      return take().map(({ wanted, known }) => answerTo(wanted, known, found, proves));
    } catch (error) {
      if (!trust.leavesAlone(error)) throw error;
      return take().map(() => new Map());
    }

    function allKnown(): Set<string> {
      return new Set(take().flatMap(({ known }) => known));
    }

    /** Completes what was found by what it reads alone. */
    async function shortcomingOf(found: Map<string, Port>): Promise<string | null> {
      const missing = [...allKnown()].filter((id) => !found.has(id.toLowerCase()));
      // Someone may have deleted a server meanwhile, and its primary NIC with it; an attempt that is repeated may have deleted
      // ports itself. The other servers must not pay for that.
      const ports = await Promise.all(missing.slice(0, DOUBTS).map((id) => find(cloud, id, options)));
      for (const port of ports) if (port != null) found.set(port.id.toLowerCase(), port);
      return ports.every((port) => port === null) ? null : SHORT;
    }
  };
}

const SHORT = 'a port that exists is missing';

/** `null`: it does not exist; `undefined`: it could not be read, which is no trouble of the others in the set. */
async function find(
  { showPort }: Pick<Cloud, 'showPort'>,
  id: string,
  options: CallOptions,
): Promise<Port | null | undefined> {
  try {
    return await showPort(id, options);
  } catch (error) {
    return error instanceof CloudError && error.action === 'absent' ? null : undefined;
  }
}

/**
 * Each id once. The known ones come in the middle: a gateway that honours only the first or the last id then shows
 * itself, since a known one is missing.
 */
function arranged(requests: readonly PortsRequest[]): string[] {
  const known = new Set(requests.flatMap((request) => request.known));
  const wanted = [...new Set(requests.flatMap((request) => request.wanted))].filter((id) => !known.has(id));
  const half = Math.ceil(wanted.length / 2);
  return [...wanted.slice(0, half), ...known, ...wanted.slice(half)];
}

function answerTo(
  wanted: readonly string[],
  known: readonly string[],
  found: ReadonlyMap<string, Port>,
  proves: boolean,
): PortsFound {
  const answer: PortsFound = new Map();
  for (const id of wanted) {
    const port = found.get(id.toLowerCase());
    // A known port that is missing contradicts what is known: it is asked for alone.
    if (port !== undefined) answer.set(id, port);
    else if (proves && known.length > 0 && !known.includes(id)) answer.set(id, null);
  }
  return answer;
}

/**
 * Requests for other servers, at the same moments as the run's own: so reads gather into sets, and a set answers for servers that
 * have nothing to do with each other.
 */
import type { Cloud } from '../../../src/ecs/cloud';
import type { Sets } from '../../../src/ecs/sets';
import type { Simulator } from '../../../simulator';

interface Neighbour {
  id: string;
  primaryId: string;
  ports: string[];
}

export interface Crowd {
  neighbours: readonly Neighbour[];
  /** The servers, and their ports. */
  ids: ReadonlySet<string>;
  /** Since then the first of them does not exist. */
  leave: () => void;
}

export interface CrowdPlan {
  neighbours: number;
  /** ms after the first start: somebody deletes one of the servers, and its primary NIC with it. */
  leavesAt: number | null;
}

export function createCrowd(
  { control, clock }: Simulator,
  { neighbours: count, leavesAt }: CrowdPlan,
): Crowd {
  const leaves = leavesAt === null ? Infinity : clock.now() + leavesAt;
  let gone = false;
  const neighbours = Array.from({ length: count }, (): Neighbour => {
    const { id, nics } = control.createServer({ nics: 3 });
    const primaryId = nics.find(({ primary }) => primary)?.id ?? '';
    return { id, primaryId, ports: nics.flatMap((nic) => (nic.primary ? [] : [nic.id])) };
  });
  return {
    neighbours,
    ids: new Set(neighbours.flatMap(({ id, primaryId, ports }) => [id, primaryId, ...ports])),
    leave: () => {
      const [first] = neighbours;
      if (gone || first === undefined || clock.now() < leaves) return;
      gone = true;
      control.deleteServer(first.id);
    },
  };
}

/** The sets of a worker that is busy with other servers, too. @param crowdOf `null`: it is not */
export function crowded(sets: Sets, cloud: Cloud, crowdOf: () => Crowd | null): Sets {
  /** One that has begun before the own request, others that gather with it, on either side. */
  async function amid<T>(
    theirs: (neighbour: Neighbour) => Promise<unknown>,
    own: () => Promise<T>,
  ): Promise<T> {
    const crowd = crowdOf();
    if (crowd === null) return own();
    crowd.leave();
    const half = Math.ceil(crowd.neighbours.length / 2);
    const ask = (neighbours: readonly Neighbour[]) =>
      neighbours.map((neighbour) => theirs(neighbour).catch(() => undefined));
    const before = ask(crowd.neighbours.slice(0, half));
    const answer = own();
    const after = ask(crowd.neighbours.slice(half));
    try {
      return await answer;
    } finally {
      // No attempt leaves calls behind, which the next one would be blamed for.
      await Promise.all([...before, ...after]);
    }
  }
  return {
    server: (id, alone, options) =>
      amid(
        (neighbour) => sets.server(neighbour.id, () => cloud.showServer(neighbour.id), {}),
        () => sets.server(id, alone, options),
      ),
    ports: (request, options) =>
      amid(
        ({ ports, primaryId }) => sets.ports({ wanted: ports, known: [primaryId] }, {}),
        () => sets.ports(request, options),
      ),
    elasticIps: (options) => sets.elasticIps(options),
  };
}

/** What the measurements ask of the simulated cloud: servers, and what its ledger says happened to them. */
import type { Simulator } from '../dev/simulator';

/** A server, and its NICs that are to go: all but the primary one. */
export interface Target {
  serverId: string;
  nicIds: string[];
}

/** A call. Of a read by a set: `asked`, the ids of servers or ports as sent, and the servers it is about. */
export interface LedgerRequest {
  at: number;
  class: string;
  serverId?: string;
  serverIds?: string[];
  asked?: string[];
  accepted?: boolean;
}

export interface Ledger {
  /** `at` in epoch ms. */
  requests: LedgerRequest[];
  effects: { kind: string; by: string; portId: string }[];
  jobs: { serverId: string; acceptedAt: number; endsAt: number | null }[];
}

/** NICs that go; the primary one is there besides. */
const NICS = 3;

/** Every answer takes 100 ms, and half of them 100 ms more, twice: from 100 to 300 ms, 200 on average. */
const LATENCY = { ms: 100, probabilities: [1, 0.5, 0.5] };

export class Cloud {
  constructor(private readonly simulator: Simulator) {}

  /** `jobSeconds`: a duration, or the shortest and the longest. */
  async servers(count: number, jobSeconds: number | [number, number], nics = NICS): Promise<Target[]> {
    const { servers } = await this.simulator.post<{
      servers: { id: string; nics: { id: string; primary: boolean }[] }[];
    }>('/_sim/fleet', { servers: count, nicsPerServer: nics + 1, jobSeconds });
    return servers.map(({ id, nics }) => ({
      serverId: id,
      nicIds: nics.filter((nic) => !nic.primary).map((nic) => nic.id),
    }));
  }

  ledger(): Promise<Ledger> {
    return this.simulator.get<Ledger>('/_sim/ledger');
  }

  /** From now on answers take as long as a cloud's do. */
  async slowDown(): Promise<void> {
    const { ms, probabilities } = LATENCY;
    for (const [seed, probability] of probabilities.entries()) {
      const what = { kind: 'delay', ms };
      await this.simulator.post('/_sim/faults', { match: { class: 'any' }, what, probability, seed });
    }
  }

  /** From now on the account may make so many calls in any window of so many seconds. */
  async limit(calls: number, seconds: number): Promise<void> {
    await this.simulator.control('PATCH', '/_sim/knobs', { accountQuota: { calls, seconds } });
  }

  /** The next deletion of each server is accepted and never answered. */
  async loseAnswers(targets: readonly Target[]): Promise<void> {
    for (const { serverId } of targets) {
      await this.simulator.post('/_sim/faults', {
        match: { class: 'delete', serverId },
        what: { kind: 'hang', accepted: true },
        times: 1,
      });
    }
  }

  /** NICs that were not taken off exactly once by a job, or whose port was not deleted exactly once; in words. */
  async notDeletedOnce(targets: readonly Target[]): Promise<string[]> {
    return notDeletedOnce(targets, await this.ledger());
  }

  async violations(): Promise<string[]> {
    const { violations } = await this.simulator.get<{ violations: { message: string }[] }>(
      '/_sim/invariants',
    );
    return violations.map(({ message }) => message);
  }
}

export function notDeletedOnce(targets: readonly Target[], { effects }: Pick<Ledger, 'effects'>): string[] {
  const taken = new Map<string, number>();
  const gone = new Map<string, number>();
  for (const { kind, by, portId } of effects) {
    if (kind === 'nic-detached' && by === 'job') taken.set(portId, (taken.get(portId) ?? 0) + 1);
    if (kind === 'port-deleted') gone.set(portId, (gone.get(portId) ?? 0) + 1);
  }
  return targets
    .flatMap(({ nicIds }) => nicIds)
    .filter((id) => taken.get(id) !== 1 || gone.get(id) !== 1)
    .map(
      (id) =>
        `NIC ${id} was taken off ${taken.get(id) ?? 0} times, its port was deleted ${gone.get(id) ?? 0} times`,
    );
}

export interface CallCount {
  total: number;
  byClass: Record<string, number>;
}

/** This read is of the whole project, and so for all that are looked at. */
const FOR_ALL = 'elastic-ips';

/**
 * Calls per server, in the order of the targets. One call for several servers counts for each of them by its part, so that
 * the sum is the number of calls.
 */
export function callsOf(targets: readonly Target[], { requests }: Pick<Ledger, 'requests'>): CallCount[] {
  const counts = new Map<string, CallCount>(
    targets.map(({ serverId }) => [serverId, { total: 0, byClass: {} }]),
  );
  const all = [...counts.keys()];
  for (const request of requests) {
    const servers = serversOf(request) ?? (request.class === FOR_ALL ? all : []);
    for (const serverId of servers) {
      const of = counts.get(serverId);
      if (of === undefined) continue;
      of.total += 1 / servers.length;
      of.byClass[request.class] = (of.byClass[request.class] ?? 0) + 1 / servers.length;
    }
  }
  return [...counts.values()];
}

const serversOf = ({ serverId, serverIds }: LedgerRequest): readonly string[] | undefined =>
  serverIds ?? (serverId === undefined ? undefined : [serverId]);

/** How many calls of each class there are. */
export function byClass(requests: readonly LedgerRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { class: name } of requests) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The most calls in any stretch of so many ms. */
export function mostWithin(ms: number, requests: readonly Pick<LedgerRequest, 'at'>[]): number {
  const times = requests.map(({ at }) => at).sort((a, b) => a - b);
  let from = 0;
  return times.reduce((most, at, to) => {
    while ((times[from] ?? at) <= at - ms) from += 1;
    return Math.max(most, to - from + 1);
  }, 0);
}

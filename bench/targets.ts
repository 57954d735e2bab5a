/** What the measurements ask of the simulated cloud: servers, and what its ledger says happened to them. */
import type { Simulator } from '../dev/simulator';

/** A server, and its NICs that are to go: all but the primary one. */
export interface Target {
  serverId: string;
  nicIds: string[];
}

export interface Ledger {
  /** `at` in epoch ms. */
  requests: { at: number; class: string; serverId?: string; accepted?: boolean }[];
  effects: { kind: string; by: string; portId: string }[];
  jobs: { serverId: string; acceptedAt: number; endsAt: number | null }[];
}

/** NICs per server, the primary one included: three go. */
const NICS = 4;

export class Cloud {
  constructor(private readonly simulator: Simulator) {}

  /** `jobSeconds`: a duration, or the shortest and the longest. */
  async servers(count: number, jobSeconds: number | [number, number]): Promise<Target[]> {
    const { servers } = await this.simulator.post<{
      servers: { id: string; nics: { id: string; primary: boolean }[] }[];
    }>('/_sim/fleet', { servers: count, nicsPerServer: NICS, jobSeconds });
    return servers.map(({ id, nics }) => ({
      serverId: id,
      nicIds: nics.filter((nic) => !nic.primary).map((nic) => nic.id),
    }));
  }

  ledger(): Promise<Ledger> {
    return this.simulator.get<Ledger>('/_sim/ledger');
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

  /** NICs that were not taken off exactly once by a job, or whose port is still there; in words. */
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
  const gone = new Set<string>();
  for (const { kind, by, portId } of effects) {
    if (kind === 'nic-detached' && by === 'job') taken.set(portId, (taken.get(portId) ?? 0) + 1);
    if (kind === 'port-deleted') gone.add(portId);
  }
  return targets
    .flatMap(({ nicIds }) => nicIds)
    .filter((id) => taken.get(id) !== 1 || !gone.has(id))
    .map(
      (id) =>
        `NIC ${id} was taken off ${taken.get(id) ?? 0} times, its port is ${gone.has(id) ? 'gone' : 'there'}`,
    );
}

export interface CallCount {
  total: number;
  byClass: Record<string, number>;
}

/** Calls per server, in the order of the targets. */
export function callsOf(targets: readonly Target[], { requests }: Pick<Ledger, 'requests'>): CallCount[] {
  const counts = new Map<string, CallCount>(
    targets.map(({ serverId }) => [serverId, { total: 0, byClass: {} }]),
  );
  for (const request of requests) {
    const of = counts.get(request.serverId ?? '');
    if (of === undefined) continue;
    of.total += 1;
    of.byClass[request.class] = (of.byClass[request.class] ?? 0) + 1;
  }
  return [...counts.values()];
}

/** Nothing is touched but what was approved as it was approved, and nothing at all without an approval. */
import { expect } from 'vitest';
import type { FleetTruth } from '../truth';

export function startsOnlyWhatIsApproved(truth: FleetTruth): void {
  const { starts, planned, told, done, played } = truth;
  const digests = new Set(told.flatMap(({ status }) => status.digest ?? []));
  expect(digests.size, 'plans that have stood').toBeLessThanOrEqual(1);
  const [digest] = digests;
  for (const { argument, heardAt } of done('approve')) {
    const status = told.find((each) => each.status.digest !== null)?.status;
    const { servers, nics } = status ?? {};
    expect(argument, 'an approval that was accepted').toMatchObject({ digest, servers, nics });
    expect(servers, 'servers of an approved plan').toBeLessThanOrEqual(
      Number(played.plan.settings.maxServers),
    );
    const expires = told.find((each) => each.status.expires !== null)?.status.expires;
    if (expires != null)
      expect(heardAt, 'when the plan was approved').toBeLessThanOrEqual(Date.parse(expires));
  }
  const approvedAt = done('approve')[0]?.heardAt ?? Infinity;
  for (const { at, staged } of starts) {
    expect(at, `start of server ${staged.index}`).toBeGreaterThanOrEqual(approvedAt);
    if (planned !== null)
      expect(
        planned.map((each) => each.serverId),
        'servers of the plan',
      ).toContain(staged.id);
  }
}

/** A page is what it was loaded with first. */
export function keepsTheList({ done }: FleetTruth): void {
  const first = new Map<number, unknown>();
  for (const { argument } of done('load')) {
    const { page, servers } = argument as { page: number; servers: unknown };
    if (!first.has(page)) first.set(page, servers);
    expect(servers, `servers of page ${page}, loaded again`).toEqual(first.get(page));
  }
}

/** By server, NIC, IP and MAC. */
export function touchesOnlyWhatIsPlanned({ touched, planned, played }: FleetTruth): void {
  for (const { serverId, nicId, ip, mac } of touched) {
    const staged = played.stage.servers.find(({ id }) => id === serverId);
    expect(staged?.listed.nics === 'all' || staged?.listed.nics.some(({ id }) => id === nicId)).toBe(true);
    if (planned === null) continue;
    const nics = planned.find((each) => each.serverId === serverId)?.nics ?? [];
    const what = `NIC that was taken off server ${staged?.index}`;
    expect(
      nics.map((nic) => ({ id: nic.id, ip: nic.ip, mac: nic.mac })),
      what,
    ).toContainEqual({ id: nicId, ip, mac });
  }
}

export function sparesTheProtected({ touched, played, starts }: FleetTruth): void {
  for (const { id, index, plan, protectedAt } of played.stage.servers) {
    const begun = starts.filter(
      ({ staged, at }) => staged.id === id && (protectedAt === null || at > protectedAt),
    );
    const since =
      plan.protectedBy !== null ? -Infinity : protectedAt === null ? Infinity : (begun[0]?.at ?? Infinity);
    const after = touched.filter(({ serverId, at }) => serverId === id && at >= since);
    expect(after, `taken off server ${index}, which is protected`).toEqual([]);
    if (plan.protectedBy !== null) expect(begun, `runs of server ${index}, which is protected`).toEqual([]);
  }
}

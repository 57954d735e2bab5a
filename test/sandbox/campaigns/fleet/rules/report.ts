/** The report is what the ledger says, and every server has exactly one line of it. */
import { expect } from 'vitest';
import type {
  DecommissionStatus,
  ReportNic,
  ReportServer,
  ServerOutcome,
} from '../../../../../src/contract/decommission/types';
import type { FleetTruth } from '../truth';
import { skippedAt } from '../truth';

type Place = 'on-server' | 'elsewhere' | 'port-kept' | 'port-gone';

const FAILED: ReadonlySet<string> = new Set(['failed', 'unknown', 'restore-incomplete']);

export function hasOneLineEach({ reports, played }: FleetTruth): void {
  for (const [page, { servers }] of reports) {
    const listed = played.stage.servers.filter((each) => each.page === page).map(({ id }) => id);
    expect(
      servers.map(({ serverId }) => serverId),
      `lines of page ${page}`,
    ).toEqual(listed);
    for (const { serverId, outcome } of servers)
      expect(['running', 'waiting'], `outcome of ${serverId}`).not.toContain(outcome);
  }
}

export function tellsTheLedger(truth: FleetTruth): void {
  for (const { servers } of truth.reports.values()) for (const line of servers) judgeLine(truth, line);
}

function judgeLine({ played, touched, starts, backs: all }: FleetTruth, line: ReportServer): void {
  const { control } = played.world.simulator;
  const staged = played.stage.servers.find(({ id }) => id === line.serverId);
  const nics = control.truth(line.serverId).nics;
  const placeOf = (id: string): Place | undefined => nics.find((nic) => nic.id === id)?.state;
  const what = `server ${staged?.index}, ${line.outcome} ${line.errorCode ?? ''}`;
  for (const nic of line.nics) judgeNic(nic, placeOf(nic.id), what);
  const own = touched.filter(({ serverId }) => serverId === line.serverId);
  if (line.outcome === 'untouched') expect(own, `taken off ${what}`).toEqual([]);
  if (line.outcome === 'deleted')
    expect(
      line.nics.some(({ outcome }) => outcome === 'deleted'),
      `a deleted NIC of ${what}`,
    ).toBe(true);
  if (line.outcome === 'failed')
    expect(
      line.nics.some(({ id }) => placeOf(id) === 'on-server'),
      `a NIC still on ${what}`,
    ).toBe(true);
  const backs = all.filter(({ staged: { id } }) => id === line.serverId);
  // A run that was ended from outside may have sent what nobody has heard of.
  const isKnown = ![...starts, ...backs].some(
    ({ staged: { id }, end }) => id === line.serverId && end?.kind === 'terminated',
  );
  const may: ReportNic['outcome'][] = [
    'deleted',
    'detached',
    ...(backs.length > 0 ? (['restored', 'recreated'] as const) : []),
    ...(isKnown ? [] : (['already-absent', 'unknown'] as const)),
  ];
  if (line.outcome !== 'unknown')
    for (const { nicId } of own) {
      const row = line.nics.find(({ id }) => id === nicId);
      expect(may, `lines of a NIC that was taken off ${what}`).toContain(row?.outcome);
    }
}

function judgeNic({ id, outcome }: ReportNic, place: Place | undefined, what: string): void {
  const may: Partial<Record<ReportNic['outcome'], Place[]>> = {
    deleted: ['port-gone'],
    detached: ['port-kept', 'elsewhere'],
    'already-absent': ['port-gone', 'port-kept', 'elsewhere'],
    'still-attached': ['on-server'],
    untouched: ['on-server'],
    restored: ['on-server'],
    recreated: ['port-gone'],
  };
  const places = may[outcome];
  if (places !== undefined && place !== undefined)
    expect(places, `NIC ${id} of ${what}, told as ${outcome}`).toContain(place);
}

/** The run's own totals are those of its pages. */
export function addsUp(truth: FleetTruth): void {
  const { run, reports, played, planned } = truth;
  if (run.end?.kind !== 'completed') return;
  const result = run.end.value as DecommissionStatus;
  expect(result.phase).toBe('done');
  const lines = [...reports.values()].flatMap(({ servers }) => servers);
  const failed = lines.filter(
    ({ outcome, serverId }) => FAILED.has(outcome) && skippedAt(truth, serverId) === Infinity,
  );
  if (result.outcome === 'done')
    expect(
      failed.map(({ serverId }) => serverId),
      'failed servers of a run that is done',
    ).toEqual([]);
  if (
    reports.size < played.plan.pages.length ||
    planned === null ||
    !result.pages.every(({ state }) => state === 'done')
  )
    return;
  const counts: Partial<Record<ServerOutcome, number>> = {};
  for (const { serverId, outcome } of lines)
    if (planned.some((each) => each.serverId === serverId))
      counts[outcome as ServerOutcome] = (counts[outcome as ServerOutcome] ?? 0) + 1;
  expect(result.counts, 'totals of the run').toEqual(counts);
}

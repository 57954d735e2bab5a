/** Whether the report of each decommission run is the truth: a line for each server of its list, and each line by the cloud's own record. */
import type { ReportServer } from '../../src/contract';
import type { Facts, FleetFacts, PageFacts, RunFacts, Violation } from './facts';
import type { Case, Window } from './cases';
import { Cases, isWithin, placeAt, placesWithin, withinAny } from './cases';
import { problemOf } from './rows';
import { windowOf } from './runs';

const FAILED: ReadonlySet<string> = new Set(['failed', 'unknown', 'restore-incomplete']);

/** One line, and all that belongs to it. */
interface Line {
  fleet: FleetFacts;
  page: PageFacts;
  line: ReportServer;
  one: Case;
  /** The server's runs that this page has started. */
  own: RunFacts[];
}

export function judgeFleets(facts: Facts): Violation[] {
  const cases = new Cases(facts);
  return facts.fleets.flatMap((fleet) => {
    const lines = linesOf(fleet, cases);
    return [
      ...ending(fleet),
      ...startsOnlyWhatIsApproved(fleet, facts.runs),
      ...listed(fleet),
      ...lines.flatMap((line) => [...judgeLine(line), ...judgeNics(line), ...doubts(line)]),
      ...addsUp(fleet),
    ];
  });
}

function linesOf(fleet: FleetFacts, cases: Cases): Line[] {
  return (fleet.report ?? []).flatMap((line) => {
    const page = fleet.pages.find((each) => each.listed.some(({ serverId }) => serverId === line.serverId));
    const one = cases.of(line.serverId);
    if (page === undefined || one === undefined) return [];
    const own = one.runs.filter((run) => run.fleet?.run === fleet.run);
    return [{ fleet, page, line, one, own }];
  });
}

function ending(fleet: FleetFacts): Violation[] {
  if (fleet.end === 'open') return [];
  const problems = ['completed', 'terminated'].includes(fleet.end) ? [] : [`the run is ${fleet.end}`];
  if (fleet.report === null) problems.push('its report can’t be had');
  return problems.map((problem) => violation('fleet-end', fleet, null, problem));
}

/** Before the approval nothing is touched: no server's run is started. */
function startsOnlyWhatIsApproved(fleet: FleetFacts, runs: readonly RunFacts[]): Violation[] {
  return runs
    .filter((run) => run.fleet?.run === fleet.run && run.startedAt < (fleet.approvedAt ?? Infinity))
    .map((run) =>
      violation('approved', fleet, run.serverId, `${run.workflowId} was started before the approval`),
    );
}

function listed(fleet: FleetFacts): Violation[] {
  if (fleet.report === null) return [];
  // A run that was reset while its list was loaded, and then ended, has no list: nothing of it was begun.
  const isUnlisted = fleet.wasReset && fleet.end === 'terminated' && fleet.approvedAt === null;
  if (isUnlisted && fleet.report.length === 0) return [];
  const told = fleet.report.map(({ serverId }) => serverId);
  const pages = fleet.pages.filter(({ isKnown }) => isKnown || !fleet.wasReset);
  const list = pages.flatMap((page) => page.listed.map(({ serverId }) => serverId));
  if (told.join() === list.join()) return [];
  return [
    violation(
      'lines',
      fleet,
      null,
      `the report has ${told.length} lines for the ${list.length} servers of its list`,
    ),
  ];
}

function judgeLine({ fleet, page, line, one, own }: Line): Violation[] {
  const problems: string[] = [];
  const { outcome, nics } = line;
  const has = (...outcomes: string[]) => nics.some((nic) => outcomes.includes(nic.outcome));
  if ((outcome === 'running' || outcome === 'waiting') && page.end !== 'open')
    problems.push(`the line says ${outcome}, and its page has ended`);
  const jobs = one.jobs.filter(({ acceptedAt }) => own.some((run) => isWithin(acceptedAt, windowOf(run))));
  if (outcome === 'untouched' && jobs.length > 0)
    problems.push(`the line says untouched, and there was job ${jobs[0]?.jobId}`);
  if ((outcome === 'deleted' || outcome === 'detached') && has('still-attached', 'unknown'))
    problems.push(`the line says ${outcome}, and a NIC is not off`);
  if (outcome === 'deleted' && !has('deleted')) problems.push('the line says deleted, and no NIC is');
  if (
    outcome === 'failed' &&
    nics.length > 0 &&
    !has('still-attached', 'untouched', 'unknown', 'restored', 'recreated')
  )
    problems.push('the line says failed, and all NICs are off');
  const asked = page.listed.find(({ serverId }) => serverId === line.serverId)?.nics;
  const ids = nics.map(({ id }) => id);
  if (new Set(ids).size < ids.length) problems.push('a NIC has two lines');
  if (Array.isArray(asked)) {
    const named = new Set(asked.map(({ id }) => id));
    if (ids.some((id) => !named.has(id))) problems.push('a line of a NIC that is not in the list');
    if (asked.some(({ id }) => !ids.includes(id)) && outcome !== 'nothing-to-do' && outcome !== 'unknown')
      problems.push('a NIC of the list has no line');
  }
  return problems.map((problem) => violation('line', fleet, line.serverId, problem));
}

function judgeNics({ fleet, page, line, one, own }: Line): Violation[] {
  const others = one.runs.filter((run) => !own.includes(run)).map(windowOf);
  const window: Window = { from: page.startedAt, until: page.closedAt };
  const problems = line.nics.flatMap((nic) => {
    const places = placesWithin(one, nic.id, window, withinAny(others));
    // What a page knows of an untouched server is what its run, or its plan, has seen.
    return problemOf(nic, places, placeAt(one, nic.id, window.from)) ?? [];
  });
  if (line.outcome !== 'unknown' && !own.some(({ end, wasReset }) => end === 'terminated' || wasReset))
    problems.push(...taken(line, one, own, others));
  return problems.map((problem) => violation('report', fleet, line.serverId, problem));
}

/** What this run has taken off is told as off, or as put back. */
function taken(line: ReportServer, one: Case, own: readonly RunFacts[], others: readonly Window[]): string[] {
  const may = ['deleted', 'detached', 'restored', 'recreated', 'unknown'];
  const jobs = new Set(
    one.jobs
      .filter(
        ({ acceptedAt, what }) => what === 'delete' && own.some((run) => isWithin(acceptedAt, windowOf(run))),
      )
      .map(({ jobId }) => jobId),
  );
  return one.effects
    .filter(({ kind, jobId }) => kind === 'nic-detached' && jobs.has(jobId ?? ''))
    .filter(
      ({ portId, at }) =>
        !one.effects.some((each) => each.portId === portId && each.kind === 'nic-attached' && each.at > at),
    )
    .filter(({ at }) => !others.some((window) => isWithin(at, window)))
    .filter(({ portId }) => !may.includes(line.nics.find(({ id }) => id === portId)?.outcome ?? ''))
    .map(({ portId }) => `NIC ${portId} was taken off by this run, and the line of it says something else`);
}

/** A server is `unknown` where something from outside made it so, or where its own run did not know. */
function doubts({ fleet, page, line, own }: Line): Violation[] {
  if (line.outcome !== 'unknown') return [];
  const outside =
    [fleet, page].some(({ end, wasReset }) => wasReset || end === 'terminated') ||
    own.some(({ end, wasReset }) => wasReset || end === 'terminated' || end === 'cancelled');
  const runDidNotKnow = own.some(
    ({ document }) => document?.nics.some(({ outcome }) => outcome === 'unknown') === true,
  );
  if (outside || runDidNotKnow) return [];
  return [
    violation('unknown', fleet, line.serverId, 'the line says unknown, without a reason that can be seen'),
  ];
}

/** The run's own totals are those of its lines; what its plan has left alone is in none of them. */
function addsUp(fleet: FleetFacts): Violation[] {
  const { counts, report, pages } = fleet;
  if (counts === null || report === null || fleet.end !== 'completed' || fleet.wasReset) return [];
  if (!pages.every(({ end, wasReset }) => end === 'completed' && !wasReset)) return [];
  const problems = [
    'deleted',
    'detached',
    'failed',
    'unknown',
    'restored',
    'recreated',
    'restore-incomplete',
  ].flatMap((outcome) => {
    const lines = report.filter((line) => line.outcome === outcome).length;
    const told = counts[outcome] ?? 0;
    return lines === told ? [] : [`${told} servers are counted as ${outcome}, and ${lines} lines say so`];
  });
  if (
    fleet.outcome === 'done' &&
    report.some(({ outcome }) => FAILED.has(outcome)) &&
    (counts.failed ?? 0) === 0
  )
    problems.push('the run is done, and servers have failed');
  return problems.map((problem) => violation('totals', fleet, null, problem));
}

function violation(
  rule: string,
  { run, pages }: FleetFacts,
  serverId: string | null,
  message: string,
): Violation {
  const name = `decommission/${run}`;
  const page = pages.find(({ listed: list }) => list.some((each) => each.serverId === serverId));
  return {
    rule,
    serverId,
    workflowIds: [
      name,
      ...(page === undefined ? [] : [`${name}/pages/${page.page}`]),
      ...(serverId === null ? [] : [`nics/${serverId}`]),
    ],
    message: `${name}${serverId === null ? '' : `, server ${serverId}`}: ${message}`,
  };
}

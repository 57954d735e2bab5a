/** Counts what has happened in the schedules of the campaign: a generator that has dried up would prove nothing. */
import { expect } from 'vitest';
import type { DecommissionStatus } from '../../../../src/contract/decommission/types';
import { RUN_ID } from './operator';
import type { FleetPlayed } from './play';

type Counts = Record<string, number>;
export type FleetTally = ReturnType<typeof emptyTally>;

export function emptyTally() {
  return {
    schedules: 0,
    /** With the real workflow for each server. */
    real: 0,
    tasks: 0,
    outcomes: {} as Counts,
    /** Lines of reports, by outcome and code. */
    lines: {} as Counts,
    /** Schedules that somebody has seen in each phase. */
    phases: {} as Counts,
    updates: {} as Counts,
    pages: {} as Counts,
    continued: 0,
    crashes: 0,
    forgotten: 0,
    outside: {} as Counts,
    busy: 0,
    violations: 0,
  };
}

const add = (counts: Counts, name: string) => void (counts[name] = (counts[name] ?? 0) + 1);

export function count(tally: FleetTally, { plan, server, operator }: FleetPlayed): void {
  const { record } = server;
  const [run] = record.startsOf(RUN_ID);
  const result = run?.end?.value as DecommissionStatus | null | undefined;
  if (plan.real) tally.real += 1;
  tally.tasks += record.tasks;
  tally.continued += record.continued.length;
  tally.crashes += record.crashes;
  tally.forgotten += record.forgotten;
  add(tally.outcomes, result?.outcome ?? run?.end?.kind ?? 'open');
  for (const phase of new Set(operator.statuses.map(({ status }) => status.phase))) add(tally.phases, phase);
  for (const { name, answer } of record.updates)
    add(tally.updates, `${name} ${answer?.kind ?? 'unanswered'}`);
  for (const { state } of result?.pages ?? []) add(tally.pages, state);
  for (const { what, workflowId } of record.outside)
    add(
      tally.outside,
      `${what} ${workflowId === RUN_ID ? 'run' : workflowId.startsWith('nics/') ? 'server' : 'page'}`,
    );
  for (const { type, end, runId, by } of record.starts) {
    if (runId === null && by !== null) tally.busy += 1;
    if (type !== 'decommissionPage' || end?.kind !== 'completed') continue;
    for (const { outcome, errorCode } of (
      end.value as { servers: { outcome: string; errorCode: string | null }[] }
    ).servers)
      add(tally.lines, outcome === 'untouched' ? `untouched ${errorCode}` : outcome);
  }
}

export function expectEnough(tally: FleetTally, schedules: number): void {
  const often = (what: string, many: number | undefined, share: number) =>
    expect(many ?? 0, what).toBeGreaterThan(schedules / share);
  for (const outcome of ['done', 'incomplete', 'aborted'])
    often(`runs that end ${outcome}`, tally.outcomes[outcome], 20);
  for (const phase of ['loading', 'planned', 'running', 'paused', 'stopped'])
    often(phase, tally.phases[phase], 10);
  for (const phase of ['planning', 'undo-window']) often(phase, tally.phases[phase], 40);
  for (const line of ['deleted', 'detached', 'failed', 'unknown', 'untouched Protected'])
    often(line, tally.lines[line], 10);
  for (const code of ['Busy', 'Drifted', 'Skipped', 'Aborted'])
    often(code, tally.lines[`untouched ${code}`], 50);
  for (const name of [
    'approve',
    'pause',
    'resume',
    'setLimits',
    'skip',
    'retryFailed',
    'abort',
    'commit',
    'load',
    'loaded',
  ])
    often(name, tally.updates[`${name} completed`], 50);
  for (const name of ['approve', 'pause', 'resume', 'load', 'loaded'])
    often(`refused ${name}`, tally.updates[`${name} rejected`], 100);
  for (const what of [
    'terminate page',
    'cancel page',
    'terminate server',
    'cancel server',
    'terminate run',
    'cancel run',
  ])
    often(what, tally.outside[what], 200);
  often('pages lost', tally.pages.lost, 100);
  for (const [what, many] of Object.entries({ real: tally.real, busy: tally.busy })) often(what, many, 50);
  for (const [what, many] of Object.entries({
    continued: tally.continued,
    crashes: tally.crashes,
    forgotten: tally.forgotten,
  }))
    often(what, many, 10);
}

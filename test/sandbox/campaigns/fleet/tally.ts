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
  const each = (names: readonly string[], counts: Counts, share: number, how = '') =>
    names.forEach((name) => often(`${name}${how}`, counts[`${name}${how}`], share));
  each(['done', 'incomplete', 'aborted'], tally.outcomes, 10);
  often('undone', tally.outcomes.undone, 80);
  often('undoing', tally.phases.undoing, 20);
  each(['restored', 'restore-incomplete'], tally.lines, 100);
  often('undo completed', tally.updates['undo completed'], 10);
  often('undo rejected', tally.updates['undo rejected'], 150);
  each(['planned', 'running', 'paused', 'stopped', 'undo-window'], tally.phases, 10);
  each(['loading', 'planning', 'committing'], tally.phases, 50);
  each(
    ['deleted', 'failed', 'unknown', 'untouched Protected', 'untouched Skipped', 'untouched Aborted'],
    tally.lines,
    15,
  );
  each(['untouched Busy', 'untouched Drifted', 'nothing-to-do'], tally.lines, 60);
  each(
    ['load', 'loaded', 'approve', 'resume', 'skip', 'setLimits', 'abort'],
    tally.updates,
    15,
    ' completed',
  );
  each(['pause', 'retryFailed', 'commit'], tally.updates, 200, ' completed');
  each(['load', 'loaded', 'approve', 'pause', 'resume', 'retryFailed'], tally.updates, 60, ' rejected');
  each(['terminate page', 'cancel page', 'terminate server', 'cancel server'], tally.outside, 150);
  each(['terminate run', 'cancel run'], tally.outside, 400);
  often('pages lost', tally.pages.lost, 60);
  each(['real', 'busy', 'continued', 'crashes', 'forgotten'], tally as unknown as Counts, 40);
}

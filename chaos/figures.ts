/** What a campaign was, in numbers. */
import type { Facts, Violation } from './judge/facts';
import { reasonOfDoubt } from './judge/runs';
import type { World } from './world';
import type { Subject } from './stage';

export interface Figures {
  subject: Subject;
  seed: number;
  minutes: number;
  /** Of the plan: equal ones are equal plans. */
  plan: string;
  /** From the first action to the end of the last run. */
  seconds: number;
  servers: number;
  started: Record<string, number>;
  /** Runs on single servers by how they ended: outcome of the document, else the end. */
  runs: Record<string, number>;
  /** Lines of reports by outcome. */
  lines: Record<string, number>;
  /** Why rows of single runs are `unknown`. */
  unknown: Record<string, number>;
  calls: number;
  faults: Record<string, number>;
  troubles: Record<string, number>;
  workersEndedThemselves: number;
  messages: Record<string, number>;
  terminations: Record<string, number>;
  resets: Record<string, number>;
  cancellations: Record<string, number>;
  violations: Record<string, number>;
  total: number;
}

const counted = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

export function figuresOf(
  world: World,
  facts: Facts,
  violations: readonly Violation[],
  of: { plan: string; seconds: number },
): Figures {
  const { stage, plan, tally } = world;
  return {
    subject: stage.subject,
    seed: plan.seed,
    minutes: plan.ms / 60_000,
    ...of,
    servers: world.servers.length,
    started: tally.of('started'),
    runs: counted([
      ...facts.runs.map(({ document, end }) => document?.outcome ?? end),
      ...facts.naive.map(({ end }) => end),
    ]),
    lines: counted(facts.fleets.flatMap(({ report }) => (report ?? []).map(lineOf))),
    unknown: counted(
      facts.runs.flatMap((run) => {
        const rows = (run.document?.nics ?? []).filter(({ outcome }) => outcome === 'unknown');
        return rows.map(() => reasonOfDoubt(facts, run) ?? 'no reason');
      }),
    ),
    calls: facts.ledger.requests.length,
    faults: tally.of('faults'),
    troubles: counted(facts.troubles.map(({ what }) => what)),
    workersEndedThemselves: stage.endedThemselves,
    messages: tally.of('messages'),
    terminations: tally.of('terminations'),
    resets: tally.of('resets'),
    cancellations: tally.of('cancellations'),
    violations: counted(violations.map(({ rule }) => rule)),
    total: violations.length,
  };
}

const lineOf = ({ outcome, errorCode }: { outcome: string; errorCode: string | null }): string =>
  outcome === 'untouched' ? `untouched, ${errorCode ?? 'no code'}` : outcome;

/** `[label, value]` of each line. */
export function tableOf(figures: Figures): [string, string][] {
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((all, count) => all + count, 0);
  const list = (counts: Record<string, number>) =>
    sum(counts) === 0
      ? '0'
      : `${sum(counts)}: ${Object.entries(counts)
          .map(([name, count]) => `${name} ${count}`)
          .join(', ')}`;
  return [
    ['servers', String(figures.servers)],
    ['started', list(figures.started)],
    ['runs', list(figures.runs)],
    ['report', list(figures.lines)],
    ['unknown', list(figures.unknown)],
    ['calls', String(figures.calls)],
    ['faults', list(figures.faults)],
    ['troubles', list(figures.troubles)],
    ['messages', list(figures.messages)],
    ['terminated', list(figures.terminations)],
    ['reset', list(figures.resets)],
    ['cancelled', list(figures.cancellations)],
    ['violations', list(figures.violations)],
  ];
}

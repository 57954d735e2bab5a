/** The list for people: a table if it fits, otherwise two lines per run. No IO. */
import { WORKFLOW_TYPE } from '../../contract';
import { clean, cut, shellQuote, table, widthOf } from '../format';
import { asTyped } from '../invocation';
import type { Colors, ReportPage } from '../output';
import type { FoundRuns, ListedRun } from '../../client/runs';
import { indent } from './lines';
import { ageText, askerText, utcText } from './wording';

/** A name is cut before the table is dropped, but never below this width. */
const MIN_NAME = 8;
const MAX_ASKER = 60;

export interface ListedFlags {
  limit: number;
  open?: boolean;
  server?: string;
  outcome?: string;
  requestedBy?: string;
  since?: string;
}

export function listReport(
  { runs, more, lookedAt }: FoundRuns,
  flags: ListedFlags,
  page: ReportPage,
): string[] {
  const { colors: c } = page;
  const lines =
    runs.length === 0
      ? [nothingText(flags)]
      : (tableLines(runs, page) ?? runs.flatMap((run) => twoLines(run, page)));
  if (lookedAt !== null) {
    const text = `Only the latest ${lookedAt} runs were looked at; --server and --since make the search smaller.`;
    lines.push('', ...indent(text, page, '').map(c.yellow));
  } else if (more) lines.push('', c.dim(`There are more: ${moreCommand(flags)}`));
  return lines;
}

const FILTERS = {
  server: '--server',
  outcome: '--outcome',
  requestedBy: '--requested-by',
  since: '--since',
} as const;

function given(flags: ListedFlags): string[] {
  return Object.entries(FILTERS).flatMap(([field, flag]) => {
    const value = flags[field as keyof typeof FILTERS];
    return value === undefined ? [] : [flag, shellQuote(value)];
  });
}

function nothingText(flags: ListedFlags): string {
  const kept = 'a namespace keeps closed runs only for some time';
  if (given(flags).length > 0) return `no run here fits ${given(flags).join(' ')}; ${kept}`;
  return flags.open === true ? 'no run is open on any server' : `no run is known here; ${kept}`;
}

function moreCommand(flags: ListedFlags): string {
  const open = flags.open === true ? ['--open'] : [];
  return asTyped(['ecs-nics list', ...open, ...given(flags), '--limit', String(flags.limit * 2)].join(' '));
}

/** With the start, and who asked for it and why, where the page is wide enough; else these stand below a run, without the start. */
function tableLines(runs: readonly ListedRun[], page: ReportPage): string[] | null {
  return fittingTable(runs, page, true) ?? fittingTable(runs, page, false);
}

function fittingTable(runs: readonly ListedRun[], page: ReportPage, isWide: boolean): string[] | null {
  const names = runs.map((run) => clean(run.serverName ?? '') || '-');
  const wide = (...cells: string[]) => (isWide ? cells : []);
  const rows = (nameWidth: number) =>
    table([
      ['SERVER', 'NAME', 'STATE', ...wide('STARTED'), 'AGE', ...wide('ASKED BY')],
      ...runs.map((run, i) => [
        run.serverId,
        cut(names[i] ?? '', nameWidth),
        stateOf(run),
        ...wide(utcText(run.startedAt.toISOString())),
        ageText(run.startedAt, page.now),
        ...wide(Number.isFinite(page.columns) ? cut(askerText(run), MAX_ASKER) : askerText(run)),
      ]),
    ]);
  const longest = Math.max(...names.map(widthOf));
  const widest = (lines: string[]) => Math.max(...lines.map(widthOf));
  const excess = Math.max(0, widest(rows(longest)) - (page.columns - 1));
  const nameWidth = longest - excess;
  const [head = '', ...lines] = rows(nameWidth);
  if (nameWidth < Math.min(MIN_NAME, longest) || widest([head, ...lines]) >= page.columns) return null;
  const below = (run: ListedRun | undefined) => (isWide || run === undefined ? [] : askedLine(run, page));
  return [
    page.colors.dim(head),
    ...lines.flatMap((line, i) => [colorOf(runs[i], page.colors)(line), ...below(runs[i])]),
  ];
}

function askedLine(run: ListedRun, page: ReportPage): string[] {
  const text = askerText(run);
  return text === '' ? [] : [page.colors.dim(cut(`  asked by ${text}`, page.columns - 1))];
}

function twoLines(run: ListedRun, page: ReportPage): string[] {
  const facts = `${stateOf(run)} · ${ageText(run.startedAt, page.now)}`;
  const name = cut(clean(run.serverName ?? ''), page.columns - 1 - widthOf(`   · ${facts}`));
  const lines = [run.serverId, `  ${[name, facts].filter(Boolean).join(' · ')}`];
  return [...lines.map(colorOf(run, page.colors)), ...askedLine(run, page)];
}

/** The phase of an open run or the outcome of a closed one, as far as it is known. */
export function stateOf(run: ListedRun): string {
  const state = clean((run.open ? run.phase : run.outcome) ?? '') || run.status;
  if (run.type === WORKFLOW_TYPE.restoreServerNics) return `${state} (restore)`;
  return run.type === WORKFLOW_TYPE.releasePorts ? `${state} (release)` : state;
}

function colorOf(run: ListedRun | undefined, c: Colors): (text: string) => string {
  if (run === undefined) return String;
  if (run.open) return c.bold;
  if (run.status === 'completed') return String;
  return run.status === 'cancelled' ? c.yellow : c.red;
}

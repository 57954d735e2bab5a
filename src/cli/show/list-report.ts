/** The list for people: a table if it fits, otherwise two lines per run. No IO. */
import { WORKFLOW_TYPE } from '../../contract';
import { clean, cut, table, widthOf } from '../format';
import type { Colors, ReportPage } from '../output';
import type { ListedRun } from '../../client/runs';
import { ageText, startText } from './wording';

/** A name is cut before the table is dropped, but never below this width. */
const MIN_NAME = 8;

export function listReport(
  runs: readonly ListedRun[],
  more: boolean,
  { limit, open }: { limit: number; open?: boolean },
  page: ReportPage,
): string[] {
  const { colors: c } = page;
  if (runs.length === 0) {
    return [
      open === true
        ? 'no run is open on any server'
        : 'no run is known here; a namespace keeps closed runs only for some time',
    ];
  }
  const lines = tableLines(runs, page) ?? runs.flatMap((run) => twoLines(run, page));
  if (more) {
    const flags = open === true ? ' --open' : '';
    lines.push('', c.dim(`There are more: ecs-nics list${flags} --limit ${limit * 2}`));
  }
  return lines;
}

function tableLines(runs: readonly ListedRun[], page: ReportPage): string[] | null {
  const names = runs.map((run) => clean(run.serverName ?? '') || '-');
  const rows = (nameWidth: number) =>
    table([
      ['SERVER', 'NAME', 'STATE', 'START', 'AGE'],
      ...runs.map((run, i) => [
        run.serverId,
        cut(names[i] ?? '', nameWidth),
        stateOf(run),
        startText(run.startedAt, page.now),
        ageText(run.startedAt, page.now),
      ]),
    ]);
  const longest = Math.max(...names.map(widthOf));
  const widest = (lines: string[]) => Math.max(...lines.map(widthOf));
  const excess = Math.max(0, widest(rows(longest)) - (page.columns - 1));
  const nameWidth = longest - excess;
  const [head = '', ...lines] = rows(nameWidth);
  if (nameWidth < Math.min(MIN_NAME, longest) || widest([head, ...lines]) >= page.columns) return null;
  return [page.colors.dim(head), ...lines.map((line, i) => colorOf(runs[i], page.colors)(line))];
}

function twoLines(run: ListedRun, page: ReportPage): string[] {
  const facts = `${stateOf(run)} · ${ageText(run.startedAt, page.now)}`;
  const name = cut(clean(run.serverName ?? ''), page.columns - 1 - widthOf(`   · ${facts}`));
  return [run.serverId, `  ${[name, facts].filter(Boolean).join(' · ')}`].map(colorOf(run, page.colors));
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

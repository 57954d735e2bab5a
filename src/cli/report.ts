/** What an operator reads at the end: verdict first, then the NICs, the evidence, and what to do now. No IO. */
import type { NicRow, ResultDocument } from '../contract';
import { FAILURE_TYPE, formatDuration } from '../contract';
import type { Ending } from './ending';
import { countsOf } from './ending';
import { clean, plural, table, wrap } from './format';
import type { RunRef } from './link';
import type { Step } from './next-steps';
import type { Colors } from './output';
import { colorOf } from './progress';
import {
  countsText,
  ipOf,
  jobText,
  messageOf,
  phaseText,
  serverOf,
  tookText,
  untilNextLook,
  verdictOf,
} from './wording';

export interface ReportPage {
  colors: Colors;
  columns: number;
  now: number;
}

const SHORT_STEP = 10;

/** Report of a run that has ended. */
export function endReport(ending: Ending, run: RunRef, steps: Step[], page: ReportPage): string[] {
  const { document } = ending;
  return [
    '',
    headline(ending, page.colors),
    ...(document === null ? [] : [`  ${serverOf(document)}`]),
    ...reasonLines(ending, page),
    ...(document === null ? totalsLines(ending, page) : bodyLines(document, page)),
    ...runLines(run),
    ...stepLines(steps, page),
  ];
}

/** The state of a run that goes on. */
export function openReport(
  document: ResultDocument | null,
  run: RunRef,
  steps: Step[],
  page: ReportPage,
): string[] {
  const head =
    document === null
      ? 'the run is open; it has not answered yet'
      : `${document.outcome} · ${phaseText(document)}`;
  return [
    '',
    page.colors.bold(head),
    ...(document === null ? [] : [`  ${serverOf(document)}`]),
    ...(document === null ? [''] : bodyLines(document, page)),
    ...runLines(run),
    ...stepLines(steps, page),
  ];
}

export function headline(ending: Ending, c: Colors): string {
  const { document } = ending;
  const counts = document === null || document.nics.length === 0 ? '' : `: ${countsText(countsOf(document))}`;
  switch (ending.kind) {
    case 'completed':
      return c.bold(c.green(`✔ ${completedText(document, counts)}`));
    case 'failed':
      return c.bold(c.red(`✘ ${document?.outcome ?? ending.type}${counts}`));
    case 'cancelled':
      return c.bold(c.yellow(`■ cancelled${counts}`));
    case 'ended-from-outside':
      return c.bold(
        c.red(
          ending.type === 'Terminated'
            ? '✘ the run was terminated: nobody has observed how it ended'
            : '✘ the run timed out: nobody has observed how it ended',
        ),
      );
  }
}

function completedText(document: ResultDocument | null, counts: string): string {
  if (document === null) return 'completed';
  const words: Record<string, string> = {
    planned: 'dry run: nothing was changed',
    'nothing-to-do': 'nothing to do: the NICs were gone before',
  };
  return words[document.outcome] ?? `${document.outcome}${counts}`;
}

function reasonLines(ending: Ending, page: ReportPage): string[] {
  if (ending.kind !== 'failed' && ending.kind !== 'ended-from-outside') return [];
  // Their message repeats what stands at the NICs below.
  const inRows = ending.type === FAILURE_TYPE.notDeleted || ending.type === FAILURE_TYPE.outcomeUnknown;
  return ending.message === '' || (inRows && ending.document !== null)
    ? []
    : indent(ending.message, page, '  ');
}

function totalsLines(ending: Ending, page: ReportPage): string[] {
  if (ending.kind === 'ended-from-outside' && ending.open !== null) {
    const { nics, since, jobId } = ending.open;
    const job = jobId === null ? 'its job id is not known' : `job ${jobId}`;
    const text = `A deletion was under way since ${since} (${job}); the cloud may still take these NICs:`;
    return ['', ...indent(text, page, '  '), ...nics.map((id) => `    ${clean(id)}`), ''];
  }
  if (ending.kind !== 'cancelled') return [''];
  const text = countsText(ending.counts ?? {});
  return [
    '',
    `  ${text === '' ? 'the run left no totals' : `NICs: ${text}`} (no worker could show the rows)`,
  ];
}

function bodyLines(document: ResultDocument, page: ReportPage): string[] {
  return ['', ...nicTable(document, page), '', ...factLines(document, page)];
}

export function nicTable(document: ResultDocument, page: ReportPage): string[] {
  const running = document.outcome === 'running';
  const { nics } = document;
  if (nics.length === 0) return ['  no NICs'];
  const planned = document.outcome === 'planned';
  const cells = table(
    planned
      ? [['NIC', 'IP', 'OUTCOME', 'WAY BACK'], ...nics.map(planRow)]
      : [['NIC', 'IP', 'OUTCOME'], ...nics.map((nic) => [nic.id, ipOf(nic), verdictOf(nic, running)])],
  );
  const lines = [page.colors.dim(`  ${cells[0]}`)];
  nics.forEach((nic, i) => {
    lines.push(`  ${colorOf(nic, running, page.colors)(cells[i + 1] ?? '')}`);
    const messages = [messageOf(nic)];
    if (planned && nic.elasticIp !== null) messages.unshift(`carries the elastic IP ${nic.elasticIp}`);
    for (const message of messages) if (message !== '') lines.push(...indent(message, page, '      '));
  });
  return lines;
}

/** In a plan the outcome says little; what would become of the NIC, and how well it could be put back, say a lot. */
function planRow(nic: NicRow): string[] {
  return nic.outcome === 'untouched'
    ? [nic.id, ipOf(nic), 'would go', nic.restore]
    : [nic.id, ipOf(nic), nic.outcome, ''];
}

function factLines(document: ResultDocument, page: ReportPage): string[] {
  const facts: [string, string][] = document.jobs.map((job) => ['job', jobText(job)]);
  const unaccounted = document.submissions - document.jobs.length;
  if (unaccounted > 0) facts.push(['sent', `${plural(unaccounted, 'submission')} of unknown fate`]);
  const took = tookText(document);
  if (took !== null) facts.push(['took', took]);
  const next = untilNextLook(document, page.now);
  if (document.outcome === 'running' && next !== null) {
    facts.push([
      'next',
      next === 0 ? 'looking at the cloud now' : `look at the cloud in ${formatDuration(next)}`,
    ]);
  }
  if (document.outcome === 'running' && document.deadlineAt) facts.push(['deadline', document.deadlineAt]);
  if (document.undoUntil) facts.push(['undo', `possible until ${document.undoUntil}`]);
  const lines = facts.map(([name, text]) => `  ${name.padEnd(12)}${text}`);
  for (const warning of document.warnings) {
    const [first = '', ...rest] = indent(warning, page, '              ');
    lines.push(
      page.colors.yellow(`  ${'warning'.padEnd(12)}${first.trimStart()}`),
      ...rest.map(page.colors.yellow),
    );
  }
  return lines;
}

export function runLines(run: RunRef): string[] {
  return [`  run         ${run.workflowId}`, `  run id      ${run.runId}`, `  Web UI      ${run.url}`];
}

export function stepLines(steps: readonly Step[], page: ReportPage): string[] {
  if (steps.length === 0) return [];
  // Commands are never broken: they are there to be copied.
  const bold = page.colors.bold;
  if (steps.every(({ text }) => text.length <= SHORT_STEP)) {
    return ['', ...steps.map(({ text, command }) => `  ${text.padEnd(SHORT_STEP)}  ${bold(command)}`)];
  }
  return steps.flatMap(({ text, command }) => ['', ...indent(text, page, '  '), `    ${bold(command)}`]);
}

function indent(text: string, page: ReportPage, margin: string): string[] {
  const width = Math.min(Math.max(page.columns, 40), 120) - margin.length - 1;
  return wrap(clean(text), width).map((line) => `${margin}${line}`);
}

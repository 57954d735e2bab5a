/** The lines of reports and messages. No IO. */
import type { Remedy } from '../../client/explain/silence';
import { clean, commandLines, wrap } from '../format';
import { asTyped } from '../invocation';
import type { RunRef } from '../link';
import type { ReportPage } from '../output';

const SHORT_STEP = 10;
const FACT_NAME = 12;

/** Something that the operator can do now. */
export interface Step extends Remedy {
  /** Must be copied unbroken: it is not a command of the starter, so it is not known where it may break. */
  whole?: boolean;
}

export function runLines(run: RunRef): string[] {
  return [
    `  run         ${run.workflowId}`,
    `  run id      ${run.runId}`,
    ...(run.firstRunId === undefined ? [] : [`  continues   ${run.firstRunId}`]),
    `  Web UI      ${run.url}`,
  ];
}

export function stepLines(suggested: readonly Step[], page: ReportPage): string[] {
  if (suggested.length === 0) return [];
  const { bold } = page.colors;
  // Before lines are broken: a command is longer as it is typed here.
  const steps = suggested.map((step) => ({ ...step, command: asTyped(step.command) }));
  if (steps.every(({ text }) => text.length <= SHORT_STEP)) {
    return ['', ...steps.map(({ text, command }) => `  ${text.padEnd(SHORT_STEP)}  ${bold(command)}`)];
  }
  return steps.flatMap(({ text, command, whole }) => [
    '',
    ...indent(text, page, '  '),
    ...(whole === true ? [command] : commandLines(command, page.columns - 5)).map(
      (line) => `    ${bold(line)}`,
    ),
  ]);
}

/** `  name        text`; further lines follow below the text. */
export function fact(name: string, text: string, page: ReportPage): string[] {
  const [first = '', ...rest] = indent(text, page, ' '.repeat(2 + FACT_NAME));
  return [`  ${name.padEnd(FACT_NAME)}${first.trimStart()}`, ...rest];
}

export function indent(text: string, page: ReportPage, margin: string): string[] {
  const columns = Number.isFinite(page.columns) ? Math.min(Math.max(page.columns, 40), 120) : 80;
  return wrap(asTyped(clean(text)), columns - margin.length - 1).map((line) => `${margin}${line}`);
}

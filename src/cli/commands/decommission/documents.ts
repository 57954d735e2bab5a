/** `ecs-nics decommission plan` and `report`: the documents of a whole run, as table, JSON or CSV. */
import { readPlan, readReport } from '../../../client/decommission/join';
import { findDecommission } from '../../../client/decommission/read';
import type { KnownRun } from '../../../client/find';
import { quoted } from '../../../contract/text';
import type { Context } from '../../context';
import { pageOf, withTemporal } from '../../context';
import type { ExitCode } from '../../exit-codes';
import { EXIT } from '../../exit-codes';
import type { Output, ReportPage } from '../../output';
import type { CliCommand } from '../../program';
import { planCsv, reportCsv } from '../../show/decommission/csv';
import { planLines } from '../../show/decommission/plan';
import { reportLines } from '../../show/decommission/report';
import { runFrom, unanswered } from './context';
import { statusOf } from './status';

const FORMATS = ['table', 'json', 'csv'] as const;

interface FormatFlags {
  format?: string;
  json?: boolean;
}

interface Shown<D extends object> {
  name: 'plan' | 'report';
  description: string;
  read: (context: Context, run: KnownRun, output: Output) => Promise<D>;
  table: (document: D, page: ReportPage) => string[];
  csv: (document: D) => string[];
}

function commandOf<D extends object>({
  name,
  description,
  read,
  table,
  csv,
}: Shown<D>): CliCommand<FormatFlags> {
  return {
    description,
    examples: [`decommission ${name} purge-7`, `decommission ${name} purge-7 --format csv > ${name}.csv`],
    flags: (command) =>
      command.option('--format <table|json|csv>', 'table (default), json as --json, or csv'),
    takesAll: true,
    run: (words, { format = 'table', json = false }, output): Promise<ExitCode> => {
      const problems = (FORMATS as readonly string[]).includes(format)
        ? json && format === 'csv'
          ? ['--json and --format csv: give one of them']
          : []
        : [`--format: ${quoted(format)} is none of ${FORMATS.join(', ')}`];
      const run = runFrom(words, name, problems);
      return withTemporal(async (context) => {
        const document = await read(context, await findDecommission(context.temporal, run), output);
        // With --json the lines would go to standard error.
        if (format === 'csv') output.say(csv(document));
        else if (!output.json) output.say(table(document, pageOf(output)));
        output.document(document);
        return EXIT.done;
      });
    },
  };
}

export const plan = commandOf({
  name: 'plan',
  description:
    'Shows the plan of a run: what would be touched, what is left alone and why, digest and forecast.',
  read: async (context, run, output) => {
    const answer = await readPlan(context.temporal, run);
    if (!('why' in answer)) return answer.document;
    throw await unanswered(context, run, `A plan needs a worker that answers (${answer.why}).`, output);
  },
  table: planLines,
  csv: planCsv,
});

export const report = commandOf({
  name: 'report',
  description: 'Shows what became of every NIC of a run, open or closed, in the order of its list.',
  read: async (context, run, output) => readReport(context.temporal, await statusOf(context, run, output)),
  table: reportLines,
  csv: reportCsv,
});

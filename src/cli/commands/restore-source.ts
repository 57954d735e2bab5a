/** Reports from which run the NICs are put back: the last one that took them off, or the one that was named. */
import { NoRun, NothingToRestore, OtherRun } from '../../client/errors';
import * as source from '../../client/source';
import { BY_WHOM_WORDS } from '../ask/flags';
import type { Context } from '../context';
import { pageOf } from '../context';
import { CliError } from '../cli-error';
import { EXIT } from '../exit-codes';
import { plural } from '../format';
import type { Output } from '../output';
import { fact, stepLines } from '../show/lines';
import { agoText } from '../show/wording';
import { otherRun } from './launch';

/** Finds the last closed run that took the NICs off, and lines that name it. Throws {@link CliError} if none did. */
export async function findSource(
  context: Context,
  serverId: string,
  wanted: readonly string[] | null,
  isPlan: boolean,
  output: Output,
): Promise<{ runId: string; lines: string[] }> {
  try {
    const { runId, ...found } = await source.findSource(context.temporal, serverId, wanted, isPlan);
    const page = pageOf(output);
    const { outcome } = found.document;
    // The last that the run said of itself: it was terminated, or timed out.
    const end = outcome === 'running' ? 'had no end of its own' : outcome;
    const what = `${end}${endedText(found.endedAt, page.now)}; ${plural(found.nics, 'NIC')}`;
    const lines = [...fact('from run', runId, page), ...fact('', what, page)];
    if (found.isOtherOpen)
      lines.push(...fact('', 'a later run is open on the server: a restore has to wait for its end', page));
    return { runId, lines };
  } catch (error) {
    if (error instanceof NothingToRestore) throw nothingToRestore(context, serverId, wanted, error, output);
    if (!(error instanceof OtherRun)) throw error;
    const { workflowId, runId } = error.run;
    const ref = context.run({ workflowId, runId, firstRunId: runId });
    throw await otherRun(context, error.run, ref, { input: { serverId }, isPlan: false }, output);
  }
}

function nothingToRestore(
  { temporal }: Context,
  serverId: string,
  wanted: readonly string[] | null,
  { workflowId, passed, areAll }: NothingToRestore,
  output: Output,
): CliError {
  const page = pageOf(output);
  // The search covered all it could: no run stopped it early. Runs older than the examined ones may exist.
  const isWhole = areAll || passed.length === source.MAX_LOOKED_AT;
  const start = `ecs-nics restore ${serverId}`;
  const byWhom = BY_WHOM_WORDS.join(' ');
  return new CliError(
    EXIT.badInput,
    'NothingToRestore',
    passed.length === 0
      ? `nothing was started: no closed run on server ${serverId} is known in namespace ${temporal.namespace}.`
      : `nothing was started: no run on server ${serverId} was found to put ${wanted === null ? 'NICs' : 'these NICs'} back ` +
          `from; looked at ${isWhole ? plural(passed.length, 'closed run') : `the last ${passed.length}`}:`,
    { workflowId },
    [
      ...passed.map(({ runId, endedAt, why }) => `  ${runId}${endedText(endedAt, page.now)}: ${why}`),
      ...stepLines(
        [
          { text: 'To name the run:', command: `${start} --run-id RUN ${byWhom}` },
          {
            text: 'To give the result that was saved of it (the document of --json):',
            command: `${start} --document result.json ${byWhom}`,
          },
        ],
        page,
      ),
    ],
  );
}

function endedText(endedAt: Date | null, now: number): string {
  return endedAt === null ? '' : `, ended ${agoText(endedAt, now)}`;
}

/** Finds the run that the operator named. Throws a {@link CliError} when the namespace does not know it. */
export async function namedRun({ temporal }: Context, serverId: string, runId: string): Promise<string> {
  try {
    return await source.namedRun(temporal, serverId, runId);
  } catch (error) {
    if (!(error instanceof NoRun)) throw error;
    throw new CliError(
      EXIT.badInput,
      'NoRun',
      `nothing was started: ${error.message} Namespaces keep closed runs only for some time; to use a saved result, give --document.`,
      { workflowId: error.workflowId },
      [],
      { cause: error },
    );
  }
}

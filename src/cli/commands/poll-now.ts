/** `ecs-nics poll-now`: does by hand what a callback from the cloud would do. */
import type { ResultDocument } from '../../contract';
import { formatDuration } from '../../contract';
import { checkServerId, pageOf, withTemporal } from '../context';
import { openDocument } from '../show/documents';
import type { CliCommand } from '../program';
import { EXAMPLE } from '../ask/flags';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { askStatus, findOpenRun } from '../../client/find';
import { openSteps } from '../show/next-steps';
import type { Output } from '../output';
import { noticeLines } from '../show/report';
import { pollNow as lookNow } from '../../client/update';
import { silenceOf } from '../show/silence';
import { isInWindow, undoText, untilNextLook } from '../show/wording';

export async function pollNow(typed: string, output: Output): Promise<ExitCode> {
  const serverId = checkServerId(typed);
  return withTemporal(async (context) => {
    const { temporal } = context;
    const run = await findOpenRun(temporal, serverId);
    const ref = context.run(run);
    const before = await askStatus(temporal, run);
    await lookNow(temporal, run);
    const silence = before.document === null ? await silenceOf(context, run, ref, output) : null;
    const meaning = meaningOf(before.document, Date.now(), silence?.text);
    output.say([
      ...noticeLines(
        'asked the run to look now',
        meaning,
        ref,
        openSteps(serverId, 'poll-now', before.document),
        pageOf(output),
      ),
      ...(silence?.lines ?? []),
    ]);
    output.document({ ...openDocument(ref, before.document), ...silence?.document, signalled: true });
    return EXIT.done;
  });
}

/** What the signal causes at this point. `document`: the run's document just before the signal. */
export function meaningOf(
  document: ResultDocument | null,
  now: number,
  silence = 'the run does not answer',
): string {
  if (document === null) return `It looks only when a worker takes it up, and now ${silence}.`;
  if (isInWindow(document))
    return `Every NIC has its verdict, so there is nothing to look at: ${undoText(document, now) ?? 'undo possible'}.`;
  const waiting = untilNextLook(document, now);
  if (waiting === null) return "The run isn't waiting just now: its next wait ends at once.";
  return waiting === 0
    ? 'The run was about to look at the cloud anyway.'
    : `The run looks at the cloud at once instead of in ${formatDuration(waiting)}.`;
}

export const command: CliCommand<unknown> = {
  description: 'Makes the open run on a server look at the cloud at once instead of at its next turn.',
  examples: [`poll-now ${EXAMPLE.server}`],
  run: ([serverId = ''], _flags, output) => pollNow(serverId, output),
};

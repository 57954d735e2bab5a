/** `ecs-nics cancel` */
import type { Phase } from '../../contract';
import type { CliCommand } from '../program';
import { EXAMPLE } from '../ask/flags';
import { checkServerId, pageOf, withTemporal } from '../context';
import { openDocument } from '../show/documents';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { askStatus, findOpenRun } from '../../client/find';
import { openSteps } from '../show/next-steps';
import type { Output } from '../output';
import { noticeLines } from '../show/report';
import { cancel as cancelRun } from '../../client/update';
import { silenceOf } from '../show/silence';

export async function cancel(typed: string, output: Output): Promise<ExitCode> {
  const serverId = checkServerId(typed);
  return withTemporal(async (context) => {
    const { temporal } = context;
    const run = await findOpenRun(temporal, serverId);
    const ref = context.run(run);
    const before = await askStatus(temporal, run);
    await cancelRun(temporal, run);
    // A run that did not answer the first time would only take up time again.
    const after = before.document === null ? before : await askStatus(temporal, run);
    const silence = before.document === null ? await silenceOf(context, run, ref, output) : null;
    output.say([
      ...noticeLines(
        'cancellation requested',
        consequence(before.document?.phase ?? null, silence?.text),
        ref,
        openSteps(serverId, 'cancel'),
        pageOf(output),
      ),
      ...(silence?.lines ?? []),
    ]);
    output.document({ ...openDocument(ref, after.document), ...silence?.document, cancelRequested: true });
    return EXIT.done;
  });
}

/** What a cancellation does at this point. `silence`: why the run does not answer. */
export function consequence(phase: Phase | null, silence = 'the run does not answer'): string {
  switch (phase) {
    case 'inspecting':
    case 'waiting':
      return 'If nothing was sent to the cloud yet, the run ends at once and nothing changes.';
    case null:
      return `It takes effect only when a worker takes it up, and now ${silence}.`;
    case 'undo-window':
      return 'The undo window closes; the ports stay as they are unless the request says otherwise.';
    case 'restoring':
      return 'That does not stop a restore: the NICs are put back, then the run closes as cancelled.';
    case 'committing':
      return 'The ports are being deleted: the run finishes that, then closes as cancelled.';
    case 'submitting':
    case 'polling':
    case 'verifying':
    case 'done':
      return "The cloud can't stop its job: the run follows it to its end, checks every NIC, then closes as cancelled.";
  }
}

export const command: CliCommand<unknown> = {
  description:
    "Asks the open run on a server to stop. A job of the cloud can't be stopped: the run follows it to its end.",
  examples: [`cancel ${EXAMPLE.server}`],
  run: ([serverId = ''], _flags, output) => cancel(serverId, output),
};

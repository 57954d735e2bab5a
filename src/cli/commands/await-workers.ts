/** Waits for workers before a run is started, and reports why none polls. */
import { formatDuration } from '../../contract';
import { polledElsewhere } from '../../client/runs';
import type { Why } from '../../client/silent';
import { awaitWorkers } from '../../client/start';
import type { Context } from '../context';
import { pageOf } from '../context';
import { CliError } from '../cli-error';
import { EXIT } from '../exit-codes';
import { clean } from '../format';
import type { Output } from '../output';
import { stepLines } from '../show/lines';
import {
  hintOf,
  mainReason,
  reasonText,
  reasonType,
  waitingText,
  waysOut,
  whyDocument,
} from '../../client/explain/silence';

/** Waits until workers can take the run to be started. Throws {@link CliError} when none polls, or at Ctrl-C. */
export async function untilWorkersPoll(context: Context, output: Output): Promise<void> {
  const { temporal, taskQueue, interrupted } = context;
  const onWait = (why: Why, limitMs: number) => {
    const [fact = '', ...more] = waitingText(why, null, temporal.namespace);
    output.warn([
      `${fact}; the run is started when one does (waiting for ${formatDuration(limitMs)})`,
      ...more,
    ]);
  };
  const workers = await awaitWorkers(temporal, taskQueue, { onWait, until: interrupted });
  if (workers.kind === 'none') throw await nobodyComes(context, workers.why, workers.forMs, output);
  if (workers.kind === 'interrupted')
    throw new CliError(EXIT.interrupted, 'Interrupted', 'interrupted; nothing was started.');
}

async function nobodyComes(context: Context, why: Why, forMs: number, output: Output): Promise<CliError> {
  const { temporal, taskQueue } = context;
  const { namespace, address } = temporal;
  const reason = mainReason(why);
  const page = pageOf(output);
  const elsewhere = reason.kind === 'no-worker' ? await polledElsewhere(temporal, taskQueue) : [];
  const message =
    `${reasonText(reason)} in namespace ${clean(namespace)} of ${clean(address)} (for ${formatDuration(forMs)}); ` +
    `nothing was started. ${reason.kind === 'no-worker' ? `Start a worker, or check ECS_NICS_TASK_QUEUE (here: ${clean(taskQueue)}).` : hintOf(reason)}`;
  return new CliError(
    EXIT.starterFailed,
    reasonType(reason),
    message.trimEnd(),
    { taskQueue, polledQueues: elsewhere, ...whyDocument(why, null, namespace) },
    [
      ...elsewhere.map(
        (queue) => `Workers poll task queue ${clean(queue)}: ECS_NICS_TASK_QUEUE=${clean(queue)}`,
      ),
      ...stepLines(waysOut(why, null, namespace), page),
    ],
  );
}

/** Looks for workers before anything is started: a run that nobody takes would hold the server's lock for nothing. */
import { DEFAULT_TASK_QUEUE, formatDuration } from '../contract';
import type { Context } from '../cli/context';
import { pageOf } from '../cli/context';
import { CliError } from '../cli/errors';
import { EXIT } from '../cli/exit-codes';
import { clean } from '../cli/show/format';
import { FOLLOW_LIMITS } from './follow';
import type { Output } from '../cli/output';
import type { Queue } from './queues';
import { POLLER_FRESH_MS, SAME_CLOCK, idleQueues, livingOf, readQueues } from './queues';
import { stepLines } from '../cli/show/report';
import { recentQueues } from './runs';
import { routeReasons } from './silent';
import type { Why } from './silent';
import {
  hintOf,
  mainReason,
  reasonText,
  reasonType,
  waitingText,
  waysOut,
  whyDocument,
} from '../cli/show/silent-texts';

const STEP_MS = 1_000;
const HINT_MS = 3_000;
const MAX_QUEUES_TRIED = 5;

/** Waits until workers can take what is about to be started. Throws a {@link CliError} when none comes, or at Ctrl-C. */
export async function untilWorkersPoll(context: Context, output: Output): Promise<void> {
  const { temporal, taskQueue } = context;
  const { namespace } = temporal;
  const startedAt = Date.now();
  const firstSeen = new Map<string, number>();
  let isSaid = false;
  for (;;) {
    const listed = await readQueues(temporal, taskQueue);
    const living = await livingOf(listed, SAME_CLOCK);
    // With a wrong clock of ours living workers look dead; but they go on asking for work.
    const polled = listed.map((queue, i) => (isMoving(queue, firstSeen) ? queue : (living[i] ?? queue)));
    const reasons = routeReasons(polled, 'current');
    if (reasons.length === 0) return;

    const why: Why = { reasons, neverTaken: false, pollers: [] };
    const forMs = Date.now() - startedAt;
    const mayLive = routeReasons(listed, 'current').length === 0;
    // One that is listed, if only by an old time, asks again within its long poll, or is gone.
    const limitMs = mayLive ? POLLER_FRESH_MS : FOLLOW_LIMITS.silentMs;
    if (forMs >= limitMs) throw await nobodyComes(context, why, forMs, output);
    if (!isSaid && forMs >= FOLLOW_LIMITS.sayAfterMs) {
      isSaid = true;
      const [fact = '', ...more] = waitingText(why, null, namespace);
      output.say([
        `${fact}; nothing is started before one does (waiting for ${formatDuration(limitMs)})`,
        ...more,
      ]);
    }
    const pause = new Promise<'on'>((resolve) => setTimeout(() => resolve('on'), STEP_MS));
    if ((await Promise.race([pause, context.interrupted])) !== 'on')
      throw new CliError(EXIT.interrupted, 'Interrupted', 'interrupted; nothing was started.');
  }
}

/** Somebody has asked for work since the first look. */
function isMoving({ name, pollers }: Queue, firstSeen: Map<string, number>): boolean {
  const seen = Math.max(0, ...pollers.map((poller) => poller.lastSeen));
  const before = firstSeen.get(name) ?? seen;
  firstSeen.set(name, before);
  return seen > before;
}

async function nobodyComes(context: Context, why: Why, forMs: number, output: Output): Promise<CliError> {
  const { temporal, taskQueue } = context;
  const { namespace, address } = temporal;
  const reason = mainReason(why);
  const page = pageOf(output);
  const elsewhere = reason.kind === 'no-worker' ? await polledElsewhere(context) : [];
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

/** Queues of runs like ours that workers do poll. Only a hint: within seconds, or not at all. */
async function polledElsewhere({ temporal, taskQueue }: Context): Promise<string[]> {
  const found: string[] = [];
  const look = async () => {
    const known = await recentQueues(temporal);
    const queues = [...new Set([DEFAULT_TASK_QUEUE, ...known])].filter((name) => name !== taskQueue);
    for (const queue of queues.slice(0, MAX_QUEUES_TRIED)) {
      if ((await idleQueues(temporal, queue)).length === 0) found.push(queue);
    }
  };
  await Promise.race([look().catch(() => {}), new Promise((resolve) => setTimeout(resolve, HINT_MS))]);
  return [...found];
}

/** What the list itself does not say: names, exact phases and outcomes, when a chain began. Within seconds, or not at all. */
import type { Temporal } from './connect';
import { lastEvent } from './ending';
import { chainStart, describe, firstRunOf } from './find';
import { queryStatus } from './query';
import { idleQueues } from './queues';
import type { ListedRun } from './runs';
import { continuedIds } from './runs';

/** A list is for a quick look. */
const DETAILS_MS = 3_000;
const AT_ONCE = 10;

/** Adds to `runs` in place; whatever can't be had in time is left out. Never throws. */
export async function addDetails(temporal: Temporal, runs: readonly ListedRun[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeOut = new Promise<'over'>((resolve) => {
    timer = setTimeout(() => resolve('over'), DETAILS_MS);
  });
  let over = false;
  const work = async () => {
    const [continued, polled] = await Promise.all([
      continuedIds(temporal).catch(() => new Set<string>()),
      polledQueues(temporal, runs),
    ]);
    const waiting = [...runs];
    const next = async (): Promise<void> => {
      const run = waiting.shift();
      if (run === undefined || over) return;
      if (continued.has(run.workflowId)) await addChain(temporal, run).catch(() => {});
      // Without a worker each question would take its whole time.
      if (!run.open || polled.has(run.taskQueue)) await addDocument(temporal, run).catch(() => {});
      return next();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  };
  await Promise.race([work(), timeOut]);
  over = true;
  clearTimeout(timer);
}

async function polledQueues(temporal: Temporal, runs: readonly ListedRun[]): Promise<Set<string>> {
  const queues = new Set(runs.filter((run) => run.open).map((run) => run.taskQueue));
  const polled = new Set<string>();
  await Promise.all(
    [...queues].map(async (queue) => {
      const idle = await idleQueues(temporal, queue).catch(() => [queue]);
      if (!idle.includes(queue)) polled.add(queue);
    }),
  );
  return polled;
}

async function addChain(temporal: Temporal, run: ListedRun): Promise<void> {
  const description = await describe(temporal, run.workflowId, run.runId);
  run.firstRunId = firstRunOf(description);
  run.startedAt = await chainStart(temporal, description);
}

async function addDocument(temporal: Temporal, run: ListedRun): Promise<void> {
  const document = run.open
    ? await queryStatus(temporal, run, DETAILS_MS)
    : (await lastEvent(temporal, run, DETAILS_MS)).document;
  if (document === null) return;
  run.serverName = document.serverName;
  run.phase = document.phase;
  run.outcome = document.outcome;
}

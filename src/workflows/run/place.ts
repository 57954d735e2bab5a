/** A run belongs to one project, region and endpoint: what another place would say of it is no answer. */
import { label, plain } from './details';
import { backoffDelay } from '../policy/poll-schedule';
import type { Run } from './run';

/** After a worker of another place has declined. Nothing is lost by waiting, and so no patience is used up. */
export async function awaitRightWorker(run: Run, why: string, declined: number): Promise<void> {
  const { phase, waitingFor } = run.document;
  run.enter(phase, plain(`a worker of its own place: ${why}`));
  const startedAt = Date.now();
  const pauseMs = run.state.place === null ? FIRST_PAUSE_MS : pauseAfter(declined);
  const plannedMs = await run.waitOrWake(pauseMs, label(`wrong worker: ${why}`));
  run.forgive(Math.min(Date.now() - startedAt, plannedMs));
  run.enter(phase, waitingFor);
}

/** Until it has been anywhere: the caller waits to hear that nobody serves the project. */
const FIRST_PAUSE_MS = 2_000;

/** Somebody may restart a worker at any moment; later each question only makes the history longer. */
function pauseAfter(declined: number): number {
  if (declined <= 30) return backoffDelay(declined);
  return declined <= 150 ? 5 * 60_000 : 30 * 60_000;
}

/** Answers that say nothing about the thing asked for, only that it has to wait. */
import type { Throttled, Unsent } from '../../activities/agreement/agreement';
import { HOLD_MS } from '../../activities/agreement/agreement';
import type { Unread } from '../run/activity-calls';
import { label, plain } from '../run/details';
import { backoffDelay, throttleDelay } from '../policy/poll-schedule';
import type { Run } from '../run/run';
import type { PutBack } from '../policy/undo-log';

export type Setback = Throttled | Unsent | Unread;

export function isSetback<T extends { kind: string }>(answer: T | Setback): answer is Setback {
  return (
    ['throttled', 'unsent', 'unavailable', 'credentials', 'refused'].includes(answer.kind) &&
    // What the cloud itself refuses is told with `why`; an `Unread` is a call that brought no answer.
    !(answer.kind === 'refused' && 'hint' in answer)
  );
}

/** Waits as long as a setback asks for. */
export async function waitOut(
  run: Run,
  back: Pick<PutBack, 'setbacks' | 'hindered'>,
  answer: Setback,
): Promise<void> {
  back.setbacks += 1;
  let ms = backoffDelay(back.setbacks);
  switch (answer.kind) {
    case 'throttled':
      back.hindered = `throttled by the cloud (${answer.code ?? '429'})`;
      ms = throttleDelay(answer.retryAfterMs, back.setbacks);
      break;
    case 'unsent':
      back.hindered = unsentText(answer);
      break;
    case 'unavailable':
      back.hindered = answer.message;
      break;
    case 'credentials':
    case 'refused':
      back.hindered = answer.message;
      // Five bad signatures lock a key (docs/cloud-api.md §5.2).
      ms = HOLD_MS;
  }
  await pause(run, ms, back.hindered);
}

export const UNSENT: Record<Unsent['why'], string> = {
  reset: 'a run that was reset, or tried again after a time-out, changes nothing',
  late: 'the worker came too late to send (a long queue, a frozen process, a clock ahead)',
  unreachable: 'the worker cannot connect to the cloud',
  elsewhere: 'the worker that took it serves another place',
  unread: 'what it relies on could not be read just before',
};

export function unsentText({ why, because }: Unsent): string {
  return because ?? UNSENT[why];
}

/** In full: a message asks for a look, not for another call. */
export async function pause(run: Run, ms: number, why: string): Promise<void> {
  const { phase } = run.document;
  run.enter(phase, plain(why));
  await run.wait(Math.min(ms, Math.max(run.remainingMs, 1_000)), label(why));
  run.enter(phase);
}

/** Asking until there is an answer: what each kind of no answer asks for, the one loop over it, and the one pause. */
import type { Throttled, Unsent } from '../../activities/agreement';
import { HOLD_MS } from '../../activities/agreement';
import { FAILURE_TYPE } from '../../contract/names';
import type { Phase } from '../../contract/types';
import { backoffDelay, throttleDelay } from '../policy/poll-schedule';
import type { PutBack } from '../policy/undo-log';
import type { Unread } from './activity-calls';
import { label, plain } from './details';
import { RunEnd } from './run-end';
import type { Run } from './run';

/** Answers that say nothing about the thing asked for, only that it has to wait. */
export type Setback = Throttled | Unsent | Unread;

export function isSetback<T extends { kind: string }>(answer: T | Setback): answer is Setback {
  return ['throttled', 'unsent', 'unread'].includes(answer.kind);
}

export interface Hindrance {
  why: string;
  ms: number;
  /** Not to be cut short by a message: a callback knows nothing of keys that get locked, or of quotas. */
  firm: boolean;
}

/** @param times setbacks in a row, this one included */
export function hindranceOf(answer: Setback, times: number): Hindrance {
  switch (answer.kind) {
    case 'throttled':
      return {
        why: 'throttled by the cloud',
        ms: throttleDelay(answer.retryAfterMs, times),
        firm: true,
      };
    case 'unsent':
      return { why: unsentText(answer), ms: backoffDelay(times), firm: true };
    case 'unread':
      return answer.why === 'unavailable'
        ? { why: answer.message, ms: backoffDelay(times), firm: false }
        : // Five bad signatures lock a key (ecs-api.md §6.2).
          { why: answer.message, ms: HOLD_MS, firm: true };
  }
}

/**
 * Asks until there is an answer.
 *
 * @param after waits, or ends the run by throwing; `false`: it is given up
 */
export async function askUntilAnswered<A extends { kind: string }>(
  ask: (times: number) => Promise<A | Setback>,
  after: (hindrance: Hindrance, setback: Setback) => Promise<boolean>,
): Promise<A | null> {
  for (let times = 1; ; times++) {
    const answer = await ask(times);
    if (!isSetback(answer)) return answer;
    if (!(await after(hindranceOf(answer, times), answer))) return null;
  }
}

export interface Sentences {
  /** While it is asked again. */
  waiting?: (why: string) => string;
  /** At the deadline. */
  tooLate?: (why: string) => string;
}

/**
 * Asks while nothing was sent yet: a definite no ends the run at once (interface.md §6.5), the deadline and an undo after the
 * next answer.
 */
export async function askBeforeSending<A extends { kind: string }>(
  run: Run,
  ask: () => Promise<A | Setback>,
  { waiting = (why) => why, tooLate = (why) => `${why}, still so at the deadline` }: Sentences = {},
): Promise<A> {
  const answer = await askUntilAnswered(ask, async ({ why, ms }, setback) => {
    if (setback.kind === 'unread') endUnlessPassing(setback);
    const passing = setback.kind === 'unread' && setback.why === 'unavailable';
    if (run.expired) throw refused(passing ? tooLate(why) : `${why}, still so at the deadline`);
    const text = passing ? waiting(why) : why;
    await pause(run, ms, text, { phase: 'waiting', wakeable: true });
    // What is held can be put back without this answer.
    if (run.stopping) throw RunEnd.failed(FAILURE_TYPE.refused, `nothing was sent: ${text}`);
    run.endIfUndone();
    return true;
  });
  // Never given up in silence.
  return answer as A;
}

/** Refused credentials, or a definite no: nothing was changed, and asking again brings the same. */
export function endUnlessPassing({ why, message, details }: Unread): void {
  if (why === 'unavailable') return;
  const hint = details?.hint ? ` ${details.hint}` : '';
  throw RunEnd.failed(FAILURE_TYPE.cloudRefused, `nothing was changed: ${message}.${hint}`);
}

function refused(why: string): RunEnd {
  return RunEnd.failed(FAILURE_TYPE.refused, `nothing was changed: ${why}`);
}

/** Waits as long as a setback asks for. */
export async function waitOut(
  run: Run,
  back: Pick<PutBack, 'setbacks' | 'hindered'>,
  answer: Setback,
): Promise<void> {
  back.setbacks += 1;
  const { why, ms } = hindranceOf(answer, back.setbacks);
  back.hindered = answer.kind === 'throttled' ? `${why} (${answer.code ?? '429'})` : why;
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

export interface PauseOptions {
  /** Of the pause and after it; by default the pause leaves the phase as it is, and its reason goes with it. */
  phase?: Phase;
  /** By default in full: a message asks for a look, not for another call. */
  wakeable?: boolean;
  /** In the timeline. @param ms what is left of it before the deadline */
  text?: (ms: number) => string;
}

/** Waits, but not beyond the deadline, and says why. */
export async function pause(
  run: Run,
  ms: number,
  why: string,
  { phase, wakeable = false, text = () => why }: PauseOptions = {},
): Promise<void> {
  const before = run.document.phase;
  run.enter(phase ?? before, plain(why));
  const wholeMs = Math.min(ms, Math.max(run.remainingMs, 1_000));
  if (wakeable) await run.waitOrWake(wholeMs, label(text(wholeMs)));
  else await run.wait(wholeMs, label(text(wholeMs)));
  if (phase === undefined) run.enter(before);
}

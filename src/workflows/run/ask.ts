/** Repeats a call until there is an answer: the pause that each kind of missing answer needs, and the loop over it. */
import type { ServerState, Throttled, Unsent } from '../../activities/agreement';
import { HOLD_MS } from '../../activities/agreement';
import { FAILURE_TYPE } from '../../contract/names';
import type { Phase } from '../../contract/types';
import { isIdle } from '../policy/guards';
import { backoffDelay, busyDelay, STATE_WAIT_MS, throttleDelay } from '../policy/poll-schedule';
import type { PutBack } from '../policy/undo-log';
import type { Unread } from './unread';
import { label, plain } from './details';
import { RunEnd } from './run-end';
import type { Run } from './run';
import { countBusy } from './state/sent';

/** Results that say nothing about what was asked: the call has to be repeated later. */
export type Setback = Throttled | Unsent | Unread;

export function isSetback<T extends { kind: string }>(answer: T | Setback): answer is Setback {
  return ['throttled', 'unsent', 'unread'].includes(answer.kind);
}

export interface Hindrance {
  why: string;
  ms: number;
  /**
   * No message should end the pause early: its sender knows nothing of locked keys or of quotas. Before anything was sent, and
   * where the caller pauses in full anyway, this makes no difference.
   */
  firm: boolean;
}

/** @param times setbacks in a row, including this one */
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
        : // Five bad signatures lock a key (docs/cloud-api.md §5.2).
          { why: withHint(answer), ms: HOLD_MS, firm: true };
  }
}

/** Whoever reads what the run waits for has to know what to repair. */
function withHint({ message, details }: Unread): string {
  return details?.hint ? `${message}. ${details.hint}` : message;
}

/**
 * Repeats a call until there is an answer.
 * @param after waits, or throws to end the run; `false`: the caller gives up, and the result is `null`
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
  /** What the run says while it repeats the call. */
  waiting?: (why: string) => string;
  /** What the run says if there is still no answer at the deadline. */
  tooLate?: (why: string) => string;
}

/**
 * Repeats a call before anything was sent. A definite refusal ends the run at once (docs/contract.md §6.5). The
 * deadline and an undo end it at the next setback.
 */
export async function askBeforeSending<A extends { kind: string }>(
  run: Run,
  ask: () => Promise<A | Setback>,
  { waiting = (why) => why, tooLate = (why) => `${why}, until the deadline` }: Sentences = {},
): Promise<A> {
  const answer = await askUntilAnswered(ask, async ({ why, ms }, setback) => {
    if (setback.kind === 'unread') endUnlessPassing(run, setback);
    const passing = setback.kind === 'unread' && setback.why === 'unavailable';
    if (run.expired) throw refused(passing ? tooLate(why) : `${why}, until the deadline`);
    const text = passing ? waiting(why) : why;
    await pause(run, ms, text, { phase: 'waiting', wakeable: true });
    // The run can put back what it holds without this answer.
    if (run.stopping) throw RunEnd.failed(FAILURE_TYPE.refused, `nothing was sent: ${text}`);
    run.endIfUndone();
    return true;
  });
  // The callback never returns `false`, so there is an answer.
  return answer as A;
}

/** Ends the run if its credentials or its call were refused: nothing was changed, and a repetition brings the same. */
export function endUnlessPassing(run: Run, { why, message, details }: Unread): void {
  if (why === 'unavailable') return;
  if (why === 'credentials') run.document.credentialsRefused = true;
  const hint = details?.hint ? ` ${details.hint}` : '';
  throw RunEnd.failed(FAILURE_TYPE.cloudRefused, `nothing was changed: ${message}.${hint}`);
}

function refused(why: string): RunEnd {
  return RunEnd.failed(FAILURE_TYPE.refused, `nothing was changed: ${why}`);
}

/** Waits for as long as a setback needs. */
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
  reset: 'a run that was reset, or retried after a time-out, changes nothing',
  late: 'the worker had too little time left to send (a long queue, a frozen process, or its clock is ahead)',
  unreachable: 'the worker cannot connect to the cloud',
  elsewhere: 'the worker that took the call serves another place',
  unread: 'the flags could not be read just before the request',
};

export function unsentText({ why, because }: Unsent): string {
  return because ?? UNSENT[why];
}

/**
 * How long to wait for a server that was found busy (once more). Runs that began before the wait was learned wait as long as they
 * did: a timer that fires later than planned moves the deadline, and their commands must stay the same.
 */
export function busyWait({ state, request, knowsPlace }: Run): number {
  const { busyWaitMs } = request.timing;
  const times = countBusy(state, true);
  return knowsPlace ? busyDelay(state.job, times, busyWaitMs) : busyWaitMs;
}

/**
 * Waits before the server is looked at again, at most until the deadline. Only one that is busy, and was when the run sent, is
 * waited for longer and longer: an incomplete list, or a port that lags behind it, soon passes by itself.
 * @param passing what has to pass
 * @param server as it was just seen
 */
export async function waitForServer(run: Run, passing: string, server: ServerState | null): Promise<void> {
  run.enter('waiting', passing);
  const { sent } = run.state;
  const isBusy = run.knowsPlace && sent.busy > 0 && server !== null && !isIdle(server);
  const until = Date.now() + Math.min(isBusy ? busyWait(run) : STATE_WAIT_MS, run.remainingMs);
  await run.waitOrWake(until - Date.now(), label(`waiting: ${passing}`));
  // A wait that a message ended says nothing about how long the server is busy. 1 ms: timers count whole ones.
  if (isBusy && Date.now() < until - 1) sent.busy -= 1;
}

export interface PauseOptions {
  /** Phase during and after the pause. By default the phase stays, and the reason is removed after the pause. */
  phase?: Phase;
  /** `pollNow` may end the pause early. By default it may not: the message asks for a look, not for another call. */
  wakeable?: boolean;
  /** The pause is not cut below this at the deadline. */
  leastMs?: number;
  /** Label of the timer. @param ms length of the pause, cut at the deadline */
  text?: (ms: number) => string;
}

/** Waits, at most until the deadline, and shows why. */
export async function pause(
  run: Run,
  ms: number,
  why: string,
  { phase, wakeable = false, leastMs = 0, text = () => why }: PauseOptions = {},
): Promise<void> {
  const before = run.document.phase;
  run.enter(phase ?? before, plain(why));
  const wholeMs = Math.min(ms, Math.max(run.remainingMs, leastMs, 1_000));
  if (wakeable) await run.waitOrWake(wholeMs, label(text(wholeMs)));
  else await run.wait(wholeMs, label(text(wholeMs)));
  if (phase === undefined) run.enter(before);
}

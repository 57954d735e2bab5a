/** The flag `delete_on_termination` of NICs that are on the server: set, and proven by reading. */
import { HOLD_MS } from '../../activities/agreement/agreement';
import { repeatable } from '../run/activity-calls';
import { label, nics, plain } from '../run/details';
import { backoffDelay, throttleDelay } from '../policy/poll-schedule';
import type { Run } from '../run/run';
import { neverSends } from '../run/state/sent';
import { UNSENT } from './setback';

/** A list may lag behind the flag by a moment; one that still disagrees after so many writes means it. */
const WRITES = 4;

/** The server does not have this NIC, whatever a list that lags shows (docs/cloud-api.md §6.2). */
const NOT_ON_SERVER = 'Ecs.0085';

export interface Unset {
  code: string | null;
  message: string;
  /** It is not on the server any more. */
  left: boolean;
}

/**
 * Returns what could not be set, by NIC, and why; a NIC that has left the server counts as such.
 * @param patient refused credentials may be repaired: ask again, once a minute
 */
export async function setFlags(
  run: Run,
  wanted: Record<string, boolean>,
  patient: boolean,
): Promise<Record<string, Unset>> {
  const unset: Record<string, Unset> = {};
  let open = Object.keys(wanted);
  const giveUp = (code: string | null, message: string) => {
    for (const id of open) unset[id] = { code, message: plain(message), left: false };
    return unset;
  };
  for (let turn = 1, writes = 0; ; turn++) {
    const flags = Object.fromEntries(open.map((id) => [id, wanted[id] === true]));
    const what = Object.values(flags).every((value) => !value) ? 'keep the port' : 'set the flag back';
    const answer = await repeatable(run, 'setPortFlags', label(`${what} of ${nics(open.length)}`), { flags });
    let ms = backoffDelay(turn);
    let why: string;
    switch (answer.kind) {
      case 'flags': {
        writes += 1;
        for (const id of open) {
          const refused = answer.refused[id];
          const left = !(id in answer.read) || refused?.code === NOT_ON_SERVER;
          if (refused)
            unset[id] = { code: refused.code, message: plain(`${refused.message}. ${refused.hint}`), left };
          else if (left) unset[id] = { code: null, message: 'it has left the server', left };
        }
        open = open.filter((id) => unset[id] === undefined && answer.read[id] !== wanted[id]);
        if (open.length === 0) return unset;
        why = 'the NIC list does not show the flag as it was set';
        if (writes >= WRITES) return giveUp(null, why);
        ms = 2_000;
        break;
      }
      case 'throttled':
        why = 'throttled by the cloud';
        ms = throttleDelay(answer.retryAfterMs, turn);
        break;
      case 'unsent':
        if (answer.why === 'reset') {
          neverSends(run.state);
          return giveUp(null, UNSENT.reset);
        }
        why = 'the worker could not send in time';
        break;
      case 'unavailable':
        why = answer.message;
        break;
      case 'credentials':
      case 'refused':
        if (!patient || answer.kind === 'refused') {
          return giveUp(answer.details?.code ?? null, `${answer.message}. ${answer.details?.hint ?? ''}`);
        }
        why = answer.message;
        ms = HOLD_MS;
    }
    if (run.expired) return giveUp(null, `${why}, until the deadline`);
    run.enter(run.document.phase, plain(why));
    await run.wait(Math.min(ms, Math.max(run.remainingMs, 1_000)), label(`flags: again · ${why}`));
    run.enter(run.document.phase);
    // While they are set; setting them back is what an undo asks for.
    if (!patient) run.endIfUndone();
  }
}

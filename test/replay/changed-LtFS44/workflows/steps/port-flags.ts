/** Sets the flag `delete_on_termination` of NICs that are on the server, and proves it with a reading. */
import { repeatable } from '../run/activity-calls';
import { label, nics, plain } from '../run/details';
import type { Run } from '../run/run';
import { forbidSending } from '../run/state/sent';
import { hindranceOf, pause, UNSENT } from '../run/ask';

/** A list may lag behind the flag by a moment. After so many writes a list that disagrees is believed. */
const WRITES = 4;
const LAG_MS = 2_000;

/** The server does not have this NIC, even if a list that lags shows it (docs/cloud-api.md §6.2). */
const NOT_ON_SERVER = 'Ecs.0085';

export interface Unset {
  code: string | null;
  message: string;
  /** The NIC is not on the server any more. */
  left: boolean;
}

/**
 * Returns for each NIC whose flag could not be set the reason. A NIC that has left the server is one of them.
 * @param patient repeat the call once a minute after refused credentials, since a person may repair them
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
    let ms: number;
    let why: string;
    if (answer.kind === 'flags') {
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
      ms = LAG_MS;
    } else {
      if (answer.kind === 'unsent' && answer.why === 'reset') {
        forbidSending(run.state);
        return giveUp(null, UNSENT.reset);
      }
      const definite = answer.kind === 'unread' && answer.why !== 'unavailable';
      if (definite && !(patient && answer.why === 'credentials'))
        return giveUp(answer.details?.code ?? null, `${answer.message}. ${answer.details?.hint ?? ''}`);
      ({ why, ms } = hindranceOf(answer, turn));
    }
    if (run.expired) return giveUp(null, `${why}, until the deadline`);
    await pause(run, ms, why, { text: () => `flags: again · ${why}` });
    // An undo ends the run only while flags are set to false; setting them back is what an undo asks for.
    if (!patient) run.endIfUndone();
  }
}

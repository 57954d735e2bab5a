import type { CallOptions, Cloud, IdForm, ServerDetail } from '../cloud';
import type { Settings } from './gathering';
import type { Observer } from './observer';
import type { Trust } from './trust';

/** A longer URI is too long for some gateways (docs/cloud-api.md §3.6). */
export const SERVERS_AT_ONCE = 100;

/** One call for the details of several servers. `null`: it says too little of this one, which has to be asked for alone. */
export function askServers(
  cloud: Pick<Cloud, 'showServers'>,
  trust: Trust,
  { size }: Pick<Observer, 'size'>,
  form: FormInUse,
  options: Pick<CallOptions, 'urgency' | 'yieldsMs'>,
): Settings<string, ServerDetail | null>['send'] {
  return async (take) => {
    const ids = () => [...new Set(take())];
    const used = form.current;
    try {
      const found = await cloud.showServers(ids, used, options);
      size('listServers', ids().length);
      const entries = take().map((id) => found.get(id.toLowerCase()));
      const whys = entries.flatMap((entry) => shortcomingOf(entry) ?? []);
      // One server whose entry says too little is no fault of the others'.
      const most = whys.length > entries.length / 2;
      if (whys[0] === undefined) trust.gain();
      else trust.fellShort(whys[0], most && form.current === used);
      if (most) form.tryTheOtherThan(used);
      // That the cloud does not know a server ends runs: it has to say so of this very server.
      return entries.map((entry) => (shortcomingOf(entry) === null ? (entry ?? null) : null));
    } catch (error) {
      if (!trust.leavesAlone(error, form.current === used)) throw error;
      form.tryTheOtherThan(used);
      return take().map(() => null);
    }
  };
}

/** Both forms are documented, and it is not known which of them the cloud takes. */
export class FormInUse {
  current: IdForm = 'comma';

  /** Sets that left at the same time have used the same form: it changes once for all of them. */
  tryTheOtherThan(used: IdForm): void {
    if (used === this.current) this.current = used === 'comma' ? 'repeated' : 'comma';
  }
}

/** @param entry `undefined`: missing; `null`: the cloud does not know the server, which is a whole answer */
function shortcomingOf(entry: ServerDetail | null | undefined): string | null {
  if (entry === null) return null;
  if (entry === undefined) return 'a server that was asked for is missing';
  if (entry.primaryPortIds.length === 0 || entry.portIds === null)
    return 'an entry does not name the NICs of its server, and the primary one among them';
  return entry.locked === null || entry.frozen === null
    ? 'an entry does not tell whether its server is locked'
    : null;
}

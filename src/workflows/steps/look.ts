/** Readings of the NIC list: one that counts, or two that agree. */
import type { PortState, Reading } from '../../activities/agreement';
import { formatDuration } from '../../contract/duration';
import type { Unread } from '../run/unread';
import { read } from '../run/activity-calls';
import { askUntilAnswered } from '../run/ask';
import { label, nics, plain } from '../run/details';
import { isIdle } from '../policy/guards';
import { forgetReadings, note, portsToLookUp, watch } from '../run/state/seen';
import type { Witness } from '../run/state/seen';
import type { Run } from '../run/run';
import type { Looks } from '../run/state/sent';
import { isHere } from '../policy/verdict';

/** Some minutes with the usual `settle`. */
const MAX_CONTRADICTING_LOOKS = 8;

export interface LookOptions {
  label: string;
  /** Also read the state of the server. */
  server?: boolean;
  /** NICs that are expected to be gone. If they are, their server's own list need not be read. */
  gone?: string[];
  /** Ports that are looked at again later, before they are deleted. */
  later?: string[];
  /** Planned time since the previous reading, in ms. */
  plannedGapMs: number;
  /** Epoch ms after which the run gives up if there is no reading. */
  until: () => number;
}

/** One reading that counts, i.e. names the primary NIC; `null`: there was none in time. */
export async function lookOnce(run: Run, options: LookOptions): Promise<Reading | null> {
  const { serverId } = run.request;
  const { plannedGapMs, until } = options;
  let unread = false;
  return askUntilAnswered<Reading>(
    async () => {
      // After throttling the same question is asked again: a wider one would cost more calls.
      const server = options.server === true || unread;
      const answer = await read(run, 'listNics', options.label, {
        serverId,
        server,
        ...(!server && { nics: options.gone }),
        ...portsToLookUp(run.state, options.later),
      });
      if (answer.kind === 'reading' && note(run.state, answer, plannedGapMs)) {
        run.show();
        return answer;
      }
      unread ||= answer.kind !== 'throttled';
      return answer.kind === 'reading' ? INCOMPLETE : answer;
    },
    async ({ why, ms, firm }) => {
      if (Date.now() >= until()) return false;
      const { phase } = run.document;
      run.enter(phase, plain(why));
      // Also after the deadline: the run looks for what it has sent until it knows what came of it.
      if (firm) await run.wait(ms, label(`no reading: ${why}`));
      else await run.waitOrWake(ms, label(`no reading: ${why}`));
      run.enter(phase, null);
      return true;
    },
  );
}

/** A reading that does not count is treated as no answer. */
const INCOMPLETE: Unread = {
  kind: 'unread',
  why: 'unavailable',
  message: 'the NIC list does not name the primary NIC',
  details: null,
};

/**
 * After a submission of unknown fate: settles and reads until two readings in a row agree and find the server idle.
 * `true`: the NICs that are left (if any) are certainly still on the server, and may be sent again.
 */
export async function lookTwice(run: Run, why: string, looks: Looks): Promise<boolean> {
  const { settleMs } = run.request.timing;
  run.enter('verifying', plain(why));
  if (looks.made === 0 && looks.dueAt === null) forgetReadings(run.state);
  const { witnesses } = run.state.seen;
  const isGone = (witness: Witness) => witness.absent >= 2 && !contradicts(run, witness, looks);
  for (;;) {
    if (looks.made >= 2 && run.expired) return false;
    const look = looks.made + 1;
    looks.dueAt ??= Date.now() + Math.max(settleMs, (look === 1 && looks.leastMs) || 0);
    const ms = looks.dueAt - Date.now();
    let plannedGapMs = settleMs;
    if (ms > 0) {
      const text = label(`${formatDuration(ms)} to settle, then look ${look}: ${why}`);
      plannedGapMs = Math.max(settleMs, await run.wait(ms, text));
    }
    looks.dueAt = null;
    const found = await lookOnce(run, {
      label: label(
        `look ${look} after a lost answer: ${nics(witnesses.filter((nic) => !isGone(nic)).length)} to find`,
      ),
      server: true,
      plannedGapMs,
      until: () => Date.now() + run.remainingMs,
    });
    if (found === null) return false;
    looks.made = look;
    if (witnesses.every(isGone)) return true;
    looks.idle = found.server !== null && isIdle(found.server) ? looks.idle + 1 : 0;
    const agreed = witnesses.every((witness) => witness.present >= 2 || isGone(witness));
    if (agreed && looks.idle >= 2) return true;
  }
}

/** Two readings that agree are enough. More are needed only if the list lags behind, or an actor moves a NIC meanwhile. */
const MAX_LOOKS = 10;

export interface AgreeOptions {
  label: string;
  gapMs: number;
  /** Epoch ms before which a list that shows a NIC may lag behind. */
  provesFrom?: number;
  /** Epoch ms after which the run gives up if there is no reading. */
  until: () => number;
}

/** Reads until two readings in a row agree about each of these NICs. `false`: they did not, or there was no reading in time. */
export async function lookUntilAgreed(
  run: Run,
  nicIds: readonly string[],
  { label: text, gapMs, provesFrom = 0, until }: AgreeOptions,
): Promise<boolean> {
  const { state } = run;
  watch(state, nicIds);
  forgetReadings(state);
  const agreed = () =>
    state.seen.witnesses.every(
      ({ absent, present }) => absent >= 2 || (present >= 2 && Date.now() >= provesFrom),
    );
  for (let look = 1; look <= MAX_LOOKS && !agreed(); look++) {
    // A run with a long history may wait for longer than planned.
    const plannedGapMs = look > 1 ? await run.wait(gapMs, label('another reading, to be sure')) : gapMs;
    if ((await lookOnce(run, { label: text, plannedGapMs, until })) === null) return false;
  }
  return agreed();
}

/** An absence that the port contradicts proves nothing. But it must not delay the other NICs for ever. */
function contradicts({ request, knowsPlace }: Run, { port }: Witness, { made }: Looks): boolean {
  // In runs that began before this rule the looks ended here. Their commands must stay the same.
  return knowsPlace && made < MAX_CONTRADICTING_LOOKS && isHere(port, request.serverId);
}

/** What the ports themselves say, in one try. A port that could not be read has no entry. */
export async function lookAtPorts(
  run: Run,
  summary: string,
  ports: string[],
): Promise<Record<string, PortState>> {
  const { serverId } = run.request;
  const { primaryId } = run.state.seen;
  const asked = { serverId, ports, server: false, primaryId, missing: [] };
  const seen = await read(run, 'listNics', summary, asked);
  return seen.kind === 'reading' ? seen.ports : {};
}

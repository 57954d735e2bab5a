/** Readings of the NIC list: one that counts, or two that agree. */
import type { PortState, Reading } from '../../activities/agreement/agreement';
import { HOLD_MS } from '../../activities/agreement/agreement';
import { formatDuration } from '../../contract/duration';
import { read } from '../run/activity-calls';
import { label, nics, plain } from '../run/details';
import { isIdle } from '../policy/guards';
import { backoffDelay, throttleDelay } from '../policy/poll-schedule';
import { forgetReadings, note, portsToLookUp } from '../run/state/seen';
import type { Witness } from '../run/state/seen';
import type { Run } from '../run/run';
import type { Looks } from '../run/state/sent';
import { isHere } from '../policy/verdict';

/** Some minutes with the usual `settle`. */
const MAX_CONTRADICTING_LOOKS = 8;

export interface LookOptions {
  label: string;
  /** Read the server's state, too. */
  server?: boolean;
  /** How long after the reading before it this one was meant to be made, in ms. */
  plannedGapMs: number;
  /** Epoch ms after which an unreadable cloud is given up. */
  until: () => number;
}

/** One reading that counts (it names the primary NIC); `null` when none could be had in time. */
export async function lookOnce(run: Run, options: LookOptions): Promise<Reading | null> {
  const { serverId } = run.request;
  for (let failures = 1; ; failures++) {
    const ports = portsToLookUp(run.state);
    const answer = await read(run, 'listNics', options.label, {
      serverId,
      ports,
      server: options.server === true || failures > 1,
    });
    let why: string;
    let patient = false;
    let waitMs = backoffDelay(failures);
    if (answer.kind === 'reading') {
      if (note(run.state, answer, options.plannedGapMs)) {
        run.show();
        return answer;
      }
      why = 'the NIC list does not name the primary NIC';
    } else if (answer.kind === 'throttled') {
      why = 'throttled by the cloud';
      waitMs = throttleDelay(answer.retryAfterMs, failures);
      patient = true;
    } else {
      why = answer.message;
      if (answer.kind !== 'unavailable') {
        waitMs = HOLD_MS;
        patient = true;
      }
    }
    if (Date.now() >= options.until()) return null;
    run.enter(run.document.phase, plain(why));
    // Not to be cut short by a message: a callback knows nothing of keys that get locked, or of quotas.
    if (patient) await run.wait(waitMs, label(`no reading: ${why}`));
    else await run.waitOrWake(waitMs, label(`no reading: ${why}`));
    run.enter(run.document.phase, null);
  }
}

/**
 * After a submission whose fate is unknown: settle, read, settle, read, until two readings in a row agree on an idle
 * server. `true`: what is left is provably still there (or nothing is left), and may be sent again.
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
    looks.dueAt ??= Date.now() + settleMs;
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

/** A list that is incomplete is no proof; but the others are not held up for ever by one that contradicts its port. */
function contradicts({ request, knowsPlace }: Run, { port }: Witness, { made }: Looks): boolean {
  // Runs of before that rule have ended the looking here: their commands stay as they were.
  return knowsPlace && made < MAX_CONTRADICTING_LOOKS && isHere(port, request.serverId);
}

/** What the ports themselves say, in one try; what could not be read has no entry. */
export async function lookAtPorts(
  run: Run,
  summary: string,
  ports: string[],
): Promise<Record<string, PortState>> {
  const { serverId } = run.request;
  const seen = await read(run, 'listNics', summary, { serverId, ports, server: false });
  return seen.kind === 'reading' ? seen.ports : {};
}

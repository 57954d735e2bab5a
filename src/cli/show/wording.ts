/** The one place that words the facts of a document, so that progress, report and status agree. No IO. */
import type { Asker, Decision, JobRow, NicRow, RestoreGrade, ResultDocument } from '../../contract';
import { formatDuration, formatTime } from '../../contract';
import { clean, cut, plural } from '../format';
import type { PendingActivity } from '../../client/silent';

/** Enough for any sentence of the cloud, but not for a whole HTML page. */
const MAX_MESSAGE = 400;

/** While the run is under way, these two outcomes mean only that there is no verdict yet, whatever the job has said. */
export function isOpen(nic: NicRow, running: boolean): boolean {
  return running && (nic.outcome === 'untouched' || nic.outcome === 'unknown');
}

export function verdictOf(nic: NicRow, running: boolean): string {
  return isOpen(nic, running) ? 'no verdict yet' : nic.outcome;
}

/** What each witness says of a NIC. */
export function witnessesText({ evidence: { list, port, subJob } }: NicRow): string {
  return `list ${list}, port ${port}, sub-job ${clean(subJob)}`;
}

/** How a NIC could be put back. */
export const GRADE_MEANS: Record<RestoreGrade, string> = {
  exact: 'the same port, with its IP address, MAC and security groups',
  'new-mac': 'a new port with the same IP address, unless somebody has taken it; its MAC is new',
  'new-ip-and-mac':
    'a new port; of several addresses or elastic IPs only one comes back, MAC and others are new',
  no: 'its network is not known: it could not be put back',
};

/** The verdicts stand, and the ports are kept for an undo. */
export function isInWindow(document: ResultDocument | null): boolean {
  return document?.phase === 'undo-window';
}

/** Neither the server nor the project knows the port: it may never have been there. The run warns about it. */
export function isNeverSeen({ id }: NicRow, { warnings }: ResultDocument): boolean {
  return warnings.some((warning) => warning.startsWith(`NIC ${id}: no such port`));
}

/** A kept port that the run does not delete after all, because another actor uses it by now. */
export function isLeftAlone({ outcome, errorCode }: NicRow): boolean {
  return outcome === 'detached' && (errorCode === 'PortInUse' || errorCode === 'PortChanged');
}

/** The run took the NIC off and kept its port, and the NIC is on the server again: a person has put it back. */
export function isBackByHand({ outcome, evidence, errorCode, restore }: NicRow): boolean {
  if (outcome !== 'still-attached') return false;
  return (
    errorCode === 'PortInUse' || (errorCode === null && restore === 'exact' && evidence.subJob === 'SUCCESS')
  );
}

/** `waiting: another command is running on the server`. */
export function phaseText(document: ResultDocument): string {
  const until = isInWindow(document) && document.undoUntil ? `undo until ${utcText(document.undoUntil)}` : '';
  const what = document.waitingFor ? clean(document.waitingFor) : until;
  return what === '' ? document.phase : `${document.phase}: ${what}`;
}

/** `2 deleted, 1 still-attached`, in the order of the rows. */
export function countsText(counts: Partial<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => (count ?? 0) > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

export function serverOf(document: { serverId: string; serverName: string | null }): string {
  const name = document.serverName === null ? '' : clean(document.serverName);
  return name === '' ? document.serverId : `${name} (${document.serverId})`;
}

/** The cloud's reason: code and message. */
export function messageOf(nic: NicRow): string {
  const code = nic.errorCode === null ? '' : clean(nic.errorCode);
  const message = nic.message === null ? '' : clean(nic.message);
  const text = code !== '' && message.startsWith(code) ? message : [code, message].filter(Boolean).join(': ');
  return cut(text, MAX_MESSAGE);
}

/** `→ <new id> 10.0.1.20`: what replaces a NIC. */
export function replacedText({ replacedBy }: NicRow): string {
  if (!replacedBy) return '';
  return cut(['→', clean(replacedBy.id), clean(replacedBy.ip ?? '')].join(' ').trim(), MAX_MESSAGE);
}

/** `undo possible until 2026-11-26 20:50:07 UTC (in 23 h 59 min)`; `null`: no window is open. */
export function undoText({ undoUntil }: ResultDocument, now: number): string | null {
  if (!undoUntil) return null;
  const ms = Date.parse(undoUntil) - now;
  const until = utcText(undoUntil);
  // By a wrong local clock the window may be over already. The run's clock decides.
  if (!(ms > 0)) return `undo possible until ${until}`;
  return `undo possible until ${until} (in ${longText(ms)})`;
}

/** `2026-11-26 20:50:07 UTC`, of a text from outside. */
export function utcText(time: string): string {
  return clean(formatTime(time));
}

/** An undo window may be open for a month: `29 d 23 h`. */
function longText(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  if (hours < 48) return formatDuration(ms);
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `ops: TICKET-7`; empty when the request says neither. */
export function askerText(asker: Partial<Asker> | null): string {
  const who = clean(asker?.requestedBy ?? '');
  const why = clean(asker?.reason ?? '');
  return cut(
    who === '' && why !== '' ? `(not said): ${why}` : [who, why].filter(Boolean).join(': '),
    MAX_MESSAGE,
  );
}

/** `undo by ops, 5 min ago: TICKET-7`. */
export function decisionText({ what, by, at, reason }: Decision, now: number): string {
  return cut(`${what} by ${clean(by)}, ${agoText(at, now)}: ${clean(reason)}`, MAX_MESSAGE);
}

export function jobText(job: JobRow): string {
  const submitted = Date.parse(job.submittedAt);
  const ended = job.endedAt === null ? NaN : Date.parse(job.endedAt);
  const took = ended >= submitted ? ` after ${formatDuration(ended - submitted)}` : '';
  return `${clean(job.id)} ${clean(job.status)}${took}, ${plural(job.polls, 'poll')}`;
}

export function tookText(document: ResultDocument): string | null {
  if (document.endedAt === null) return null;
  const ms = Date.parse(document.endedAt) - Date.parse(document.startedAt);
  return Number.isFinite(ms) && ms >= 0 ? formatDuration(ms) : null;
}

/** `5 min ago`; `just now` within a second, and for a time that lies in the future because of a wrong clock. */
export function agoText(time: string | Date, now: number): string {
  const ms = now - new Date(time).getTime();
  return ms < 1_000 ? 'just now' : `${formatDuration(ms)} ago`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `12 s`, `5 min`, `3 h`, `2 d`: short, for a column. */
export function ageText(time: Date, now: number): string {
  const ms = Math.max(0, now - time.getTime());
  if (ms < 2 * MINUTE_MS) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  return ms < 2 * DAY_MS ? `${Math.floor(ms / HOUR_MS)} h` : `${Math.floor(ms / DAY_MS)} d`;
}

const PENDING_STATE: Record<PendingActivity['state'], string> = {
  waiting: 'waiting for a worker, scheduled',
  running: 'given to a worker',
  cancelling: 'being cancelled, given to a worker',
  paused: 'paused by hand',
};

/** What Temporal says about an activity that is not done. */
export function pendingText(activity: PendingActivity, now: number): string {
  const { name, state, attempt, since, lastFailure } = activity;
  const when = since === null ? '' : ` ${agoText(since, now)}`;
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  const why = lastFailure === null ? '' : `; failed before: ${cut(clean(lastFailure), MAX_MESSAGE)}`;
  return `${clean(name)}: ${PENDING_STATE[state]}${when}${again}${why}`;
}

/** Time until the run looks at the cloud again; `null`: it is not waiting. */
export function untilNextLook(document: ResultDocument, now: number): number | null {
  if (!document.nextLookAt) return null;
  const ms = Date.parse(document.nextLookAt) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** The address that is shown first for a NIC. */
export function ipOf(nic: NicRow): string {
  return nic.ip === null ? '-' : clean(nic.ip);
}

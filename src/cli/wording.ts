/** How the facts of a document are said, in one place: progress, report and status can't disagree. No IO. */
import type { JobRow, NicRow, ResultDocument } from '../contract';
import { formatDuration } from '../contract';
import { clean, plural } from './format';

/** A run that is under way has no verdict yet, whatever the row starts with. */
export function verdictOf(nic: NicRow, running: boolean): string {
  if (running && nic.outcome === 'unknown') return 'no verdict yet';
  if (running && nic.outcome === 'untouched') return 'not touched yet';
  return nic.outcome;
}

export function serverOf(document: { serverId: string; serverName: string | null }): string {
  const name = document.serverName === null ? '' : clean(document.serverName);
  return name === '' ? document.serverId : `${name} (${document.serverId})`;
}

/** Why, in the cloud's words: code and message. */
export function messageOf(nic: NicRow): string {
  const code = nic.errorCode === null ? '' : clean(nic.errorCode);
  const message = nic.message === null ? '' : clean(nic.message);
  const replaced =
    nic.replacedBy === null ? '' : `now ${[nic.replacedBy.id, nic.replacedBy.ip ?? ''].join(' ').trim()}`;
  const text = code !== '' && message.startsWith(code) ? message : [code, message].filter(Boolean).join(': ');
  return [text, replaced].filter(Boolean).join('; ');
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

/** Until the run looks at the cloud again; `null`: it isn't waiting. */
export function untilNextLook(document: ResultDocument, now: number): number | null {
  if (!document.nextLookAt) return null;
  const ms = Date.parse(document.nextLookAt) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** The address first shown of a NIC. */
export function ipOf(nic: NicRow): string {
  return nic.ip ?? '-';
}

/** A time in the past, as people type it. No IO. */
import { parseDuration } from '../../contract';
import { quoted } from '../../contract/text';
import { unclearUnit } from './durations';

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)? ?(Z|UTC|[+-]\d\d:\d\d)?$/i;

/** `2 hours` (ago), a day, or a time; without a zone it is UTC, as in all output. */
export function timeSince(text: string, now: number): Date | { problem: string } {
  const unclear = unclearUnit(text);
  if (unclear !== null) return { problem: unclear };
  const agoMs = parseDuration(text.trim().replace(/ ago$/i, ''));
  if (agoMs !== undefined) return new Date(now - agoMs);
  const [, date = '', clock = '00:00', seconds = ':00', zone = 'Z'] = MOMENT.exec(text.trim()) ?? [];
  const time = Date.parse(`${date}T${clock}${seconds}${/^(z|utc)$/i.test(zone) ? 'Z' : zone}`);
  if (Number.isFinite(time)) return new Date(time);
  return {
    problem: `${quoted(text)} is not a time; write e.g. "2 hours", 2026-11-24, or "2026-11-24 02:06:56 UTC"`,
  };
}

/** 4: evidence and rows are what was read last; a verdict was true then, not at some time before that. */
import { expect } from 'vitest';
import type { Inspection, PortState, Reading } from '../../../src/activities/agreement';
import type { NicRow, ResultDocument } from '../../../src/contract';
import type { PlayedActivity } from '../engine/schedule';
import type { Truth } from './truth';
import { inspectionOf, primariesOf } from './heard';

/** Rows of a deletion that has put nothing back: there the evidence is the ground of the verdict. */
export function tellsWhatItReadLast(truth: Truth): void {
  const { played } = truth;
  const told = played.status as ResultDocument;
  if (played.wasReset || 'from' in (played.input as object)) return;
  for (const row of told.nics) {
    if (!['deleted', 'detached', 'still-attached', 'already-absent'].includes(row.outcome)) continue;
    const what = `evidence of NIC ${row.id}, ${row.outcome}`;
    const port = lastPort(played.activities, row);
    if (port !== null && row.evidence.port !== 'unknown') expect(row.evidence.port, what).toBe(port);
    if (row.outcome === 'still-attached') expect(row.evidence.list, what).toBe('present');
    if (row.outcome === 'deleted')
      expect(row.evidence, what).toMatchObject({ list: 'absent', port: 'absent' });
    // Absence is proven by two readings in a row; a list that shows the NIC later, against its own port, lags.
    const isProven = port === 'free' && wasGoneTwice(played.activities, row);
    if (row.outcome === 'detached' && !isProven) expect(row.evidence.list, what).not.toBe('present');
  }
}

/** Two readings in a row, which name the primary NIC, do not list it. */
function wasGoneTwice(activities: PlayedActivity[], { id }: NicRow): boolean {
  const primaries = activities.flatMap((each) => inspectionOf(each) ?? []).flatMap(primariesOf);
  const readings = activities.flatMap(({ type, told }) => {
    if ((type !== 'listNics' && type !== 'getJobStatus') || told === undefined || !('result' in told))
      return [];
    const result = told.result as Reading | { kind: 'job'; reading?: Reading | null } | { kind: 'throttled' };
    const reading =
      result.kind === 'reading' ? result : 'reading' in result ? (result.reading ?? null) : null;
    return reading?.listed.some((listed) => primaries.includes(listed)) === true ? [reading.listed] : [];
  });
  return readings.some((listed, n) => n > 0 && ![...listed, ...(readings[n - 1] ?? [])].includes(id));
}

/** `unknown` is for what nobody could see: two readings without the NIC and a port that is gone are a verdict. */
export function isUnsureWithReason({ played }: Truth): void {
  const told = played.status as ResultDocument;
  const { activities } = played;
  if (played.wasReset || 'from' in (played.input as object)) return;
  if (told.jobs.some(({ what }) => what === 'attach')) return;
  const inspections = activities.flatMap((each) => inspectionOf(each) ?? []);
  const primaries = new Set(inspections.flatMap(primariesOf));
  const sent = activities.findLastIndex(({ type }) => type === 'deleteNics');
  const readings = activities.slice(sent + 1).flatMap(({ type, told: heard }) => {
    if (type !== 'listNics' || heard === undefined || !('result' in heard)) return [];
    const result = heard.result as Reading | { kind: 'throttled' };
    if (result.kind !== 'reading') return [];
    return !result.serverExists || result.listed.some((id) => primaries.has(id)) ? [result] : [];
  });
  for (const row of told.nics) {
    if (row.outcome !== 'unknown' || readings.length < 2) continue;
    const isGone = readings.slice(-2).every(({ listed }) => !listed.includes(row.id));
    // What comes with a list that counts for nothing, since it lacks the primary NIC, counts for nothing either.
    const counting = activities.filter(
      ({ type, told: heard }) =>
        type !== 'listNics' ||
        heard === undefined ||
        !('result' in heard) ||
        readings.includes(heard.result as Reading),
    );
    const isSure = isGone && lastPort(counting, row) === 'absent';
    expect(isSure, `NIC ${row.id} was seen to be gone twice, with its port, and told as unknown`).toBe(false);
  }
}

/** What the last answer that tells of its port has told. */
function lastPort(activities: PlayedActivity[], { id }: NicRow): PortState['state'] | null {
  let last: PortState['state'] | null = null;
  for (const { type, told } of activities) {
    if (told === undefined || !('result' in told)) continue;
    const result = told.result as {
      ports?: Record<string, PortState | { fate: string }>;
      reading?: Reading | null;
      absent?: Inspection['absent'];
    };
    if (type === 'inspectServer') {
      // Of a NIC that is gone; where it is listed, its list is the ground.
      const gone = result.absent?.find((each) => each.id === id)?.port;
      if (gone !== undefined && gone.state !== 'unknown') last = gone.state;
    }
    if (type === 'listNics' || type === 'getJobStatus') {
      const ports = type === 'listNics' ? result.ports : result.reading?.ports;
      const seen = ports?.[id];
      if (seen !== undefined && 'state' in seen && seen.state !== 'unknown') last = seen.state;
    } else if (type === 'deletePorts') {
      const seen = result.ports?.[id];
      if (seen === undefined || !('fate' in seen)) continue;
      const fates: Record<string, PortState['state']> = {
        gone: 'absent',
        attached: 'attached',
        changed: 'free',
      };
      last = fates[seen.fate] ?? last;
    }
  }
  return last;
}

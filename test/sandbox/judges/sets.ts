/** What a run hears of a set is about its own server, was read for it, and tells of no port that it is gone while it is there. */
import { expect } from 'vitest';
import type { PortState, Reading } from '../../../src/activities/agreement';
import type { LedgerRequest } from '../../../simulator';
import type { Played, PlayedActivity } from '../engine/schedule';
import { inspectionOf } from './heard';
import type { Truth } from './truth';
import { placeOf } from './truth';

export function readsForItself(truth: Truth): void {
  const { played, known } = truth;
  for (const activity of played.activities) {
    const inspection = inspectionOf(activity);
    for (const id of inspection?.primary.detail ?? [])
      expect(known, 'NICs of the server, the primary one by its detail among them').toContain(id);
    for (const [id, port] of Object.entries(readingOf(activity)?.ports ?? {}))
      if (port.state !== 'unknown') isRead(truth, activity, id, port);
  }
}

/** By a call of this very activity: two readings are two calls (docs/contract.md §6.3). */
function isRead(truth: Truth, activity: PlayedActivity, id: string, { state }: PortState): void {
  const { requests, played } = truth;
  const isOfIt = ({ seq }: LedgerRequest) => activity.requests.some(([from, to]) => from <= seq && seq < to);
  const isOfPort = ({ requestClass, portId, asked }: LedgerRequest) =>
    (requestClass === 'port' && portId === id) || (requestClass === 'ports' && asked?.includes(id) === true);
  const what = `port ${id}, told as ${state} ${activity.scheduledAt - played.startedAt} ms after the start`;
  if (played.attributed)
    expect(
      requests.some((request) => isOfIt(request) && isOfPort(request)),
      `${what}, was read then`,
    ).toBe(true);
  if (state === 'absent')
    expect(placeOf(truth, id, activity.toldAt ?? played.endedCloudAt), what).toBe('port-gone');
}

function readingOf({ type, told }: Played['activities'][number]): Reading | null {
  if ((type !== 'listNics' && type !== 'getJobStatus') || told === undefined || !('result' in told))
    return null;
  const result = told.result as Reading | { kind: string; reading?: Reading | null };
  return 'listed' in result ? result : (result.reading ?? null);
}

/** The calls of a run while nothing else is at work, so that no call is shared. */
import type { Bed, Subject } from '../../bed';
import { checkDeleted } from '../../bed';
import { checkNoFallbacks } from '../../metrics';
import type { Pace } from '../../subjects';
import { commitWhenOpen, UNDO_WINDOW } from '../../subjects';
import { byClass } from '../../targets';

export interface Alone {
  nics: number;
  exact: boolean;
}

export interface CallsAlone {
  total: number;
  byClass: Record<string, number>;
}

export async function callsAlone(
  bed: Bed,
  subject: Subject,
  { nics, exact }: Alone,
  jobSeconds: number,
  pace: Pace,
): Promise<CallsAlone> {
  const { cloud } = bed;
  const targets = await cloud.servers(1, jobSeconds, nics);
  const before = (await cloud.ledger()).requests.length;
  const handles = await Promise.all(
    targets.map((target) => subject.start(target, pace, exact ? UNDO_WINDOW : {})),
  );
  if (exact) await Promise.all(handles.map(commitWhenOpen));
  await checkDeleted(bed, subject, targets, handles);
  if (subject.name === 'ours') checkNoFallbacks(await bed.metrics());
  const requests = (await cloud.ledger()).requests.slice(before);
  return { total: requests.length, byClass: byClass(requests) };
}

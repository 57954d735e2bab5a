/** Calls of activities that belong to no single server's run. */
import type { ActivityOptions } from '@temporalio/workflow';
import { sleep } from '@temporalio/workflow';
import type { Place } from '../../activities/agreement';
import { FLEET_SERVER_PRIORITY } from '../policy/fleet/agreement';
import { backoffDelay } from '../policy/poll-schedule';
import { label } from '../run/details';
import type { Answer, Input, Name } from '../run/proxies';
import { invoke, READ } from '../run/proxies';
import type { Unread } from '../run/unread';
import { declinedBecause, unreadBy } from '../run/unread';

/** One call, by a worker of that place: one of another place declines, and the call is made again. Passes cancellation on. */
export async function callAt<K extends Name>(
  place: Partial<Place> | null,
  options: ActivityOptions,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K> | Unread> {
  for (let declined = 1; ; declined++) {
    try {
      return await invoke(options, name, label(summary), { ...input, place });
    } catch (error) {
      const why = declinedBecause(error);
      if (why === null) return unreadBy(error);
      await sleep(backoffDelay(declined), { summary: label(`wrong worker: ${why}`) });
    }
  }
}

/** Of what a page asks of the cloud: it must not go before what servers' own runs ask. */
export function asServers(options: ActivityOptions): ActivityOptions {
  return { ...options, priority: { priorityKey: FLEET_SERVER_PRIORITY } };
}

/** A read. */
export function readAt<K extends Name>(
  place: Partial<Place> | null,
  name: K,
  summary: string,
  input: Input<K>,
): Promise<Answer<K> | Unread> {
  return callAt(place, READ, name, summary, input);
}

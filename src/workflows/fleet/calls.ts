/** Calls of activities that belong to no single server's run: repeated until there is an answer, or given up. */
import { ActivityFailure, ApplicationFailure, sleep } from '@temporalio/workflow';
import type { Place } from '../../activities/agreement';
import { ACTIVITY_FAILURE } from '../../activities/agreement';
import type { Answer, Input, Name } from '../run/proxies';
import { invoke, READ } from '../run/proxies';
import { label } from '../run/details';
import { backoffDelay } from '../policy/poll-schedule';

/** `kind: 'unread'`: there is no answer, and why. */
export interface NoAnswer {
  kind: 'unread';
  why: 'unavailable' | 'credentials' | 'refused';
  message: string;
}

/** One read, by a worker of that place. Passes cancellation on. */
export async function readOnce<K extends Name>(
  name: K,
  summary: string,
  input: Input<K>,
  place: Partial<Place> | null,
): Promise<Answer<K> | NoAnswer> {
  for (let declined = 1; ; declined++) {
    try {
      return await invoke(READ, name, label(summary), { ...input, place } as Input<K>);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const { cause } = error;
      const type = cause instanceof ApplicationFailure ? cause.type : null;
      if (type === ACTIVITY_FAILURE.wrongPlace) {
        await sleep(backoffDelay(declined), { summary: label(`wrong worker: ${cause?.message ?? ''}`) });
        continue;
      }
      const why =
        type === ACTIVITY_FAILURE.credentials
          ? 'credentials'
          : type === ACTIVITY_FAILURE.refused
            ? 'refused'
            : 'unavailable';
      return { kind: 'unread', why, message: cause?.message ?? 'the worker did not answer in time' };
    }
  }
}

/** Effects that may be repeated: flags, ports, elastic IPs. What they share beside the call itself. */
import type { Effect, Refused, Throttled, Unsent } from '../agreement';
import type { CallOptions } from '../../ecs/cloud';
import { CloudError } from '../../ecs/errors';
import { isReset, writing } from './attempt';
import { failureOf, readingAtBoundary } from './boundary';
import type { Dependencies } from './dependencies';
import { forEachOf } from './ports';

/**
 * Runs an idempotent effect: not in a reset run, and not after its attempt, which a thawed worker could otherwise do long
 * after the workflow has decided anew. The signal is not passed on: after an abort it would not be known what
 * was written.
 */
export function writingAtBoundary<T>(
  dependencies: Dependencies,
  effect: Effect,
  work: (options: CallOptions) => Promise<T>,
): Promise<T | Throttled | Unsent> {
  return readingAtBoundary(async () => {
    if (isReset(effect)) return { kind: 'unsent', why: 'reset' };
    try {
      return await work(writing(dependencies));
    } catch (error) {
      if (error instanceof CloudError && error.kind === 'late') return { kind: 'unsent', why: 'late' };
      throw error;
    }
  });
}

/** A no that the same call would meet again; `null`: anything else. */
export function certainNo(error: unknown): CloudError | null {
  if (!(error instanceof CloudError) || error.kind === 'late') return null;
  const { action, fate } = error;
  const certain = action === 'never' || action === 'absent' || (action === 'observe' && fate === 'refused');
  return certain ? error : null;
}

export function refusedBy({ code, message, hint }: CloudError): Refused {
  return { code, message, hint };
}

/**
 * One write for each id, the first one alone, then a few side by side; answers what was refused for certain, by id. After
 * trouble that concerns all of them (throttling, credentials, no answer) no other is begun, and those on their way are
 * waited for: one that lands later could undo what the workflow does next.
 */
export async function writeEach(
  ids: readonly string[],
  write: (id: string) => Promise<void>,
): Promise<Map<string, CloudError>> {
  const refused = new Map<string, CloudError>();
  let written = 0;
  const trouble: unknown[] = [];
  await forEachOf(ids, async (id) => {
    if (trouble.length > 0) return;
    try {
      await write(id);
      written += 1;
    } catch (error) {
      const no = certainNo(error);
      if (no !== null) refused.set(id, no);
      else trouble.push(error);
    }
  });
  if (trouble.length > 0) {
    const [first] = trouble;
    // "Unsent" would be a lie once something was written: the next attempt makes up for the rest.
    const late = first instanceof CloudError && first.kind === 'late';
    throw late && written > 0 ? failureOf(first) : first;
  }
  return refused;
}

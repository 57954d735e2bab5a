/** Look-ups of ports, a few at a time. */
import type { PortState } from '../agreement';
import type { CallOptions, Cloud, Port } from '../../ecs/cloud';
import { CloudError } from '../../ecs/errors';
import { isAbsent } from './boundary';

/** Side by side, so that twelve slow look-ups fit into one attempt; the rate limit still holds for each. */
const SIDE_BY_SIDE = 4;

/** `null`: the port does not exist. Throws when it can't be read. */
export async function findPort(cloud: Cloud, id: string, options: CallOptions): Promise<Port | null> {
  try {
    return await cloud.showPort(id, options);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

export function stateOf(port: Port | null): PortState {
  if (port === null) return { state: 'absent' };
  return port.deviceId === '' ? { state: 'free' } : { state: 'attached', deviceId: port.deviceId };
}

/** For verdicts: a port that can't be read is a witness that says nothing, and the list still counts. */
export async function portStates(
  cloud: Cloud,
  ids: readonly string[],
  options: CallOptions,
): Promise<Record<string, PortState>> {
  const states: Record<string, PortState> = {};
  let refused: PortState | null = null;
  const look = async (id: string): Promise<void> => {
    try {
      states[id] = refused ?? stateOf(await findPort(cloud, id, options));
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind === 'aborted') throw error;
      states[id] = { state: 'unknown', why: error.message };
      if (error.action === 'credentials') refused = states[id];
    }
  };
  await forEachOf(ids, look);
  return states;
}

/**
 * The results in the order of the items. The first is worked on alone, and after a failure no other is begun: where
 * credentials are refused that is one refusal, and not four at once (five bad signatures lock a key,
 * docs/cloud-api.md §5.2).
 */
export async function forEachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const step = async (index: number) => {
    try {
      results[index] = await work(items[index] as T);
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) await step(index);
  };
  if (items.length > 0) await step(next++);
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, items.length) }, lane));
  return results;
}

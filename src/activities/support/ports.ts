/** Look-ups of ports, a few at a time. */
import type { ListNicsInput, PortState } from '../agreement';
import type { CallOptions, Cloud, Port } from '../../ecs/cloud';
import { CloudError } from '../../ecs/errors';
import type { PortsFound } from '../../ecs/sets/ports';
import { isAbsent } from './boundary';
import type { Dependencies } from './dependencies';

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

/** Ports that exist, for all that is known; `null`: this one does not. `bySet`: some were read by a set. */
export async function findPorts(
  { cloud, sets }: Pick<Dependencies, 'cloud' | 'sets'>,
  ids: readonly string[],
  options: CallOptions,
): Promise<{ found: Map<string, Port | null>; bySet: boolean }> {
  const found = await sets.ports({ wanted: ids, known: ids }, options);
  const bySet = found.size > 0;
  const others = ids.filter((id) => !found.has(id));
  const alone = await forEachOf(others, (id) => findPort(cloud, id, options));
  others.forEach((id, index) => found.set(id, alone[index] ?? null));
  return { found, bySet };
}

export function stateOf(port: Port | null): PortState {
  if (port === null) return { state: 'absent' };
  return port.deviceId === '' ? { state: 'free' } : { state: 'attached', deviceId: port.deviceId };
}

/**
 * For verdicts: a port that can't be read is a witness that says nothing, and the list still counts.
 * @returns `missing`: what a whole set lacks for the first time, when the caller takes that for an answer
 */
export async function portStates(
  { cloud, sets }: Pick<Dependencies, 'cloud' | 'sets'>,
  { ports: ids, primaryId, missing: before }: Pick<ListNicsInput, 'ports' | 'primaryId' | 'missing'>,
  options: CallOptions,
): Promise<{ states: Record<string, PortState>; missing: string[] }> {
  const states: Record<string, PortState> = {};
  const missing: string[] = [];
  let found: PortsFound = new Map();
  let refused: PortState | null = null;
  try {
    if (primaryId != null) found = await sets.ports({ wanted: ids, known: [primaryId] }, options);
  } catch (error) {
    refused = unreadBy(error);
  }
  await forEachOf(ids, async (id) => {
    const port = found.get(id);
    if (port != null) states[id] = stateOf(port);
    // One answer may lack an entry by mistake, and a second one seldom the same.
    else if (port === null && before === undefined) missing.push(id);
    else if (port === null && before?.includes(id) === true) states[id] = stateOf(null);
    else states[id] = refused ?? (await readAlone(id));
  });
  return { states, missing };

  async function readAlone(id: string): Promise<PortState> {
    try {
      return stateOf(await findPort(cloud, id, options));
    } catch (error) {
      const unread = unreadBy(error);
      if ((error as CloudError).action === 'credentials') refused = unread;
      return unread;
    }
  }
}

/** Throttling is waited for by the run: a port that can't be read for that reason is no witness that fails. */
function unreadBy(error: unknown): PortState {
  if (!(error instanceof CloudError) || error.kind === 'aborted' || error.action === 'throttled') throw error;
  return { state: 'unknown', why: error.message };
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

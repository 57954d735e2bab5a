/**
 * Requests that come while a call is under way, and clouds of two projects at one moment. In the sandbox a call is over before
 * anything else happens, and a worker has one project, so no schedule of runs gets there.
 */
import { expect } from 'vitest';
import type { Cloud, Ids, Port, ServerDetail } from '../../../src/ecs/cloud';
import { inPlay, product } from '../engine/product';

const detail = (id: string) =>
  ({
    id,
    status: 'ACTIVE',
    locked: false,
    frozen: false,
    primaryPortIds: [`${id}-primary`],
    portIds: [`${id}-primary`],
  }) as unknown as ServerDetail;

/** Sets over a cloud that has these things, and notes each call with what it is about. */
function setsOver({ servers = [], ports = [] }: { servers?: string[]; ports?: string[] }) {
  const there = new Set([...servers, ...ports]);
  const calls: string[][] = [];
  let held = Promise.resolve();
  const answer = async <T>(ids: readonly string[], of: (id: string) => T) => {
    calls.push([...ids]);
    const found = new Map(ids.filter((id) => there.has(id)).map((id) => [id, of(id)]));
    await held;
    return found;
  };
  const { createSets } = inPlay()?.product ?? product;
  const sets = createSets({
    cloud: {
      showServers: (ids: Ids) => answer(ids(), detail),
      showPorts: (ids: Ids) => answer(ids(), (id) => ({ id, deviceId: '' }) as Port),
    } as Partial<Cloud> as Cloud,
    clock: { now: () => 0, sleep: () => turn() },
    warn: () => {},
    observer: { size: () => {}, fallback: () => {} },
  });
  const alone = async (id: string) => {
    calls.push([id]);
    await held;
    return detail(id);
  };
  return {
    there,
    calls,
    /** Answers wait until what is returned is called. */
    hold: () => {
      let release = () => {};
      held = new Promise<void>((resolve) => (release = resolve));
      return release;
    },
    ports: (wanted: string[], known: string[]) => sets.ports({ wanted, known }, {}),
    server: (id: string) => sets.server(id, () => alone(id), {}),
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** It has left with the state of that moment: a later request needs a call of its own. */
export async function askedDuringACall(): Promise<void> {
  const { there, calls, hold, ports } = setsOver({ ports: ['primary', 'a', 'b'] });
  const release = hold();
  const first = ports(['a', 'b'], ['primary']);
  await turn();
  expect(calls).toHaveLength(1);
  there.delete('a');
  const second = ports(['a', 'b'], ['primary']);
  await turn();
  release();
  expect((await first).get('a')).toMatchObject({ id: 'a' });
  expect((await second).get('a')).toBeNull();
  expect(calls).toHaveLength(2);
}

/** Each cloud is asked for its own servers alone. */
export async function twoProjects(): Promise<void> {
  const ours = setsOver({ servers: ['a1', 'a2', 'a3'] });
  const theirs = setsOver({ servers: ['b1', 'b2', 'b3'] });
  const ask = (sets: typeof ours) => [...sets.there].map((id) => sets.server(id));
  const answers = await Promise.all([...ask(ours), ...ask(theirs)]);
  expect(answers.map(({ id }) => id)).toEqual([...ours.there, ...theirs.there]);
  expect([ours.calls, theirs.calls]).toEqual([
    [['a1'], ['a2', 'a3']],
    [['b1'], ['b2', 'b3']],
  ]);
}

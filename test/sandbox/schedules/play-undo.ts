/** Plays named schedules of undo and restore; the cloud's own state is the judge. */
import { expect } from 'vitest';
import type { ResultDocument } from '../../../src/contract';
import type { Control, FaultSpec, Knobs } from '../../../simulator';
import { differences } from '../../../simulator';
import type { Played, Schedule, Start } from '../engine/schedule';
import { playAll, TIMING } from '../engine/play';
import type { World } from '../engine/world';
import { createWorld } from '../engine/world';

/** A NIC with something in every field. */
export const rich = {
  deleteOnTermination: true,
  name: 'backend',
  securityGroups: ['sg-b', 'sg-a'],
  allowedAddressPairs: [{ ip_address: '10.0.1.100' }],
  extraDhcpOpts: [{ opt_name: '51', opt_value: '24h' }],
};

export interface Play {
  world: World;
  serverId: string;
  nics: string[];
  /** The state of the server before anything happened. */
  changed: () => string[];
  all: Played[];
  told: ResultDocument;
  count: (kind: string) => number;
}

export async function play(
  request: object,
  change: Omit<Partial<Schedule>, 'more'> & {
    faults?: FaultSpec[];
    nics?: object[];
    jobSeconds?: number;
    take?: number;
    knobs?: Partial<Knobs>;
    /** What needs the server to be there. */
    more?: (control: Control, nics: string[], serverId: string, world: World) => Partial<Schedule>;
  } = {},
  then: (play: { serverId: string; nics: string[] }) => Start[] = () => [],
): Promise<Play> {
  const { faults, nics: specs, jobSeconds, take, knobs, more: further, ...schedule } = change;
  const world = createWorld(1);
  const { control, ledger } = world.simulator;
  control.setKnobs(knobs ?? {});
  const server = control.createServer({
    jobSeconds: jobSeconds ?? 12,
    nics: (specs ?? [{ primary: true }, rich, {}, {}]) as never,
  });
  const nics = server.nics.filter((nic) => !nic.primary).map((nic) => nic.id);
  for (const fault of faults ?? []) control.addFault(fault);
  const before = control.snapshotOf(server.id);
  const input = {
    serverId: server.id,
    nics: nics.slice(0, take ?? 3).map((id) => ({ id })),
    timing: TIMING,
    ...request,
  };
  const more = then({ serverId: server.id, nics });
  const all = await playAll(
    {
      input,
      serverId: server.id,
      seed: 1,
      more,
      ...schedule,
      ...further?.(control, nics, server.id, world),
    },
    world,
  );
  control.advance(3_600_000);
  expect(control.invariants()).toEqual([]);
  return {
    world,
    serverId: server.id,
    nics,
    all,
    changed: () => differences(before, control.snapshotOf(server.id)).map(({ field }) => field),
    told: all.at(-1)?.status as ResultDocument,
    count: (kind) => ledger.requests.filter(({ requestClass }) => requestClass === kind).length,
  };
}

export const outcomes = (told: ResultDocument) => told.nics.map(({ outcome }) => outcome);

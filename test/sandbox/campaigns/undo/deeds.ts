/** What others do meanwhile, drawn and done: the server's owner, their colleagues, other tenants. */
import type { Phase } from '../../../../src/contract';
import type { Random } from '../../../../dev/draw';
import type { Control, ServerState } from '../../../../simulator';
import { ControlError } from '../../../../simulator/control/control-error';
import type { World } from '../../engine/world';

export interface When {
  /** ms after the start, or after the run has told of a phase. */
  at: number;
  after?: Phase;
}

/** NICs by their position among those of the beginning, without the primary one. */
export type Deed =
  | { deed: 'steal' | 'elsewhere' | 'delete-port' | 'take-off' | 'put-on' | 'bind'; nic: number }
  | { deed: 'unbind' | 'bind-elsewhere'; nic: number }
  | { deed: 'flag'; nic: number; value: boolean }
  | { deed: 'attributes'; nic: number; change: Parameters<Control['patchPort']>[1] }
  | { deed: 'lose-attributes'; left: string[] }
  | { deed: 'change'; change: Parameters<Control['patchServer']>[1] }
  | { deed: 'add-nic' | 'delete-server' };

// Those that matter most are drawn twice.
const TWICE = ['steal', 'steal', 'elsewhere', 'elsewhere', 'delete-port', 'delete-port'] as const;
const ONCE = ['take-off', 'put-on', 'unbind', 'bind-elsewhere'] as const;
const OTHER = ['flag', 'lock', 'reboot', 'add-nic', 'delete-server'] as const;

export function deedsOf({ pick, below, chance }: Random, when: () => When, nics: number): (When & Deed)[] {
  const moment = when();
  const nic = below(nics);
  const deed = pick([...TWICE, ...ONCE, ...OTHER]);
  if (deed === 'flag') return [{ ...moment, deed, nic, value: chance(0.5) }];
  if (deed === 'add-nic' || deed === 'delete-server') return [{ ...moment, deed }];
  if (deed !== 'lock' && deed !== 'reboot') return [{ ...moment, deed, nic }];
  const isLock = deed === 'lock';
  const later = { ...moment, at: moment.at + pick([20_000, 120_000, 600_000]) };
  const on = { ...moment, deed: 'change' as const, change: isLock ? { locked: true } : { status: 'REBOOT' } };
  const off = {
    ...later,
    deed: 'change' as const,
    change: isLock ? { locked: false } : { status: 'ACTIVE' },
  };
  return isLock && chance(0.3) ? [on] : [on, off];
}

/**
 * What others do while a run waits, submits, or holds ports: flip flags, take NICs off, use kept ports. Drawn apart, so that all
 * else stays as it was.
 */
export function meddlingOf(
  { pick, below, chance }: Random,
  nics: number,
  hasWindow: boolean,
): (When & Deed)[] {
  if (!chance(0.25)) return [];
  const nic = below(nics);
  const inWindow = hasWindow ? (['undo-window', 'undo-window'] as const) : [];
  const after = pick(['waiting', 'waiting', 'submitting', ...inWindow] as const);
  const at = after === 'undo-window' ? pick([0, 1_000, below(30_000)]) : pick([0, 0, 1_000, 20_000]);
  const port = (): Deed => ({
    deed: 'attributes',
    nic,
    change: pick([
      { name: 'theirs' },
      { securityGroups: ['sg-theirs'] },
      { allowedAddressPairs: [{ ip_address: '10.9.9.9' }] },
    ]),
  });
  const flag = (): Deed => ({ deed: 'flag', nic, value: chance(0.7) });
  const just = (deed: 'take-off' | 'put-on' | 'elsewhere' | 'bind') => (): Deed => ({ deed, nic });
  const lose = (): Deed => ({
    deed: 'lose-attributes',
    left: pick([[], ['EcsServerId', 'NicsOutcome']]),
  });
  const early = [flag, flag, just('take-off'), just('take-off'), port, just('bind')];
  const late = [just('put-on'), just('elsewhere'), port, port, just('bind'), lose];
  const among = after === 'undo-window' ? late : early;
  const moment: When = { at, after };
  return [Object.assign(moment, pick(among)())];
}

/** Those who act beside a run, and what they have done. */
export interface Others {
  serverId: string;
  /** NICs of the beginning, without the primary one. */
  nics: string[];
  /** What each of them had. */
  had: Map<string, { ip: string; networkId: string; elasticIp: string | null }>;
  /** Epoch ms of each deed that has changed anything. */
  acted: number[];
  /** The server just after each of them. */
  states: { at: number; state: ServerState }[];
}

/** What can't be done then is not done, as they would be refused too. */
export function act(world: World, others: Others, deed: Deed): void {
  const { control } = world.simulator;
  const { serverId } = others;
  others.acted.push(world.clock.now());
  try {
    carryOut(world, others, deed);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    others.acted.pop();
  }
  // Nothing in the cloud.
  if (deed.deed === 'lose-attributes') others.acted.pop();
  others.states.push({ at: world.clock.now(), state: control.snapshotOf(serverId) });
}

function carryOut(world: World, { serverId, nics, had: all }: Others, deed: Deed): unknown {
  const { control } = world.simulator;
  const nic = 'nic' in deed ? (nics[deed.nic] ?? '') : '';
  const had = all.get(nic);
  switch (deed.deed) {
    case 'steal':
      return steal(world, had?.ip ?? '', had?.networkId ?? '');
    case 'elsewhere':
      return control.attachPortElsewhere(nic);
    case 'delete-port':
      return control.deletePort(nic);
    case 'take-off':
      return control.detachNic(serverId, nic);
    case 'put-on':
      return control.attachNic(serverId, { id: nic });
    case 'unbind':
      return had?.elasticIp && control.bindElasticIp(had.elasticIp, null);
    case 'bind-elsewhere':
      return had?.elasticIp && control.bindElasticIp(had.elasticIp, control.createPort({}).id);
    case 'flag':
      return control.patchPort(nic, { deleteOnTermination: deed.value });
    case 'attributes':
      return control.patchPort(nic, deed.change);
    case 'bind':
      return control.bindElasticIp(control.createElasticIp().id, nic);
    case 'lose-attributes':
      return loseAttributes(world, deed.left);
    case 'change':
      return control.patchServer(serverId, deed.change);
    case 'add-nic':
      return control.attachNic(serverId);
    case 'delete-server':
      return control.deleteServer(serverId);
  }
}

/** As long as a run believes what it was told of the namespace (src/workflows/run/search-attributes.ts). */
const BELIEVED_MS = 30_000;

/**
 * Who asks is told at once. A run that has asked just before may still publish: in those seconds it can't know better, and its
 * task would fail until the attribute is back (docs/decisions/0007). So the namespace takes it for as long.
 */
function loseAttributes(world: World, left: string[]): void {
  const { namespaceHas: had, clock } = world;
  const until = clock.now() + BELIEVED_MS;
  world.namespaceHas = [...left];
  world.registered = () => (clock.now() <= until ? had : world.namespaceHas);
}

/** Now, or as soon as it is free. */
function steal({ simulator: { control } }: World, ip: string, networkId: string): void {
  try {
    control.createPort({ ip, networkId });
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    control.addFault({ match: { class: 'any' }, what: { kind: 'meanwhile', steal: [ip] }, times: 1 });
  }
}

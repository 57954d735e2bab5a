/** What others do meanwhile, drawn and done: the server's owner, their colleagues, other tenants. */
import type { Phase } from '../../../../src/contract';
import type { Random } from '../draw';
import type { ServerState } from '../../../../simulator';
import { ControlError } from '../../../../simulator/control-error';
import type { World } from '../../engine/world';

export interface When {
  /** ms after the start, or after the run has told of a phase. */
  at: number;
  after?: Phase;
}

/** NICs by their position among those of the beginning, without the primary one. */
export type Deed =
  | {
      deed: 'steal' | 'elsewhere' | 'delete-port' | 'take-off' | 'put-on' | 'unbind' | 'bind-elsewhere';
      nic: number;
    }
  | { deed: 'flag'; nic: number; value: boolean }
  | { deed: 'attributes'; nic: number; change: Parameters<World['simulator']['control']['patchPort']>[1] }
  | { deed: 'bind'; nic: number }
  | { deed: 'lose-attributes'; left: string[] }
  | { deed: 'change'; change: Parameters<World['simulator']['control']['patchServer']>[1] }
  | { deed: 'add-nic' | 'delete-server' };

export function deedsOf({ pick, below, chance }: Random, when: () => When, nics: number): (When & Deed)[] {
  const moment = when();
  const nic = below(nics);
  const kind = pick([
    ...([
      'steal',
      'steal',
      'elsewhere',
      'elsewhere',
      'delete-port',
      'delete-port',
      'take-off',
      'put-on',
    ] as const),
    ...(['unbind', 'bind-elsewhere', 'flag', 'lock', 'reboot', 'add-nic', 'delete-server'] as const),
  ]);
  switch (kind) {
    case 'flag':
      return [{ ...moment, deed: 'flag', nic, value: chance(0.5) }];
    case 'lock':
    case 'reboot': {
      const [on, off] =
        kind === 'lock'
          ? [{ locked: true }, { locked: false }]
          : [{ status: 'REBOOT' }, { status: 'ACTIVE' }];
      const later = { ...moment, at: moment.at + pick([20_000, 120_000, 600_000]) };
      const change = { ...moment, deed: 'change' as const, change: on };
      return kind === 'lock' && chance(0.3) ? [change] : [change, { ...later, deed: 'change', change: off }];
    }
    case 'add-nic':
    case 'delete-server':
      return [{ ...moment, deed: kind }];
    case 'steal':
    case 'elsewhere':
    case 'delete-port':
    case 'take-off':
    case 'put-on':
    case 'unbind':
    case 'bind-elsewhere':
      return [{ ...moment, deed: kind, nic }];
  }
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
  const after = pick([
    'waiting',
    'waiting',
    'submitting',
    ...(hasWindow ? (['undo-window', 'undo-window'] as const) : []),
  ] as const);
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
  const early: (() => Deed)[] = [
    flag,
    flag,
    () => ({ deed: 'take-off', nic }),
    () => ({ deed: 'take-off', nic }),
    port,
  ];
  const late: (() => Deed)[] = [
    () => ({ deed: 'put-on', nic }),
    () => ({ deed: 'elsewhere', nic }),
    port,
    port,
    () => ({ deed: 'bind', nic }),
    () => ({ deed: 'lose-attributes', left: pick([[], ['EcsServerId', 'NicsOutcome']]) }),
  ];
  const among = after === 'undo-window' ? late : [...early, (): Deed => ({ deed: 'bind', nic })];
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
  const nic = 'nic' in deed ? (others.nics[deed.nic] ?? '') : '';
  const had = others.had.get(nic);
  others.acted.push(world.clock.now());
  try {
    switch (deed.deed) {
      case 'steal':
        steal(world, had?.ip ?? '', had?.networkId ?? '');
        break;
      case 'elsewhere':
        control.attachPortElsewhere(nic);
        break;
      case 'delete-port':
        control.deletePort(nic);
        break;
      case 'take-off':
        control.detachNic(serverId, nic);
        break;
      case 'put-on':
        control.attachNic(serverId, { id: nic });
        break;
      case 'unbind':
      case 'bind-elsewhere':
        if (had?.elasticIp) {
          const port = deed.deed === 'unbind' ? null : control.createPort({}).id;
          control.bindElasticIp(had.elasticIp, port);
        }
        break;
      case 'flag':
        control.patchPort(nic, { deleteOnTermination: deed.value });
        break;
      case 'attributes':
        control.patchPort(nic, deed.change);
        break;
      case 'bind':
        control.bindElasticIp(control.createElasticIp().id, nic);
        break;
      case 'lose-attributes':
        world.namespaceHas = [...deed.left];
        // Nothing in the cloud.
        others.acted.pop();
        break;
      case 'change':
        control.patchServer(serverId, deed.change);
        break;
      case 'add-nic':
        control.attachNic(serverId);
        break;
      case 'delete-server':
        control.deleteServer(serverId);
        break;
    }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    others.acted.pop();
  }
  others.states.push({ at: world.clock.now(), state: control.snapshotOf(serverId) });
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

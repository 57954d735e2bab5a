/** What really happened during one start of a workflow that may put NICs back, by ledger and state of the simulated cloud. */
import type {
  DeleteServerNicsInput,
  NicSnapshot,
  ResultDocument,
  RestoreServerNicsInput,
} from '../../../../src/contract';
import type { LedgerEffect, ServerState } from '../../../../simulator';
import type { PlayedActivity } from '../../engine/schedule';
import type { World } from '../../engine/world';
import type { Truth } from '../../judges/truth';
import { truthOf } from '../../judges/truth';
import type { Moment, Noted } from '../runner';
import type { Others } from './deeds';
import type { UndoPlan } from './plan';

export interface UndoCase {
  world: World;
  others: Others;
  plan: UndoPlan;
}

export interface UndoTruth extends Truth, Noted {
  told: ResultDocument;
  deletion: DeleteServerNicsInput | null;
  restore: RestoreServerNicsInput | null;
  /** Faults that have struck anything, by kind. */
  struck: Set<string>;
  /** Somebody else has done something to what this run is about, while it was open. */
  disturbed: boolean;
  /** The same at any time before its end. */
  everDisturbed: boolean;
  /** What is read may lag behind, or be made up. */
  misread: boolean;
  /** The server at the beginning of this run, and just after whatever others did to it. */
  states: Moment[];
}

export function undoTruthOf({ world, others, plan }: UndoCase, noted: Noted): UndoTruth {
  const { played, before, after } = noted;
  const truth = truthOf(world, others.serverId, played);
  const { effects, ownEffects } = truth;
  const { control } = world.simulator;
  const input = played.input as object;
  const faults = control.faults().filter((fault) => fault.struck > 0);
  const struck = new Set<string>(faults.map(({ what }) => what.kind));
  const isForeign = (effect: LedgerEffect) =>
    // A fault that waits for an address is one of the others, too; so is what an earlier run has left under way.
    effect.by === 'control' || (!ownEffects.includes(effect) && effect.at > before.at);
  const acted = [...others.acted, ...effects.filter(isForeign).map(({ at }) => at)];
  const knobs = control.knobs();
  return {
    ...truth,
    ...noted,
    told: played.status as ResultDocument,
    deletion: 'from' in input ? null : (input as DeleteServerNicsInput),
    restore: 'from' in input ? (input as RestoreServerNicsInput) : null,
    struck,
    disturbed: acted.some((at) => at >= before.at - 1_000 && at <= after.at + 1_000),
    everDisturbed: acted.some((at) => at <= after.at + 1_000),
    misread:
      ['stale-list', 'hide-nics', 'edit'].some((kind) => struck.has(kind)) ||
      knobs.lagReads > 0 ||
      knobs.lagSeconds > 0 ||
      knobs.setLagSeconds > 0 ||
      plan.knobs.goneFrom !== undefined,
    states: [before, ...others.states.filter(({ at }) => at >= before.at)],
  };
}

const FIELDS_OF: Partial<Record<LedgerEffect['kind'], (keyof NicSnapshot)[]>> = {
  'port-updated': ['name', 'securityGroups', 'allowedAddressPairs', 'dhcpOptions', 'portSecurityEnabled'],
  'flag-changed': ['deleteOnTermination'],
  'elastic-ip-bound': ['elasticIp'],
  'elastic-ip-unbound': ['elasticIp'],
};

/** What others did to NICs from then on, until the run had ended. */
export function foreignTo({ effects, ownEffects, after }: UndoTruth, from: number): LedgerEffect[] {
  return effects.filter(
    (effect) => !ownEffects.includes(effect) && effect.at >= from && effect.at <= after.at + 1_000,
  );
}

/** Fields of a NIC that these effects concern; wherever NICs came and went, places are another. */
export function fieldsOf(effects: readonly LedgerEffect[], id: string): Set<string> {
  const moved = effects.some(({ kind }) => kind === 'nic-attached' || kind === 'nic-detached');
  // Who attaches a port by its id may set its flag, too.
  const back = effects.some(({ kind, portId }) => kind === 'nic-attached' && portId === id);
  return new Set([
    ...effects.filter(({ portId }) => portId === id).flatMap(({ kind }) => FIELDS_OF[kind] ?? []),
    ...(moved ? ['position'] : []),
    ...(back ? ['deleteOnTermination'] : []),
  ]);
}

/** Fields of a NIC that others had a hand in at any time of the run. */
export function byOthers(truth: UndoTruth, id: string): Set<string> {
  return fieldsOf(foreignTo(truth, truth.before.at - 1_000), id);
}

/** A NIC as the product describes it. */
export function snapshotOf(state: ServerState, id: string): NicSnapshot | null {
  const nic = state.nics.find((candidate) => candidate.id === id);
  if (nic === undefined) return null;
  return {
    networkId: nic.networkId,
    fixedIps: nic.fixedIps,
    mac: nic.mac,
    deleteOnTermination: nic.deleteOnTermination,
    name: nic.name,
    securityGroups: [...nic.securityGroups],
    allowedAddressPairs: nic.allowedAddressPairs.map((pair) => ({
      ip: pair.ip_address,
      mac: pair.mac_address ?? null,
    })),
    dhcpOptions: nic.extraDhcpOpts.map((option) => ({ name: option.opt_name, value: option.opt_value })),
    portSecurityEnabled: nic.portSecurity,
    elasticIp: nic.elasticIp,
    position: nic.position,
  };
}

/** Fields of a snapshot that differ; the order of security groups counts, that of other lists does not. */
export function fieldsThatDiffer(before: NicSnapshot, after: NicSnapshot): string[] {
  const text = (field: string, value: unknown): string => {
    if (field === 'fixedIps') return JSON.stringify((value as { ip: string }[]).map(({ ip }) => ip).sort());
    if (Array.isArray(value) && field !== 'securityGroups')
      return JSON.stringify(value.map((item) => JSON.stringify(item)).sort());
    return JSON.stringify(value);
  };
  return (Object.keys(after) as (keyof NicSnapshot)[]).filter(
    (field) => before[field] !== null && text(field, before[field]) !== text(field, after[field]),
  );
}

export function activitiesOf({ played }: UndoTruth, type: string): PlayedActivity[] {
  return played.activities.filter((activity) => activity.type === type);
}

/** The result's kind, or how it failed, in a word. */
export function kindTold({ told }: PlayedActivity): string {
  if (told === undefined) return 'nobody heard';
  if ('failed' in told) return 'failed';
  if ('cancelled' in told) return 'cancelled';
  return String((told.result as { kind?: unknown }).kind);
}

/** What really happened during one start of a workflow that may put NICs back, by ledger and state of the simulated cloud. */
import type {
  DeleteServerNicsInput,
  NicSnapshot,
  ResultDocument,
  RestoreServerNicsInput,
} from '../../../../src/contract';
import type { LedgerEffect, LedgerJob, LedgerRequest, ServerState } from '../../../../simulator';
import type { Played, PlayedActivity } from '../../engine/schedule';
import type { Place, Truth } from '../../judges/truth';
import { lastLookAt } from '../../judges/last-read';
import { truthOf } from '../../judges/truth';
import type { Others } from './deeds';
import type { UndoPlan } from './plan';
import type { World } from '../../engine/world';

export interface Moment {
  state: ServerState;
  at: number;
}

/** The server as it was when a run began and when it ended. */
export interface Noted {
  played: Played;
  before: Moment;
  after: Moment;
}

export interface UndoCase {
  world: World;
  server: string;
  others: Others;
  noted: Noted[];
  plan: UndoPlan;
}

export interface UndoTruth extends Truth, Noted {
  told: ResultDocument;
  deletion: DeleteServerNicsInput | null;
  restore: RestoreServerNicsInput | null;
  /** POSTs that attach. */
  attachments: LedgerRequest[];
  /** Of either kind, in the order in which they were accepted. */
  ownJobs: LedgerJob[];
  ownEffects: LedgerEffect[];
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

export function undoTruthOf({ world, server, others, plan }: UndoCase, noted: Noted): UndoTruth {
  const { played, before, after } = noted;
  const truth = truthOf(world, server, played);
  const { ledger, control } = world.simulator;
  const attachments = truth.requests.filter(({ requestClass }) => requestClass === 'attach');
  const accepted = new Set(
    [...truth.posts, ...attachments].flatMap(({ jobId, accepted: taken }) =>
      taken === true ? (jobId ?? []) : [],
    ),
  );
  const seqs = new Set(truth.requests.map(({ seq }) => seq));
  const input = played.input as object;
  const faults = control.faults().filter((fault) => fault.struck > 0);
  const struck = new Set<string>(faults.map(({ what }) => what.kind));
  const acted = [
    ...others.acted,
    // A fault that waits for an address is one of them, too.
    ...ledger.effects.filter(({ by }) => by === 'control').map(({ at }) => at),
  ];
  const knobs = control.knobs();
  const isOwn = ({ jobId, requestSeq }: LedgerEffect) =>
    (jobId !== undefined && accepted.has(jobId)) || (requestSeq !== undefined && seqs.has(requestSeq));
  // Also what an earlier run has left under way.
  acted.push(
    ...ledger.effects.filter((effect) => !isOwn(effect) && effect.at > before.at).map(({ at }) => at),
  );
  return {
    ...truth,
    ...noted,
    told: played.status as ResultDocument,
    deletion: 'from' in input ? null : (input as DeleteServerNicsInput),
    restore: 'from' in input ? (input as RestoreServerNicsInput) : null,
    attachments,
    ownJobs: ledger.jobs.filter(({ jobId }) => accepted.has(jobId)),
    ownEffects: ledger.effects.filter(isOwn),
    struck,
    disturbed: acted.some((at) => at >= before.at - 1_000 && at <= after.at + 1_000),
    everDisturbed: acted.some((at) => at <= after.at + 1_000),
    misread:
      ['stale-list', 'hide-nics', 'edit'].some((kind) => struck.has(kind)) ||
      knobs.lagReads > 0 ||
      knobs.lagSeconds > 0 ||
      plan.knobs.goneFrom !== undefined,
    states: [before, ...others.states.filter(({ at }) => at >= before.at)],
  };
}

/** Where a port was at that time, as the effects have it. */
export function placeOf({ effects, serverId, before }: UndoTruth, id: string, at: number): Place {
  let place: Place = before.state.nics.some((nic) => nic.id === id) ? 'on-server' : 'port-gone';
  for (const effect of effects) {
    if (effect.portId !== id || effect.at > at) continue;
    if (effect.kind === 'port-created' || effect.kind === 'nic-detached') place = 'port-kept';
    else if (effect.kind === 'port-deleted') place = 'port-gone';
    else if (effect.kind === 'nic-attached') place = effect.serverId === serverId ? 'on-server' : 'elsewhere';
  }
  return place;
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

/** At the end, and just before whatever others did after the last look at it: a verdict stands once it is given. */
export function momentsOf(truth: UndoTruth, nicId: string): number[] {
  const { effects, ownEffects, played } = truth;
  const { endedCloudAt } = played;
  const lookedAt = lastLookAt(truth, nicId);
  const others = effects.filter(
    (effect) =>
      !ownEffects.includes(effect) && truth.shownAt(effect) >= lookedAt && effect.at <= endedCloudAt,
  );
  return [endedCloudAt, ...others.map(({ at }) => at - 1)];
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

/**
 * Judges from one inspection what the run may touch. Pure. One violation refuses the whole run, and the refusal names
 * every violation.
 */
import type { InspectedNic, Inspection, PortState, ServerState } from '../../activities/agreement';
import { GONE_STATES } from '../../activities/agreement';
import type { CheckedRequest } from '../../contract/input';
import { sameIp } from '../../contract/input';
import { elasticIpsOf } from '../../contract/types';
import { protectedByTags } from './fleet/protection';
import { promisesUndo } from './undo-log';
import { isHere } from './verdict';

export interface Assessment {
  /** Reasons to refuse the run. */
  violations: string[];
  /** Of these, NICs that do not have the IP or the MAC that the request expects. */
  drifted: string[];
  /** Why what was read is not complete, or contradicts itself, so that nothing can be said of what is absent. */
  incomplete: string | null;
  /** Why the server is protected from this request; also among the violations. */
  protection: string | null;
  /** Why the run waits and inspects again: the server is in a transient state, or the witnesses do not agree yet. */
  passing: string | null;
  primaryId: string | null;
  /** NICs on the server that the run is to delete. */
  targets: InspectedNic[];
  /** Requested NICs that are not on the server. */
  absent: { id: string; port: PortState }[];
}

/** States in which the cloud accepts the call (docs/cloud-api.md §1.2). */
const READY = new Set(['ACTIVE', 'SHUTOFF']);
/** States that only a person ends. */
const LASTING = new Set(['ERROR', 'PAUSED', 'SUSPENDED', 'SHELVED', 'SHELVED_OFFLOADED', 'VERIFY_RESIZE']);

export function isIdle(server: ServerState): boolean {
  return READY.has(server.status) && server.taskState === null;
}

/** @param all the NICs that `nics: "all"` means, once an inspection has fixed them */
export function assess(
  request: CheckedRequest,
  inspection: Inspection,
  all: readonly string[] | null = null,
  now = Date.now(),
): Assessment {
  const nothing = {
    drifted: [],
    incomplete: null,
    protection: null,
    passing: null,
    primaryId: null,
    targets: [],
    absent: [],
  };
  if (request.projectId !== null && request.projectId !== inspection.projectId) {
    return {
      ...nothing,
      violations: [
        `project ${request.projectId} is not this worker's (${inspection.projectId}): ask the worker of that project`,
      ],
    };
  }
  const { server } = inspection;
  if (server === null || GONE_STATES.has(server.status)) {
    return {
      ...nothing,
      violations: [`server ${request.serverId} does not exist in this project and region`],
    };
  }

  const primary = primaryOf(inspection);
  const violations = primary.problem === null ? [] : [primary.problem];
  const primaryId = primary.id;
  const targets = targetsOf(request, inspection, primaryId, all);
  const { absent } = inspection;

  const drifted: string[] = [];
  for (const nic of targets) {
    const drift = driftOf(request, nic);
    if (drift.length > 0) drifted.push(nic.id);
    violations.push(...drift, ...nicViolations(request, nic, primaryId, inspection));
  }
  const renamed = request.serverName !== null && request.serverName !== server.name;
  if (renamed)
    violations.push(`the server is named ${server.name ?? 'nothing'}, not ${request.serverName} as expected`);
  const protection = request.respectProtection ? protectedByTags(server.tags ?? null, now) : null;
  if (protection !== null) violations.push(`the server is protected: ${protection}`);
  for (const { id, port } of absent) {
    if (port.state === 'attached' && port.deviceId !== request.serverId) {
      violations.push(`NIC ${id} is not on this server: its port is attached to ${port.deviceId}`);
    }
  }
  // A lock or a wrong state does not matter to a run that has nothing to delete.
  if (targets.length > 0) {
    violations.push(...serverViolations(server));
    // A missing answer is not a no, so a deletion is refused. Putting a NIC back does not need this check: the cloud
    // itself refuses it on a locked or frozen server.
    if (server.locked === null) violations.push('the cloud does not say whether the server is locked');
    if (server.frozen === null)
      violations.push('the cloud does not say whether the server is frozen (it has no metadata)');
    const unanswered = elasticIpsUntold(inspection, server);
    if (unanswered !== null && !request.allowElasticIp)
      violations.push(
        `it is not known whether a NIC carries an elastic IP: ${unanswered}; or allow it with allowElasticIp`,
      );
  }

  const incomplete = incompleteReason(inspection, request.serverId, primaryId, absent);
  return {
    violations,
    drifted: renamed ? targets.map(({ id }) => id) : drifted,
    incomplete,
    protection,
    passing: violations.length > 0 ? null : (incomplete ?? stateReason(server, targets)),
    primaryId,
    targets,
    absent,
  };
}

/** Why elastic IPs are not fully known: which of their two witnesses is missing; `null`: none is missing. */
export function elasticIpsUntold(
  { elasticIpsUnread }: Inspection,
  { addressesTold }: ServerState,
): string | null {
  if (addressesTold === false) return 'the cloud does not say which addresses the server has';
  if (elasticIpsUnread === undefined) return null;
  return `the list of elastic IPs could not be read (${elasticIpsUnread}): permit vpc:publicIps:list`;
}

/** Exactly one NIC must be known as the primary one, and no witness may contradict it (docs/contract.md §6.2). */
export function primaryOf({ primary }: Inspection): { id: string | null; problem: string | null } {
  const detail = [...new Set(primary.detail)];
  const ports = [...new Set(primary.ports)];
  const refuse = (problem: string) => ({ id: null, problem });
  if (detail.length > 1)
    return refuse(`the server names ${detail.length} primary NICs (${detail.join(', ')})`);
  const id = detail[0] ?? (ports.length === 1 ? ports[0] : undefined);
  if (id === undefined) {
    return refuse(
      ports.length === 0
        ? 'neither the server nor any port says which NIC is the primary one'
        : `the server names no primary NIC and ${ports.length} ports claim to be it (${ports.join(', ')})`,
    );
  }
  const others = ports.filter((port) => port !== id);
  if (others.length > 0) {
    return refuse(`the server names ${id} as primary NIC, but port ${others.join(', ')} claims to be it`);
  }
  if (primary.portsDeny.includes(id)) {
    return refuse(`the server names ${id} as primary NIC, but its port says that it is not`);
  }
  return { id, problem: null };
}

function targetsOf(
  request: CheckedRequest,
  inspection: Inspection,
  primaryId: string | null,
  all: readonly string[] | null,
): InspectedNic[] {
  const { nics } = request;
  // A NIC that was attached after the first inspection is not part of the request.
  if (nics === 'all' && all === null) return inspection.nics.filter((nic) => nic.id !== primaryId);
  const wanted = new Set(nics === 'all' ? all : nics.map((nic) => nic.id));
  return inspection.nics.filter((nic) => wanted.has(nic.id));
}

/** The NIC is not the one that the caller has seen. */
function driftOf(request: CheckedRequest, nic: InspectedNic): string[] {
  const found: string[] = [];
  const expected = request.nics === 'all' ? undefined : request.nics.find((target) => target.id === nic.id);
  if (expected?.ip !== undefined && !nic.ips.some((ip) => sameIp(ip, expected.ip ?? ''))) {
    found.push(`NIC ${nic.id} has IP ${nic.ips.join(', ') || 'none'}, not ${expected.ip} as expected`);
  }
  if (expected?.mac !== undefined && nic.mac?.toLowerCase() !== expected.mac.toLowerCase()) {
    found.push(`NIC ${nic.id} has MAC ${nic.mac ?? 'unknown'}, not ${expected.mac} as expected`);
  }
  return found;
}

function nicViolations(
  request: CheckedRequest,
  nic: InspectedNic,
  primaryId: string | null,
  { flagsUnread }: Pick<Inspection, 'flagsUnread'>,
): string[] {
  const found: string[] = [];
  if (nic.id === primaryId) found.push(`NIC ${nic.id} is the primary NIC, which is never deleted`);
  const elasticIps = elasticIpsOf({ ...nic.snapshot, elasticIp: nic.elasticIp });
  if (elasticIps.length > 0 && !request.allowElasticIp) {
    found.push(`NIC ${nic.id} carries elastic IP ${elasticIps.join(', ')}; allow it with allowElasticIp`);
  }
  // A plan may not have asked; the run that sends always has.
  if (promisesUndo(request) && nic.snapshot.deleteOnTermination === null && flagsUnread !== true) {
    found.push(
      `NIC ${nic.id}: the cloud does not say whether its port would be kept, so the run can't promise to put it back`,
    );
  }
  if (nic.port.state === 'attached' && nic.port.deviceId !== request.serverId) {
    found.push(`NIC ${nic.id} is listed here, but its port says that it is attached to ${nic.port.deviceId}`);
  }
  return found;
}

export function serverViolations(server: ServerState): string[] {
  const found: string[] = [];
  if (server.locked) found.push('the server is locked; a person must unlock it');
  if (server.frozen) found.push('the server is frozen (see the account in the console)');
  if (LASTING.has(server.status)) {
    found.push(`the server is ${server.status}; NICs can be deleted while it is ACTIVE or SHUTOFF`);
  }
  return found;
}

function stateReason(server: ServerState, targets: readonly InspectedNic[]): string | null {
  if (targets.length === 0 || isIdle(server)) return null;
  return server.taskState === null
    ? `the server is ${server.status}`
    : `the server is ${server.status}, ${server.taskState}`;
}

function incompleteReason(
  inspection: Inspection,
  serverId: string,
  primaryId: string | null,
  absent: { id: string; port: PortState }[],
): string | null {
  // An incomplete list proves no absence (docs/contract.md §6.3).
  if (!inspection.nics.some((nic) => nic.id === primaryId))
    return 'the NIC list does not name the primary NIC';
  const disagreeing = absent.find(({ port }) => isHere(port, serverId));
  if (disagreeing) return `NIC ${disagreeing.id} is not listed, but its port says that it is attached here`;
  return null;
}

/**
 * A result document that a caller has saved: what can be put back from it. It comes from outside, so every
 * field that is used is checked; a missing one counts as unknown.
 */
import { MAX_NICS } from './checker';
import type { NicOutcome, NicRow, NicSnapshot } from './types';
import { mayBeLeft } from './types';
import { isIp, isRecord, isUuid, kindOf, shown } from './values';

/** A NIC that a run has worked on, with what is needed to put it back. */
export interface SavedNic {
  id: string;
  outcome: NicOutcome;
  snapshot: NicSnapshot;
  /** Its port may be left over: {@link mayBeLeft}. */
  mayBeLeft: boolean;
  /** The port that has taken its place already. */
  replacedBy: string | null;
}

/** The cloud gives no longer texts. */
const MAX_TEXT = 255;
/** No list of a port is longer; a document with a longer one was not written by a run. */
const MAX_ITEMS = 100;

const OUTCOMES: ReadonlySet<string> = new Set<NicOutcome>([
  'deleted',
  'detached',
  'already-absent',
  'still-attached',
  'restored',
  'recreated',
  'untouched',
  'unknown',
]);

/** Never throws. `nics`: rows that carry a snapshot. */
export function readSavedResult(value: unknown, serverId: string): { problems: string[]; nics: SavedNic[] } {
  if (!isRecord(value) || !Array.isArray(value.nics)) {
    return {
      problems: [`must be the result document of a run, with its list "nics", not ${kindOf(value)}`],
      nics: [],
    };
  }
  if (value.serverId !== serverId) {
    return { problems: [`is about server ${shown(value.serverId)}, not about ${shown(serverId)}`], nics: [] };
  }
  if (value.nics.length > MAX_NICS) return { problems: [`lists more than ${MAX_NICS} NICs`], nics: [] };
  const problems: string[] = [];
  const nics: SavedNic[] = [];
  value.nics.forEach((row: unknown, index) => {
    if (!isRecord(row) || !isUuid(row.id) || !OUTCOMES.has(String(row.outcome))) {
      problems.push(`nics[${index}] is not a row of a result: it needs "id" and "outcome"`);
      return;
    }
    if (nics.some(({ id }) => id === row.id)) {
      problems.push(`nics[${index}].id: ${row.id} is listed twice`);
      return;
    }
    if (row.snapshot === null || row.snapshot === undefined) return;
    const snapshot = readSnapshot(row.snapshot);
    if (snapshot === null) problems.push(`nics[${index}].snapshot can't be read`);
    else {
      const by = row.replacedBy;
      const replacedBy = isRecord(by) && isUuid(by.id) ? by.id : null;
      const { id, outcome, restore } = row as unknown as NicRow;
      nics.push({ id, outcome, snapshot, mayBeLeft: mayBeLeft({ outcome, restore }), replacedBy });
    }
  });
  return { problems, nics };
}

/** `null`: not a snapshot as runs write it. */
function readSnapshot(value: unknown): NicSnapshot | null {
  if (!isRecord(value)) return null;
  const fixedIps = rows(value.fixedIps, (it) => isIp(it.ip) && isTextOrNull(it.subnetId ?? null));
  const groups = value.securityGroups ?? null;
  const pairs = rows(
    value.allowedAddressPairs ?? null,
    (it) => isText(it.ip) && isTextOrNull(it.mac ?? null),
  );
  const options = rows(value.dhcpOptions ?? null, (it) => isText(it.name) && isTextOrNull(it.value ?? null));
  const elasticIps = value.elasticIps ?? null;
  const position = value.position;
  const texts = [value.networkId, value.mac, value.name, value.elasticIp].map((it) => it ?? null);
  const flags = [value.deleteOnTermination, value.portSecurityEnabled].map((it) => it ?? null);
  const good =
    fixedIps !== undefined &&
    fixedIps !== null &&
    pairs !== undefined &&
    options !== undefined &&
    (groups === null || (Array.isArray(groups) && groups.length <= MAX_ITEMS && groups.every(isText))) &&
    (elasticIps === null ||
      (Array.isArray(elasticIps) && elasticIps.length <= MAX_ITEMS && elasticIps.every(isIp))) &&
    texts.every(isTextOrNull) &&
    flags.every((it) => it === null || typeof it === 'boolean') &&
    Number.isSafeInteger(position);
  if (!good) return null;
  const [networkId, mac, name, elasticIp] = texts;
  const [deleteOnTermination, portSecurityEnabled] = flags;
  return {
    networkId: networkId?.trim() || null,
    fixedIps: fixedIps.map((it) => ({ subnetId: text(it.subnetId), ip: String(it.ip) })),
    mac: mac ?? null,
    deleteOnTermination: deleteOnTermination ?? null,
    name: name ?? null,
    securityGroups: groups,
    allowedAddressPairs: pairs?.map((it) => ({ ip: String(it.ip), mac: text(it.mac) })) ?? null,
    dhcpOptions: options?.map((it) => ({ name: String(it.name), value: text(it.value) })) ?? null,
    portSecurityEnabled: portSecurityEnabled ?? null,
    elasticIp: elasticIp ?? null,
    ...(elasticIps === null ? {} : { elasticIps }),
    position: position as number,
  };
}

/** `undefined`: neither `null` nor a list of what fits. */
function rows(
  value: unknown,
  fits: (row: Record<string, unknown>) => boolean,
): Record<string, unknown>[] | null | undefined {
  if (value === null) return null;
  if (!Array.isArray(value) || value.length > MAX_ITEMS) return undefined;
  return value.every((row) => isRecord(row) && fits(row)) ? (value as Record<string, unknown>[]) : undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

/**
 * The digest of a plan: a chain over its servers, in their order, so that it does not depend on how the list was divided
 * into pages, nor on who computes it.
 */
import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils';
import type { CheckedDecommission } from '../../../contract/decommission/input';
import { textOf } from '../../../contract/decommission/shares';
import type { PlannedServer } from '../../../contract/decommission/types';

/** Hexadecimal digits of the digest that people repeat: 64 bits, against mistakes. */
const SHOWN = 16;

/** What would be touched on one server. */
export function digestOfServer({ serverId, nics }: Pick<PlannedServer, 'serverId' | 'nics'>): string {
  return digestOfText(JSON.stringify([serverId, nics.map(({ id, mac, ip }) => [id, mac, ip])]));
}

/** The settings that matter for safety. */
export function digestOfSettings(settings: CheckedDecommission): string {
  const { waves, maxErrors, strict, undoWindowMs, allowElasticIp } = settings;
  return digestOfText(
    JSON.stringify([waves.map(textOf), textOf(maxErrors), strict, undoWindowMs, allowElasticIp]),
  );
}

export function chained(before: string, next: string): string {
  return digestOfText(before + next);
}

/** Of a page's planned servers, in the order of the list. */
export function digestOfPage(servers: readonly string[]): string {
  return servers.reduce(chained, '').slice(0, SHOWN);
}

/** @param chain over settings and servers */
export function digestOf(chain: string, excluded: number): string {
  return chained(chain, String(excluded)).slice(0, SHOWN);
}

export function digestOfText(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

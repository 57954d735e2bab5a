/** The list of a decommission run, from the text of a file. All or nothing: one bad line, and there is no list. No IO. */
import type { ListedServer, NicTarget } from '../../../contract';
import { MAX_NICS } from '../../../contract';
import { checkListed } from '../../../contract/decommission/input';
import { MAX_SERVERS } from '../../../contract/decommission/shares';
import { visible } from '../../../contract/text';
import { isRecord, isUuid, safeJson } from '../../../contract/values';
import { plural } from '../../format';
import { foldedId } from '../../ids';
import { folded, linesOf } from './lines';

/** Bad lines that are shown; the rest is counted. */
export const MAX_SHOWN = 50;

export interface List {
  /** In the order of the list; empty when there are problems. */
  servers: ListedServer[];
  /** Duplicates that were merged. */
  notes: string[];
  problems: string[];
}

/** @param bytes of a file, in UTF-8 */
export function readList(bytes: Uint8Array): List {
  const text = textOf(bytes);
  if (text === null) return { servers: [], notes: [], problems: ['not a text in UTF-8; save it as UTF-8'] };
  // Ids, addresses and words of ours alone: what has no width has no meaning in them.
  const { format, lines } = linesOf(visible(text));
  const list = new Gathered(format === 'csv');
  for (const each of lines) {
    if ('problem' in each) list.problem(each.line, each.problem);
    else list.add(each.line, each.value);
  }
  return list.whole();
}

/** @returns `null`: not UTF-8. A byte order mark is no part of the text. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Servers and names that are never touched, one a line. */
export function readProtected(bytes: Uint8Array): string[] | null {
  const names = textOf(bytes)
    ?.split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => !/^(#|$)/.test(visible(line)));
  if (names === undefined) return null;
  // Ids in upper case are the same ids; names are what they are, and what they look like: rather too much is protected.
  return [
    ...new Set(names.flatMap((name) => (isUuid(foldedId(name)) ? foldedId(name) : [name, visible(name)]))),
  ];
}

class Gathered {
  private readonly servers = new Map<string, { nics: Map<string, NicTarget> | 'all'; line: number }>();
  private readonly notes: string[] = [];
  private readonly problems: string[] = [];

  /** @param isPerNic a server is named once for each of its NICs */
  constructor(private readonly isPerNic: boolean) {}

  problem(line: number, text: string): void {
    this.problems.push(`line ${line}: ${text}`);
  }

  add(line: number, written: unknown): void {
    const { value, repeated } = withoutRepeated(folded(written));
    const { problems, server } = checkListed(value);
    for (const problem of problems) this.problem(line, problem);
    if (server === null) return;
    if (repeated > 0) this.notes.push(`line ${line}: ${plural(repeated, 'NIC')} named twice: merged`);
    const { serverId, nics } = server;
    const before = this.servers.get(serverId);
    if (before === undefined) {
      const mapped = nics === 'all' ? nics : new Map(nics.map((nic) => [nic.id, nic]));
      this.servers.set(serverId, { nics: mapped, line });
      return;
    }
    const again = `${serverId} is named again (first in line ${before.line})`;
    if (before.nics === 'all' || nics === 'all') {
      if (before.nics === nics) this.notes.push(`line ${line}: ${again}: merged`);
      else this.problem(line, `${again}, once with all of its NICs and once with some: say which`);
      return;
    }
    if (!this.isPerNic) this.notes.push(`line ${line}: ${again}: merged`);
    for (const nic of nics) this.merge(line, before.nics, nic);
    if (before.nics.size > MAX_NICS)
      this.problem(
        line,
        `${serverId}: ${before.nics.size} NICs; at most ${MAX_NICS} are taken on one server`,
      );
  }

  private merge(line: number, nics: Map<string, NicTarget>, nic: NicTarget): void {
    const known = nics.get(nic.id);
    const differs = (['ip', 'mac'] as const).find(
      (field) => known?.[field] !== undefined && nic[field] !== undefined && known[field] !== nic[field],
    );
    if (differs !== undefined) this.problem(line, `NIC ${nic.id} is named with another ${differs} before`);
    if (known !== undefined && this.isPerNic)
      this.notes.push(`line ${line}: NIC ${nic.id} is named again: merged`);
    nics.set(nic.id, { ...known, ...nic });
  }

  whole(): List {
    const { problems, notes } = this;
    const servers = [...this.servers].map(([serverId, { nics }]): ListedServer => ({
      serverId,
      nics: nics === 'all' ? nics : [...nics.values()],
    }));
    if (problems.length === 0 && servers.length === 0)
      problems.push('empty: it names no server; an empty list means nothing, never everything');
    if (servers.length > MAX_SERVERS)
      problems.push(`${servers.length} servers; at most ${MAX_SERVERS} are taken in one run`);
    return {
      servers: problems.length === 0 ? servers : [],
      notes: shortened(notes, 'duplicate'),
      problems: shortened(problems, 'problem'),
    };
  }
}

function shortened(lines: readonly string[], noun: string): string[] {
  const more = lines.length - MAX_SHOWN;
  return more > 0 ? [...lines.slice(0, MAX_SHOWN), `and ${plural(more, `more ${noun}`)}`] : [...lines];
}

/** NICs that are named twice in the same words. */
function withoutRepeated(value: unknown): { value: unknown; repeated: number } {
  if (!isRecord(value) || !Array.isArray(value.nics)) return { value, repeated: 0 };
  const seen = new Set<string>();
  const nics = value.nics.filter((nic: unknown) => {
    const text = safeJson(nic);
    return seen.size < seen.add(text).size;
  });
  return { value: { ...value, nics }, repeated: value.nics.length - nics.length };
}

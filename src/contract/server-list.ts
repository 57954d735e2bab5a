/** The list of a project's servers, as the workflow `listServers` makes it: ready to be edited and handed to a decommission run. */
import type { Checked } from './checker';
import { Checker, ended } from './checker';
import type { CheckedOf, InputOf, Options } from './options';
import { DELETE_OPTIONS } from './options';
import type { NicTarget } from './types';
import { kindOf, isRecord, shown } from './values';

const MAX_TEXT = 255;

export const LIST_OPTIONS = {
  projectId: DELETE_OPTIONS.projectId,
  /** Of the server's name, as a whole: `*` stands for any characters, `?` for one. */
  name: { kind: 'text', max: MAX_TEXT },
  /** The cloud's word for the state of a server, such as `ACTIVE`. */
  status: { kind: 'text', max: 64 },
  /** `key=value`, or `key` with whatever value; a server must have all of them. */
  tags: { kind: 'texts', most: 20, max: MAX_TEXT },
  /** The id of the last server of the part before; `next` of that part. */
  after: { kind: 'text', max: 64 },
} as const satisfies Options;

export type ListServersInput = InputOf<typeof LIST_OPTIONS>;
export type CheckedListServers = CheckedOf<typeof LIST_OPTIONS>;

/** A server of the list; a line of a decommission run's list may look so. */
export interface FoundServer {
  /** Server id. */
  serverId: string;
  /** For people: nobody compares it. */
  serverName: string | null;
  /** All but the primary one. IP and MAC are compared by the plan. */
  nics: NicTarget[];
}

/** Result of the workflow `listServers`: a part of the list. */
export interface FoundServers {
  /** This part of the list. */
  servers: FoundServer[];
  /** Servers that fit and have no NIC but the primary one. */
  bare: number;
  /** Servers that fit, of which the cloud does not tell which NICs they have or which of them is the primary one. */
  unclear: string[];
  /** Servers that were looked at. */
  seen: number;
  /** Goes on there; `null`: this was the last part. */
  next: string | null;
}

/** Checks the input of `listServers`, of whatever type it is. Never throws. */
export function checkListInput(value: unknown): Checked<CheckedListServers> {
  if (!isRecord(value))
    return { problems: [`the input must be one JSON object, not ${kindOf(value)}`], value: null };
  const check = new Checker(value, new Set(Object.keys(LIST_OPTIONS)));
  const options = check.options(LIST_OPTIONS);
  for (const tag of options.tags)
    if (tag.startsWith('=')) check.problems.push(`tags: ${shown(tag)} has no key; write key=value`);
  return ended(check, options);
}

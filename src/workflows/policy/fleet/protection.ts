/** Which servers a run never touches. Pure. */
import { PROTECT_TAG, PROTECT_UNTIL_TAG } from '../../../contract/decommission/names';
import { readTag } from '../../../contract/decommission/tags';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
/** The words by which people say no; anything else, also nothing, protects. */
const NO: ReadonlySet<string> = new Set(['false', 'no', 'off', '0']);

/**
 * Why the tags protect the server; `null`: they don't.
 * @param tags `null`: the cloud did not say
 */
export function protectedByTags(tags: readonly string[] | null, now: number): string | null {
  if (tags === null) return 'its tags could not be read';
  for (const tag of tags) {
    const { key, value } = readTag(tag);
    if (key === PROTECT_TAG && !NO.has(value.toLowerCase())) return `tag ${PROTECT_TAG}=${value}`;
    if (key === PROTECT_UNTIL_TAG && !isOver(value, now)) return `tag ${PROTECT_UNTIL_TAG}=${value}`;
  }
  return null;
}

/** The day is over, UTC. What is no date protects for ever. */
function isOver(value: string, now: number): boolean {
  const [, year, month, day] = DATE.exec(value) ?? [];
  if (year === undefined) return false;
  const startsAt = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // `2026-02-31` is the 3rd of March for a calendar, and a mistake for people.
  if (new Date(startsAt).toISOString().slice(0, 10) !== value) return false;
  return now >= startsAt + 86_400_000;
}

/** Why the list protects the server; `null`: it doesn't. */
export function protectedByList(
  protect: ReadonlySet<string>,
  serverId: string,
  serverName: string | null,
): string | null {
  if (protect.has(serverId)) return 'on the list of protected servers';
  if (serverName !== null && protect.has(serverName)) return `its name ${serverName} is protected`;
  return null;
}

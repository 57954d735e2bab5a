/**
 * Lists servers of the project, and changes nothing: a part of the list, since a result has its limit. Whoever asked goes on with
 * `next` until there is none.
 */
import { ApplicationFailure, sleep } from '@temporalio/workflow';
import { FAILURE_TYPE } from '../contract/names';
import type { CheckedListServers, FoundServers } from '../contract/server-list';
import { checkListInput } from '../contract/server-list';
import { readAt } from './fleet/calls';
import { backoffDelay, throttleDelay } from './policy/poll-schedule';

/** A part is complete with so many servers or so many characters of JSON: a result above 256 KB draws a warning of the server. */
const ENOUGH = { servers: 200, characters: 100_000 } as const;
/** However few of its servers fit, a part has no more pages: its history stays short, and its caller sees it move. */
const MOST_PAGES = 50;
/** What could not be read for so long, in ms, can't be read. */
const TRY_FOR_MS = 5 * 60_000;

export async function listServers(input: unknown): Promise<FoundServers> {
  const { problems, value } = checkListInput(input);
  if (value === null) throw ApplicationFailure.nonRetryable(problems.join('; '), FAILURE_TYPE.invalidInput);
  const found: FoundServers = { servers: [], bare: 0, unclear: [], seen: 0, next: value.after };
  for (let pages = 1; ; pages++) {
    const page = await pageAfter(found.next, value);
    found.servers.push(...page.servers);
    found.bare += page.bare;
    found.unclear.push(...page.unclear);
    found.seen += page.seen;
    found.next = page.next;
    if (page.next === null || pages === MOST_PAGES || isEnough(found)) return found;
  }
}

function isEnough({ servers, unclear }: FoundServers): boolean {
  return (
    servers.length + unclear.length >= ENOUGH.servers || JSON.stringify(servers).length >= ENOUGH.characters
  );
}

async function pageAfter(
  after: string | null,
  { projectId, ...filter }: CheckedListServers,
): Promise<FoundServers> {
  const place = projectId === null ? null : { projectId };
  const { name, status, tags } = filter;
  const until = Date.now() + TRY_FOR_MS;
  for (let times = 1; ; times++) {
    const what = after === null ? 'the first servers' : `servers after ${after}`;
    const answer = await readAt(place, 'listServers', what, { after, name, status, tags });
    if (answer.kind === 'servers') return answer;
    if (answer.kind === 'throttled') {
      await sleep(throttleDelay(answer.retryAfterMs, times), { summary: 'throttled by the cloud' });
      continue;
    }
    if (answer.why !== 'unavailable' || Date.now() >= until)
      throw ApplicationFailure.nonRetryable(answer.message, FAILURE_TYPE.cloudRefused);
    await sleep(backoffDelay(times), { summary: 'the cloud did not answer' });
  }
}

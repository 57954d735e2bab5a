/** What was sent to the cloud, by whoever sent it: the same rules for our worker and for the naive one. */
import type { Facts, Request, RunFacts, Violation } from './facts';
import type { Case, Window } from './cases';
import { Cases, foreign, isWithin, placeAt } from './cases';

/** A start that asks for NICs of a server to be deleted. */
export interface Asked extends Window {
  workflowId: string;
  serverId: string;
  /** `null`: all but the primary one, and nothing is known of what was found. */
  nicIds: readonly string[] | null;
}

/** No attempt lasts longer (docs/contract.md §4.2): so long after a run was ended from outside, what it had begun may still arrive. */
const ATTEMPT_MS = 60_000;
/** What was read by somebody who looked just before somebody else acted. */
const LOOKED_BEFORE_MS = 60_000;

export function askedBy(facts: Facts): Asked[] {
  const ofRuns = facts.runs
    .filter(({ type }) => type === 'deleteServerNics')
    .map((run): Asked => ({
      ...{ workflowId: run.workflowId, serverId: run.serverId, from: run.startedAt },
      until: run.end === 'terminated' || run.wasReset ? run.closedAt + ATTEMPT_MS : run.closedAt,
      nicIds: namedBy(run),
    }));
  const ofNaive = facts.naive.map(({ workflowId, serverId, nicIds, startedAt, closedAt, end }): Asked => ({
    ...{ workflowId, serverId, nicIds, from: startedAt },
    until: end === 'terminated' ? closedAt + ATTEMPT_MS : closedAt,
  }));
  return [...ofRuns, ...ofNaive];
}

function namedBy({ input, document }: RunFacts): readonly string[] | null {
  const { nics } = input as { nics?: 'all' | { id: string }[] };
  if (Array.isArray(nics)) return nics.map(({ id }) => id);
  return document?.nics.map(({ id }) => id) ?? null;
}

/** The cloud may carry it out, or may have done so. */
export function mayBeAtWork({ status, accepted }: Request): boolean {
  return accepted === true || status === 0 || status < 300 || (status >= 500 && status !== 501);
}

export function judgeSubmissions(facts: Facts, settleMs: number): Violation[] {
  const asked = askedBy(facts);
  return new Cases(facts).all.flatMap((one) => {
    const own = asked.filter(({ serverId }) => serverId === one.server.serverId);
    return [
      ...sentUnasked(one, own),
      ...sentAgain(one, own, settleMs),
      ...takenUnasked(one, own),
      ...deletedInUse(one, own),
    ];
  });
}

function sentUnasked(one: Case, asked: readonly Asked[]): Violation[] {
  return deletions(one).flatMap((post) => {
    const serving = asked.filter((each) => isWithin(post.at, each));
    const ids = (post.nicIds ?? []).filter(
      (id) =>
        !serving.some(({ nicIds }) => (nicIds === null ? id !== one.server.primary : nicIds.includes(id))),
    );
    return ids.length === 0
      ? []
      : [
          violation(
            'asked-for',
            one,
            asked,
            `request ${post.seq} names ${ids.join()}, which nobody has asked for`,
          ),
        ];
  });
}

/** A NIC that was taken off by a job was in the request of a run. */
function takenUnasked(one: Case, asked: readonly Asked[]): Violation[] {
  const ids = new Set(asked.flatMap(({ nicIds }) => nicIds ?? one.server.known));
  return one.effects
    .filter(({ kind, by, portId }) => kind === 'nic-detached' && by === 'job' && !ids.has(portId))
    .map(({ portId }) =>
      violation('asked-for', one, asked, `NIC ${portId} was taken off, and nobody has asked for it`),
    );
}

/**
 * While a submission may still be under way the NICs are looked at twice before another one names them (docs/contract.md §6.1): within
 * one run `settle` after it, and `settle` apart. A run that finds what another one has left open does so, too, or waits for its job.
 */
function sentAgain(one: Case, asked: readonly Asked[], settleMs: number): Violation[] {
  const violations: Violation[] = [];
  for (const kind of ['delete', 'attach']) {
    const posts = one.requests.filter((request) => request.class === kind);
    for (const [n, post] of posts.entries()) {
      if (!mayBeAtWork(post)) continue;
      const next = posts
        .slice(n + 1)
        .find(({ nicIds = [] }) => nicIds.some((id) => post.nicIds?.includes(id)));
      if (next === undefined) continue;
      const within = (each: Window) => isWithin(post.at, each) && isWithin(next.at, each);
      const inOneRun = one.runs.some(({ startedAt, closedAt }) =>
        within({ from: startedAt, until: closedAt }),
      );
      const isOfOne = inOneRun || asked.some(within);
      const looks = one.requests.filter(
        ({ class: what, status, seq }) =>
          seq > post.seq && seq < next.seq && status === 200 && ['list', 'detail', 'servers'].includes(what),
      );
      const isLooked = isOfOne ? areSettled(looks, post.at, settleMs) : looks.length >= 2;
      if (!isLooked && !isAtRest(one, post, next.at))
        violations.push(
          violation(
            'sent-twice',
            one,
            asked,
            `request ${next.seq} names NICs of request ${post.seq}, of which something could still come (${looks.length} looks in between)`,
          ),
        );
    }
  }
  return violations;
}

function areSettled(looks: readonly Request[], since: number, settleMs: number): boolean {
  const lists = looks.filter((look) => look.class === 'list' && look.at - since >= settleMs);
  const [first, last] = [lists[0], lists.at(-1)];
  return first !== undefined && last !== undefined && last.at - first.at >= settleMs;
}

/** Its job had ended, and somebody has looked since. */
function isAtRest({ jobs, requests }: Case, { jobId, seq }: Request, at: number): boolean {
  const job = jobs.find((each) => each.jobId === jobId);
  if (job === undefined || (job.endsAt ?? Infinity) > at) return false;
  const endedAt = job.endsAt ?? Infinity;
  return requests.some(
    (request) =>
      request.seq > seq &&
      request.at >= endedAt &&
      request.at <= at &&
      request.status === 200 &&
      ['list', 'detail', 'servers'].includes(request.class),
  );
}

/** A port is deleted only while it is free: who deletes it looks first. */
function deletedInUse(one: Case, asked: readonly Asked[]): Violation[] {
  return one.requests
    .filter((request) => request.class === 'port-delete' && request.portId !== undefined)
    .flatMap((request) => {
      const id = request.portId ?? '';
      const place = placeAt(one, id, request.at);
      if (place !== 'on-server' && place !== 'elsewhere') return [];
      const others = foreign(one, id, (begun) => begun === null).some(
        ({ at }) => at <= request.at && at >= request.at - LOOKED_BEFORE_MS,
      );
      if (others) return [];
      return [
        violation(
          'port-in-use',
          one,
          asked,
          `request ${request.seq} deletes port ${id}, which is in use (${place})`,
        ),
      ];
    });
}

const deletions = ({ requests }: Case): Request[] => requests.filter((request) => request.class === 'delete');

function violation(rule: string, { server }: Case, asked: readonly Asked[], message: string): Violation {
  return {
    rule,
    serverId: server.serverId,
    workflowIds: [...new Set(asked.map(({ workflowId }) => workflowId))],
    message,
  };
}

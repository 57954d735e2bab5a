/** Whether a run has kept to the rules on its way (docs/contract.md §6), whatever came of it. */
import { expect } from 'vitest';
import type { DeleteServerNicsInput, ResultDocument } from '../../../../src/contract';
import type { Played, PlayedActivity } from '../../engine/schedule';
import type { World } from '../../engine/world';
import { VERIFY_MS, waitsForTheRunBefore } from '../../judges/submissions';
import type { Truth } from '../../judges/truth';
import { othersActed } from '../../judges/truth';

const ERROR_BUDGET = 10;
const MAX_SUBMISSIONS = 3;

/** @param open what an earlier run under the same id has left open, as its memo tells */
export function judgeConduct(world: World, truth: Truth, open: unknown): void {
  sendsNothing(truth);
  waitsForTheRunBefore(world, truth, truth.posts, open);
  countsSubmissions(truth);
  pollsBeforeItLists(truth);
  if (!hasVerdicts(truth.played)) return;
  readsTwice(world, truth);
  givesUpLate(world, truth);
}

/**
 * Also of a run that was terminated in its last moments: its memo and its verdicts stand, and it only asked for the search
 * attributes. So it is held to them, and the next run has to wait no more than after one that has ended by itself.
 */
export function hasVerdicts({ end, status }: Played): boolean {
  return end.kind !== 'terminated' || (status as ResultDocument | undefined)?.phase === 'done';
}

function requestOf({ played }: Truth): DeleteServerNicsInput {
  return played.input as DeleteServerNicsInput;
}

function sendsNothing(truth: Truth): void {
  const { played, posts } = truth;
  if (played.wasReset) expect(posts.length, 'submissions of a reset run').toBe(0);
  if (requestOf(truth).dryRun === true) expect(posts.length, 'submissions of a dry run').toBe(0);
  if (played.cancelledAt === null) return;
  const { cancelledAt } = played;
  const late = played.activities.filter((it) => it.type === 'deleteNics' && it.scheduledAt > cancelledAt);
  expect(late.length, 'submissions decided on after a cancellation').toBe(0);
}

/** Busy, throttled and refused ones don't count (docs/contract.md §3.2); attempts of which nobody heard do. */
function countsSubmissions({ played, posts }: Truth): void {
  const told = played.status as ResultDocument | undefined;
  if (told === undefined || played.wasReset) return;
  const mayCount = posts.filter(
    ({ status, accepted }) => accepted === true || ![429, 501, 409].includes(status),
  );
  const lost = played.activities.reduce((sum, it) => sum + (it.type === 'deleteNics' ? it.lost : 0), 0);
  expect(told.submissions, 'submissions counted').toBeLessThanOrEqual(mayCount.length + lost);
}

/** While polls are answered the NIC list is left alone; ten that fail in a row, or a refused one, change that. */
function pollsBeforeItLists(truth: Truth): void {
  const { played } = truth;
  // A reset run goes on with the deadline of the one before it.
  const told = played.status as ResultDocument | undefined;
  const deadlineAt = Date.parse(told?.startedAt ?? '') + deadlineMs(requestOf(truth));
  let polling = false;
  let failures = 0;
  for (const activity of played.activities) {
    const { type } = activity;
    if (type === 'deleteNics') {
      polling = kindOf(activity) === 'accepted';
      failures = 0;
    } else if (type === 'getJobStatus' && polling) {
      const kind = kindOf(activity);
      if (kind === 'job') {
        failures = 0;
        polling = !['SUCCESS', 'FAIL'].includes(String(resultOf(activity)?.status));
      } else if (kind === 'gone') polling = false;
      else if (kind === 'failed') {
        failures += 1;
        const refused = activity.told && 'failed' in activity.told && /Refused$/.test(activity.told.failed);
        if (refused || failures >= ERROR_BUDGET) polling = false;
      }
    } else if (type === 'getJobStatus' && kindOf(activity) === 'job') {
      polling = !['SUCCESS', 'FAIL'].includes(String(resultOf(activity)?.status));
      failures = 0;
    } else if (type === 'listNics' && polling && activity.scheduledAt < deadlineAt) {
      expect.fail(`the NIC list was read while the job was polled, after ${failures} failed polls`);
    }
  }
}

function deadlineMs({ deadline }: DeleteServerNicsInput): number {
  const minutes = /^(\d+) minutes$/.exec(String(deadline ?? '20 minutes'))?.[1];
  // Spelled in another way: not judged.
  return minutes === undefined ? 0 : Number(minutes) * 60_000;
}

function resultOf({ told }: PlayedActivity): Record<string, unknown> | null {
  return told && 'result' in told ? (told.result as Record<string, unknown>) : null;
}

function kindOf(activity: PlayedActivity): string {
  if (activity.told && 'failed' in activity.told) return 'failed';
  return (resultOf(activity)?.kind as string | undefined) ?? '';
}

/** `deleted` needs two readings without the NIC, `still-attached` one that late after the job's end (docs/contract.md §6.3). */
function readsTwice(world: World, truth: Truth): void {
  const { played, lists, details, jobs, effects } = truth;
  const told = played.status as ResultDocument;
  const struck = world.simulator.control.faults().filter((fault) => fault.struck > 0);
  // A NIC that was hidden counts as absent from then on.
  const hidden = struck.some(
    ({ what }) => what.kind === 'hide-nics' && what.nics.some((nic) => nic !== 'primary'),
  );
  const { exists } = world.simulator.control.truth(truth.serverId);
  for (const { id, outcome } of told.nics) {
    if ((outcome === 'deleted' || outcome === 'detached') && !hidden && exists) {
      const off = effects.findLast(
        ({ kind, portId, at }) => kind === 'nic-detached' && portId === id && at <= played.endedCloudAt,
      );
      const without = [...lists, ...details].filter(({ at }) => at >= (off?.at ?? Infinity)).length;
      expect(without, `readings of the list without NIC ${id}`).toBeGreaterThanOrEqual(2);
    }
    const job = jobs.findLast(({ nicIds }) => nicIds.includes(id));
    if (outcome !== 'still-attached' || job === undefined) continue;
    const lastAt = lists.at(-1)?.at ?? -Infinity;
    expect(
      lastAt - (job.endsAt ?? -Infinity),
      `last look at NIC ${id} after its job's end`,
    ).toBeGreaterThanOrEqual(VERIFY_MS);
  }
}

/**
 * A NIC whose job is known is `unknown` only at the deadline, or when the port contradicts the list, or can't be read, for good;
 * one whose job is not known also when nothing more may be sent.
 */
function givesUpLate(world: World, truth: Truth): void {
  const told = truth.played.status as ResultDocument;
  if (!told.nics.some(({ outcome }) => outcome === 'unknown')) return;
  if (truth.played.endedAt >= Date.parse(told.deadlineAt) - 1_000) return;
  // When no NIC is left on the list nothing is left to be sent, and the ports decide, as when the job is known.
  const isLeft = told.nics.some(
    ({ outcome, evidence }) => outcome === 'unknown' && evidence.list !== 'absent',
  );
  if (told.jobs.length === 0 && isLeft) {
    const { cancelledAt, activities } = truth.played;
    const wasReset = truth.played.wasReset || activities.some((each) => resultOf(each)?.why === 'reset');
    const last = truth.posts.at(-1);
    // Nothing more may be sent, either, once the cloud has said no for good.
    const isNo =
      last !== undefined && last.status >= 400 && last.status < 500 && ![409, 429].includes(last.status);
    const refused = isNo && last.accepted !== true;
    if (cancelledAt === null && !wasReset && !refused)
      expect(told.submissions, 'submissions after which it was given up before the deadline').toBe(
        MAX_SUBMISSIONS,
      );
    return;
  }
  const aboutPorts = world.simulator.control
    .faults()
    .some(
      ({ match, struck }) =>
        struck > 0 && [match.class].flat().some((name) => name === 'port' || name === 'any'),
    );
  // Damaged on its way, no fault of the cloud tells of it.
  const isUnread = truth.played.activities.some((each) => {
    const ports = (resultOf(each)?.ports ?? {}) as Record<string, { state?: string }>;
    return each.type === 'listNics' && Object.values(ports).some(({ state }) => state === 'unknown');
  });
  const { lagIn, setLagSeconds } = world.simulator.control.knobs();
  const lagging = lagIn.length < 3 || setLagSeconds > 0;
  expect(
    aboutPorts || isUnread || lagging || othersActed(truth),
    'given up before the deadline although nothing is left to be sent and nothing contradicts the NIC list',
  ).toBe(true);
}

/** The waves, in their order. */
import { expect } from 'vitest';
import { pageId } from '../operator';
import type { FleetTruth, Planned } from '../truth';
import { skippedAt, undoneAt } from '../truth';

/** No server of a wave starts before the waves before it are at rest, nor before somebody has said so where the run pauses. */
export function keepsTheWaves(truth: FleetTruth): void {
  const { planned, told, starts, done, played } = truth;
  const waves = told.find(({ status }) => status.waves.length > 0)?.status.waves;
  if (planned === null || waves === undefined) return;
  const { pauseAfter } = played.plan.settings;
  waves.slice(0, -1).forEach((bound, wave) => {
    const further = planned.slice(bound).map(({ serverId }) => serverId);
    const first = starts.find(({ staged }) => further.includes(staged.id));
    if (first === undefined) return;
    const rested = planned.slice(0, bound).map((each) => restedAt(truth, each));
    const what = `wave ${wave + 1} before server ${first.staged.index} of a later one starts at ${first.at - truth.run.at} ms`;
    const open = planned.slice(0, bound).filter((_, index) => (rested[index] ?? Infinity) > first.at);
    expect(
      open.map(({ staged }) => staged.index),
      `servers not at rest in ${what}`,
    ).toEqual([]);
    if (pauseAfter !== 'every' && !(pauseAfter === 'first' && wave === 0)) return;
    const resumed = done('resume').some(
      ({ heardAt }) => heardAt !== null && heardAt >= Math.max(...rested) && heardAt <= first.at,
    );
    expect(resumed, `somebody has resumed the run after ${what}`).toBe(true);
  });
}

/** When its first run has ended, or somebody has said to leave it or to put it back, or it was lost with its page. */
function restedAt(truth: FleetTruth, { serverId, page }: Planned): number {
  const first = truth.starts.find(({ staged }) => staged.id === serverId);
  const ended =
    first === undefined ? Infinity : first.runId === null ? first.at : (first.end?.at ?? Infinity);
  const lost = truth.played.server.record.outside.filter(({ workflowId }) => workflowId === pageId(page));
  // A page that is cancelled starts nothing more, and finishes what is under way.
  const leftAt = first === undefined ? Math.min(...lost.map(({ at }) => at)) : Infinity;
  return Math.min(
    ended,
    leftAt,
    skippedAt(truth, serverId),
    undoneAt(truth, serverId),
    truth.pageClosedAt(page),
  );
}

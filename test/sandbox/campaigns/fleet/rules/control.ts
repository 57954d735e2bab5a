/** What people say is heard at once, and holds. */
import { expect } from 'vitest';
import type { DecommissionStatus } from '../../../../../src/contract/decommission/types';
import type { FleetTruth } from '../truth';

/** Each Update answers within the workflow task that brings it; `load` starts a page meanwhile. */
export function answersAtOnce({ played: { server }, run }: FleetTruth): void {
  for (const { name, heardAt, answeredAt, answer } of server.record.updates) {
    if (heardAt === null) {
      expect(answer?.kind ?? 'closed', `answer to ${name}, which no run has heard`).toBe('closed');
      continue;
    }
    expect(answer, `answer to ${name} at ${heardAt - run.at} ms`).not.toBeNull();
    if (name !== 'load' && answer?.kind !== 'closed')
      expect(answeredAt, `when ${name} was answered`).toBe(heardAt);
  }
}

/** Nothing starts while the run is paused or stopped. */
export function holdsStill(truth: FleetTruth): void {
  const { told, starts, done, reachMs, run } = truth;
  for (const { at, status } of told) {
    if (status.phase !== 'paused' && status.phase !== 'stopped') continue;
    const resumed = done('resume').flatMap(({ heardAt }) => heardAt ?? []);
    const resumedAt = Math.min(...resumed.filter((heardAt) => heardAt >= at));
    const begun = starts.filter((start) => start.at > at + reachMs && start.at < resumedAt);
    expect(
      begun.map((start) => `server ${start.staged.index} at ${start.at - run.at} ms`),
      `started although the run was ${status.phase} at ${at - run.at} ms`,
    ).toEqual([]);
  }
}

export function startsNothingAfterAbort({ starts, done, reachMs, run, played }: FleetTruth): void {
  const cancels = played.server.record.outside.filter(
    ({ what, workflowId }) => what === 'cancel' && workflowId === run.workflowId,
  );
  const abortedAt = Math.min(
    ...done('abort').map(({ heardAt }) => heardAt ?? 0),
    ...done('undo').flatMap(({ heardAt, argument }) =>
      'servers' in (argument as object) ? [] : (heardAt ?? 0),
    ),
    ...cancels.map(({ at }) => at),
  );
  const begun = starts.filter(({ at }) => at > abortedAt + reachMs);
  expect(
    begun.map(({ staged }) => staged.index),
    'servers started after the abort, or after the whole run was undone',
  ).toEqual([]);
}

/** A stop sticks until its cause is gone. */
export function stopsUntilTheCauseIsGone({ told, done, run }: FleetTruth): void {
  for (const resume of done('resume')) {
    const { failed, maxErrors, phase } = (resume.answer as { value: DecommissionStatus }).value;
    const heardAt = resume.heardAt ?? 0;
    const stopped = told.findLast(({ at, status }) => at < heardAt && status.phase === 'stopped');
    if (stopped === undefined || phase === 'stopped' || maxErrors === null || failed <= maxErrors) continue;
    // What these have changed is known when the pages have said so.
    const changed = [...done('skip'), ...done('retryFailed')].some(
      ({ heardAt: at }) => at !== null && at <= heardAt,
    );
    expect(
      changed,
      `something was changed before the resume at ${heardAt - run.at} ms, with ${failed} failed of ${maxErrors}`,
    ).toBe(true);
  }
}

/** Every run comes to its end, whatever is done to its parts. */
import { expect } from 'vitest';
import { pageId, RUN_ID } from '../operator';
import type { FleetTruth } from '../truth';

/** After so long without a word a page is asked for, and found. */
const NOTICED_MS = 120_000;

/** People have no patience for longer, and the run looks at everything that it waits for every minute. */
const LONGEST_MS = 3 * 3_600_000;

export function comesToItsEnd({ played, run }: FleetTruth): void {
  expect(played.leftOpen, 'open when nothing more happens').toEqual([]);
  const terminated = played.server.record.outside.some(
    ({ what, workflowId }) => what === 'terminate' && workflowId === RUN_ID,
  );
  expect(terminated ? ['completed', 'terminated'] : ['completed'], 'end of the run').toContain(run.end?.kind);
  const awayMs = played.plan.trouble.away?.ms ?? 0;
  expect((run.end?.at ?? Infinity) - run.at, 'ms until the end of the run').toBeLessThan(LONGEST_MS + awayMs);
}

/** A page that was terminated is told as lost within two minutes; nobody looks for it before the list is complete. */
export function noticesLostPages({ played, told, done, reachMs }: FleetTruth): void {
  const loadedAt = done('loaded')[0]?.heardAt ?? Infinity;
  for (const { what, workflowId, at } of played.server.record.outside) {
    if (what !== 'terminate' || !workflowId.startsWith(`${RUN_ID}/`)) continue;
    // A question that nobody has heard the answer of is asked again after its time-out.
    const askedAgainMs = played.plan.trouble.crashes > 0 ? 150_000 : 0;
    const dueAt = Math.max(at, loadedAt) + NOTICED_MS + reachMs + askedAgainMs;
    const late = told.find((each) => each.at > dueAt);
    const page = late?.status.pages.find((each) => each.workflowId === workflowId);
    if (page !== undefined)
      expect(['lost', 'done'], `state of ${workflowId}, terminated`).toContain(page.state);
  }
}

/** Pages are ended by nobody else. */
export function endsItsPages({ played, pageClosedAt }: FleetTruth): void {
  for (const [page] of played.plan.pages.entries()) {
    const { record } = played.server;
    if (record.startsOf(pageId(page)).length > 0)
      expect(pageClosedAt(page), `end of page ${page}`).toBeLessThan(Infinity);
  }
}

/**
 * Asks Temporal for the pages. A page that was terminated, or that failed, says nothing; and of a page that an earlier run of
 * the chain has started the run hears nothing when it ends.
 */
import { pageWorkflowId } from '../../../contract/decommission/names';
import { readOnce } from '../calls';
import type { FleetState } from './state';

/** @returns whether a page was found to be lost */
export async function askForPages(state: FleetState): Promise<boolean> {
  const asked = state.pages.flatMap(({ lost, news }, index) =>
    lost || news?.state === 'done' ? [] : [index],
  );
  if (asked.length === 0) return false;
  const workflowIds = asked.map((index) => pageWorkflowId(state.run, index));
  const what = `are the ${workflowIds.length} pages of ${state.run} there?`;
  const answer = await readOnce('describeRuns', what, { workflowIds }, null);
  if (answer.kind === 'unread') return false;
  state.callsPerSecond = answer.callsPerSecond ?? state.callsPerSecond;
  let found = false;
  for (const index of asked) {
    const page = state.pages[index];
    // Its last word came before it ended, and so before this answer.
    if (page === undefined || page.news?.state === 'done') continue;
    if (answer.open[pageWorkflowId(state.run, index)] !== false) continue;
    page.lost = true;
    found = true;
  }
  return found;
}

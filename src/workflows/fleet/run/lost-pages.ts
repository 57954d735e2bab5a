/**
 * Asks Temporal for the pages. A page that was terminated, or that failed, says nothing; and of a page that an earlier run of
 * the chain has started the run hears nothing when it ends.
 */
import { pageWorkflowId } from '../../../contract/decommission/names';
import { readAt } from '../calls';
import type { FleetState } from './state';

/** Marks those that are lost. */
export async function askForPages(state: FleetState): Promise<void> {
  const asked = state.pages.flatMap(({ lost, news }, index) =>
    lost || news?.state === 'done' ? [] : [index],
  );
  if (asked.length === 0) return;
  const workflowIds = asked.map((index) => pageWorkflowId(state.run, index));
  const what = `${workflowIds.length} page${workflowIds.length === 1 ? '' : 's'} of ${state.run}`;
  const answer = await readAt(null, 'describeRuns', what, { workflowIds });
  if (answer.kind === 'unread') return;
  state.callsPerSecond = answer.callsPerSecond ?? state.callsPerSecond;
  for (const index of asked) {
    const page = state.pages[index];
    // Its last word came before it ended, and so before this answer.
    if (page === undefined || page.news?.state === 'done') continue;
    if (answer.open[pageWorkflowId(state.run, index)] !== false) continue;
    page.lost = true;
  }
}

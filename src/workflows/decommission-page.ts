/**
 * One page of a decommission run's list: at most 100 servers. It plans them, runs them as far as its run allows, keeps
 * their rows, and deletes the kept ports in the end. The run orders, the page tells news; both by signals.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { PageReport } from '../contract/decommission/types';
import { commitPage } from './fleet/page/commit';
import { Page } from './fleet/page/page';
import { planPage } from './fleet/page/plan';
import { work } from './fleet/page/work';
import type { PageInput } from './policy/fleet/agreement';

export async function decommissionPage(input: PageInput): Promise<PageReport> {
  const page = new Page(input);
  // What is under way finishes, whoever cancels the page.
  await CancellationScope.nonCancellable(async () => {
    let planning = false;
    while (!(page.isClosed && isOver(page))) {
      if (page.order.plan && !planning) {
        planning = true;
        page.begin(() => planPage(page));
      }
      work(page);
      if (page.order.commit && !page.committing && !page.orphaned && page.inFlight === 0) {
        page.committing = true;
        page.begin(() => commitPage(page));
      }
      await page.turn();
    }
    // What was never begun has an end, too.
    work(page);
    page.over = true;
    await page.tell();
  });
  return page.report();
}

/** An aborted page stays for its undo window, until its run says that all is over. */
function isOver(page: Page): boolean {
  const isIdle = page.inFlight === 0 && (!page.committing || page.committed);
  return isIdle && (page.order.finish || page.orphaned);
}

/** Works on the servers of a page, some at a time, in their order. */
import type { Page } from './page';
import type { Row } from './rows';

/** @param goesOn asked before each further server */
export async function inLanes<R extends Row>(
  page: Page,
  rows: readonly R[],
  atOnce: number,
  goesOn: () => boolean,
  work: (row: R) => Promise<void>,
): Promise<void> {
  // Shared by the lanes: each takes the next server.
  const left = rows.values();
  const lane = async () => {
    while (goesOn()) {
      const next = left.next();
      if (next.done === true) return;
      await work(next.value);
      page.touch();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

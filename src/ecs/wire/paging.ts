import { callError } from '../errors';
import type { Operation } from './operations';

/** Entries in a page: a port with all its lists takes some 4 KB, and an answer may have 1 MiB. */
export const PAGE = 200;

/** 20,000 entries, more than any subnet in use holds: a longer list counts as endless. */
const MAX_PAGES = 100;

/**
 * All entries of a paged list; each page is requested by the last id of the page before. A list that cannot be read to
 * its end is unreadable: a missing entry must not look absent.
 */
export async function allPages<T extends { id: string }>(
  operation: Operation,
  page: (marker: string | undefined) => Promise<T[]>,
): Promise<T[]> {
  const all = new Map<string, T>();
  let marker: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const rows = await page(marker);
    const before = all.size;
    for (const row of rows) all.set(row.id, row);
    if (rows.length < PAGE) return [...all.values()];
    if (all.size === before)
      throw callError(operation, 'unreadable', 'answered', 'the pages of the list repeat');
    marker = rows.at(-1)?.id;
  }
  throw callError(operation, 'unreadable', 'answered', 'the list has no end');
}

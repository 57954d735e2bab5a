/** The tables of planted bugs in docs/testing.md. */
import { code, table } from '../../../dev/markdown';
import { DELETE_PLANTS } from './delete-plants';
import { FLEET_PLANTS } from './fleet-plants';
import type { Plant } from './plant';
import { UNDO_PLANTS } from './undo-plants';

export const PLANTS: Readonly<Record<string, readonly Plant[]>> = {
  delete: DELETE_PLANTS,
  undo: UNDO_PLANTS,
  fleet: FLEET_PLANTS,
};

/** The page with its tables as the plants are now. Throws when it has no place for one. */
export function withTables(page: string): string {
  return Object.entries(PLANTS).reduce((text, [campaign, plants]) => {
    const begin = `<!-- planted bugs of “${campaign}”, written by npm run docs -->\n`;
    const end = '\n<!-- end of the planted bugs -->';
    const [before, rest, ...more] = text.split(begin);
    const at = rest?.indexOf(end) ?? -1;
    if (before === undefined || rest === undefined || at < 0 || more.length > 0)
      throw new Error(`not exactly one place for the planted bugs of “${campaign}”`);
    return before + begin + tableOf(plants) + rest.slice(at);
  }, page);
}

function tableOf(plants: readonly Plant[]): string {
  return table(
    ['bug', 'planted in', 'caught by'],
    plants.map(({ name, file, also = [], caughtBy }) => [
      name,
      [...new Set([file, ...also.map((each) => each.file)])].map((each) => code(`src/${each}`)).join(', '),
      typeof caughtBy === 'number' ? `seed ${caughtBy}` : `“${caughtBy}”`,
    ]),
  );
}

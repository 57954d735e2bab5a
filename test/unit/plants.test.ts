/** Each planted bug has its one place in the sources: a change that moves it is told of here within a second. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../dev/root';
import { PLANTS } from '../sandbox/plants/tables';

it.each(Object.values(PLANTS).flat())('“$name” can be planted', (plant) => {
  for (const { file, from } of [plant, ...(plant.also ?? [])])
    expect(readFileSync(join(root, 'src', file), 'utf8').split(from), file).toHaveLength(2);
});

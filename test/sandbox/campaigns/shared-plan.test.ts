import { expect, it } from 'vitest';
import { chooser } from '../../../dev/draw';
import { setsOf } from './shared-plan';

it('no schedule loses ports from two answers', () => {
  const lost = Array.from({ length: 20_000 }, (_, seed) =>
    setsOf(chooser(seed)).faults.filter(({ match }) => match?.class === 'ports'),
  );
  expect(lost.some((faults) => faults.length === 1)).toBe(true);
  expect(lost.filter((faults) => faults.length > 1 || (faults[0]?.times ?? 1) > 1)).toEqual([]);
});

import { generator } from './generator';

export type Random = ReturnType<typeof chooser>;

/** Repeatable random choices. */
export function chooser(seed: number) {
  const fraction = generator(seed);
  const below = (limit: number) => Math.floor(fraction() * limit);
  const chance = (share: number) => fraction() < share;
  return {
    fraction,
    below,
    chance,
    pick: <T>(items: readonly T[]): T => items[below(items.length)] as T,
    /** Of the numbers below `count` each one with that chance, with a value. */
    some: <T>(count: number, share: number, value: () => T): [number, T][] =>
      Array.from({ length: count }, (_, number) => number)
        .filter(() => chance(share))
        .map((number) => [number, value()]),
  };
}

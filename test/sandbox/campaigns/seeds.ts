/** Which seeds a part of a campaign plays: the same ones always, and in CI some that nobody has played before. */
import { randomInt } from 'node:crypto';

export interface Seeds {
  fixed: number[];
  fresh: number[];
  /** Where the fresh ones begin. */
  freshFrom: number | null;
}

/** Of the fixed ones as many as a campaign needs to come to every rare event. */
const SCHEDULES = 500;
/** For so many fixed ones a fresh one is drawn: a fifth of all. */
const FIXED_PER_FRESH = 4;
/** Above all seeds that anybody plays in order, and short enough to be typed. */
const FRESH = { from: 1_000_000, to: 10_000_000 } as const;

/**
 * `SEED=17` plays only that one, `SCHEDULES=10000` so many, `FIRST=2000` those after these, `FRESH=123456` the fresh ones from there
 * on again. Whoever names a seed gets no others.
 */
export function seedsOf(env: NodeJS.ProcessEnv, part: number, parts: number): Seeds {
  const given = (name: string) => (env[name] === undefined ? null : Number(env[name]));
  const only = given('SEED');
  if (only !== null) return { fixed: part === 1 ? [only] : [], fresh: [], freshFrom: null };
  const schedules = given('SCHEDULES') ?? SCHEDULES;
  const isMine = (seed: number) => seed % parts === part % parts;
  const from = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => first + index).filter(isMine);
  const drawn = env.CI && given('FIRST') === null ? randomInt(FRESH.from, FRESH.to) : null;
  const freshFrom = given('FRESH') ?? drawn;
  return {
    fixed: from((given('FIRST') ?? 0) + 1, schedules),
    fresh: freshFrom === null ? [] : from(freshFrom, Math.ceil(schedules / FIXED_PER_FRESH / parts) * parts),
    freshFrom,
  };
}

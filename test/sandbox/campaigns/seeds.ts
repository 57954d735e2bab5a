/** Which seeds a part of a campaign plays: the same ones always, and some that nobody has played before the last change. */
import { digestOf } from '../engine/digest';

export interface Seeds {
  fixed: number[];
  fresh: number[];
  /** Where the fresh ones begin. */
  freshFrom: number | null;
}

/** Of the fixed ones as many as a campaign needs to come to every rare event. */
const SCHEDULES = 500;
/** For so many fixed ones there is a fresh one: a fifth of all. */
const FIXED_PER_FRESH = 4;
/** Above all seeds that anybody plays in order, and short enough to be typed. */
const FRESH = { from: 1_000_000, to: 10_000_000 } as const;
/** 48 bits of a digest are far more than there are seeds, and an exact number. */
const DIGITS = 12;

/**
 * `SEED=17` plays only that one, `SCHEDULES=10000` so many, `FIRST=2000` those after these, `FRESH=123456` the fresh ones from there
 * on. Whoever names a seed gets no others.
 * @param sources the digest of what is judged and of what judges it, in hex
 * @param usual fixed ones of the campaign
 */
export function seedsOf(
  env: NodeJS.ProcessEnv,
  part: number,
  parts: number,
  sources = digestOf(['src', 'test/sandbox']),
  usual: number = SCHEDULES,
): Seeds {
  const given = (name: string) => (env[name] === undefined ? null : Number(env[name]));
  const only = given('SEED');
  if (only !== null) return { fixed: part === 1 ? [only] : [], fresh: [], freshFrom: null };
  const schedules = given('SCHEDULES') ?? usual;
  const isMine = (seed: number) => seed % parts === part % parts;
  const from = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => first + index).filter(isMine);
  const freshFrom = given('FRESH') ?? (given('FIRST') === null ? freshAfter(sources) : null);
  return {
    fixed: from((given('FIRST') ?? 0) + 1, schedules),
    fresh: freshFrom === null ? [] : from(freshFrom, Math.ceil(schedules / FIXED_PER_FRESH / parts) * parts),
    freshFrom,
  };
}

/**
 * Every change of the sources comes to other seeds. The same sources come to the same ones: a gate that is green before a commit
 * is green after it, on every machine.
 */
function freshAfter(sources: string): number {
  return FRESH.from + (Number.parseInt(sources.slice(0, DIGITS), 16) % (FRESH.to - FRESH.from));
}

/** Counts and shares of a plan: `10`, `"10"`, `"25%"`; and the waves, which are a list of them. */
import { shown } from '../values';

export type Share = { count: number } | { percent: number };

/** At most so many servers are in a run: 10,000 are a normal one. */
export const MAX_SERVERS = 100_000;
export const MAX_WAVES = 50;

const PERCENT = /^(\d{1,3}(?:\.\d{1,3})?) *%$/;
const FORM = 'a whole number, or a share such as "2%"';

/** @returns the share, or what is wrong with the value */
export function readShare(value: unknown, least = 0): Share | { problem: string } {
  const text = typeof value === 'string' ? value.trim() : value;
  const percent = typeof text === 'string' ? PERCENT.exec(text)?.[1] : undefined;
  if (percent !== undefined) {
    const share = Number(percent);
    return share >= 0 && share <= 100 && (least === 0 || share > 0)
      ? { percent: share }
      : { problem: `${shown(value)} is out of range; shares are above 0% and at most 100%` };
  }
  const count = typeof text === 'string' && /^\d{1,7}$/.test(text) ? Number(text) : text;
  if (typeof count !== 'number' || !Number.isSafeInteger(count))
    return { problem: `${shown(value)} is not ${FORM}` };
  return count >= least && count <= MAX_SERVERS
    ? { count }
    : { problem: `${shown(value)} is out of range; counts are ${least} to ${MAX_SERVERS}` };
}

/** @returns the waves, as cumulative sizes, or what is wrong with them */
export function readWaves(value: unknown): Share[] | { problem: string } {
  const list = typeof value === 'string' ? value.split(',') : typeof value === 'number' ? [value] : value;
  if (!Array.isArray(list) || list.length === 0)
    return { problem: 'must be a text such as "1,10,100,25%,100%", or a list of numbers and shares' };
  if (list.length > MAX_WAVES) return { problem: `${list.length} waves; at most ${MAX_WAVES} are allowed` };
  const waves: Share[] = [];
  for (const each of list) {
    const share = readShare(each, 1);
    if ('problem' in share) return share;
    const before = waves.at(-1);
    if (before !== undefined && !grows(before, share))
      return {
        problem: `${textOf(share)} comes after ${textOf(before)}; sizes are cumulative and must grow`,
      };
    waves.push(share);
  }
  return waves;
}

/** A count and a share compare only once the plan stands. */
function grows(before: Share, next: Share): boolean {
  if ('count' in before && 'count' in next) return next.count > before.count;
  if ('percent' in before && 'percent' in next) return next.percent > before.percent;
  return true;
}

export function textOf(share: Share): string {
  return 'count' in share ? String(share.count) : `${share.percent}%`;
}

/** Of a plan of `total`: shares round up for sizes. A tolerance rounds down, so that it never is more than was said. */
export function fixed(share: Share, total: number, round: 'up' | 'down'): number {
  if ('count' in share) return share.count;
  // Thousandths of a percent are whole numbers: no fraction of a float may round 100 % up to one server more.
  const thousandths = Math.round(share.percent * 1_000) * total;
  return round === 'up' ? Math.ceil(thousandths / 100_000) : Math.floor(thousandths / 100_000);
}

/** Waves: ranges of the plan, in the order of the list. Pure. */
import type { PauseAfter } from '../../../contract/decommission/options';
import type { Share } from '../../../contract/decommission/shares';
import { fixed } from '../../../contract/decommission/shares';

/**
 * The waves of a plan as cumulative sizes, growing, the last one the whole plan: a wave that adds no server is left out,
 * and what the setting leaves over is one more wave.
 */
export function wavesOf(setting: readonly Share[], servers: number): number[] {
  const sizes: number[] = [];
  for (const share of setting) {
    const size = Math.min(fixed(share, servers, 'up'), servers);
    if (size > (sizes.at(-1) ?? 0)) sizes.push(size);
  }
  if ((sizes.at(-1) ?? 0) < servers) sizes.push(servers);
  return sizes;
}

/** @param wave the one that has ended, from 0 */
export function pausesAfter(setting: PauseAfter, wave: number, waves: readonly number[]): boolean {
  if (wave >= waves.length - 1) return false;
  return setting === 'every' || (setting === 'first' && wave === 0);
}

/**
 * How many of a page's planned servers may be started when the first `bound` of the plan may.
 * @param before planned servers of the pages before it
 */
export function partOf(bound: number, before: number, planned: number): number {
  return Math.max(0, Math.min(planned, bound - before));
}

/**
 * What a sample proves: with 95 % confidence fewer than this share, in percent, would fail. The exact bound (Clopper and
 * Pearson), found by halving.
 */
export function failureBound(failed: number, sample: number): number {
  if (sample === 0 || failed >= sample) return 100;
  let low = failed / sample;
  let high = 1;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (atMost(failed, sample, middle) > 0.05) low = middle;
    else high = middle;
  }
  return 100 * high;
}

/** The chance of at most `failed` failures among `sample`, each failing with chance `p`. */
function atMost(failed: number, sample: number, p: number): number {
  let term = Math.exp(sample * Math.log1p(-p));
  let sum = term;
  for (let k = 0; k < failed; k++) {
    term *= ((sample - k) / (k + 1)) * (p / (1 - p));
    sum += term;
  }
  return sum;
}

/** One sentence for the people who decide whether the next wave may go. */
export function provenBy(failed: number, sample: number): string {
  const bound = failureBound(failed, sample);
  // Found by halving: 95 % may be a little more.
  const exact = bound - 1e-6;
  const share = exact >= 10 ? Math.ceil(exact) : Math.ceil(exact * 10) / 10;
  const proven = share >= 100 ? 'that proves nothing' : `with 95 % confidence fewer than ${share} % would`;
  return `${failed} of ${sample} failed: ${proven}`;
}

/** What our worker says of itself, where the cloud's ledger can't know. Pure. */

const FALLBACKS = 'ecs_nics_set_read_fallbacks_total';

/**
 * Every read by a set has to be answered whole: the cloud here answers all of them, and what is read one by one after all
 * would make the figures those of something else.
 * @param text the worker's metrics
 * @throws Error when a set fell short, or when the worker does not tell
 */
export function checkNoFallbacks(text: string): void {
  const series = text.split('\n').filter((line) => line.startsWith(FALLBACKS));
  if (series.length === 0) throw new Error(`the worker has no metric ${FALLBACKS}`);
  const short = series.filter((line) => Number(line.slice(line.lastIndexOf(' '))) !== 0);
  if (short.length > 0) throw new Error(`reads by sets fell short: ${short.join(', ')}`);
}

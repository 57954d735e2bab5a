/** Samples and what is said of them. Pure. */

export interface Summary {
  min: number;
  median: number;
  max: number;
  samples: number[];
}

/** @throws Error without samples: a figure that nothing stands behind must not appear in a table */
export function summarise(samples: readonly number[]): Summary {
  if (samples.length === 0 || !samples.every(Number.isFinite)) {
    throw new Error(
      `not measurable: ${samples.length === 0 ? 'no samples' : `samples ${samples.join(', ')}`}`,
    );
  }
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] as number;
  const middle = (sorted.length - 1) / 2;
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
    samples: [...samples],
  };
}

/** Of the medians; `null` when there is nothing to divide by. */
export function ratio(ours: Summary, naive: Summary): number | null {
  return naive.median === 0 ? null : ours.median / naive.median;
}

/** The middle value; the mean of the two middle ones for an even count. Throws RangeError when there is no sample. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/**
 * Quantile of type 7, linear between order statistics: the default of R and NumPy (Hyndman and Fan, "Sample Quantiles in
 * Statistical Packages", 1996). `probability` is in 0..1. Throws RangeError when there is no sample.
 */
export function quantile(samples: readonly number[], probability: number): number {
  return sortedQuantile([...samples].sort(ascending), probability);
}

/** `quantile` for samples already in ascending order. */
export function sortedQuantile(sorted: readonly number[], probability: number): number {
  if (!(probability >= 0 && probability <= 1)) throw new RangeError(`probability ${probability} is not in 0..1`);
  const position = (sorted.length - 1) * probability;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('no samples');
  return below + (above - below) * (position - Math.floor(position));
}

/** Median absolute deviation from the median, unscaled. Multiply by 1.4826 to compare with a normal's deviation. */
export function medianAbsoluteDeviation(samples: readonly number[]): number {
  const centre = median(samples);
  return median(samples.map((sample) => Math.abs(sample - centre)));
}

export function ascending(a: number, b: number): number {
  return a - b;
}

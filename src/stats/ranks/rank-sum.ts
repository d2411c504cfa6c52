/** Above this many additions (120 samples in all take 80 million) the null distribution is not worth its time. */
const MOST_ADDITIONS = 1e8;

/**
 * Exact two-sided p of a rank sum, ties included: the share of all ways to choose `size` of the ranks whose sum is at least
 * as far from the mean sum as `seen`. Counts the ways by sum and not one by one, so that 20 boots per arm cost what 5 do
 * (the shift algorithm of Streitberg and Röhmel, "Exact distributions for permutation and rank tests", 1986).
 *
 * @param ranks midranks of all samples: whole numbers or halves
 * @returns `undefined` when there are too many ranks
 */
export function exactRankSumP(ranks: readonly number[], size: number, seen: number): number | undefined {
  // Doubled, midranks are whole numbers.
  const weights = ranks.map((rank) => Math.round(2 * rank));
  const most = [...weights]
    .sort((a, b) => b - a)
    .slice(0, size)
    .reduce((sum, weight) => sum + weight, 0);
  const width = most + 1;
  if (weights.length * size * width > MOST_ADDITIONS) return undefined;
  // ways[k * width + s]: how many choices of k weights have the sum s.
  const ways = new Float64Array((size + 1) * width);
  ways[0] = 1;
  weights.forEach((weight, taken) => {
    for (let k = Math.min(size, taken + 1); k >= 1; k -= 1) {
      const [to, from] = [k * width, (k - 1) * width - weight];
      for (let sum = most; sum >= weight; sum -= 1) ways[to + sum] = (ways[to + sum] ?? 0) + (ways[from + sum] ?? 0);
    }
  });
  const centre = (weights.reduce((sum, weight) => sum + weight, 0) * size) / weights.length;
  // Whole numbers and their mean: the slack only takes up what the division rounded.
  const distance = Math.abs(2 * seen - centre) - 1e-6;
  let [extreme, all] = [0, 0];
  for (let sum = 0; sum < width; sum += 1) {
    const count = ways[size * width + sum] ?? 0;
    all += count;
    if (Math.abs(sum - centre) >= distance) extreme += count;
  }
  return extreme / all;
}

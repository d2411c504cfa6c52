/** Ranks from 1, equal values sharing the mean of the ranks they take up. */
export function midranks(samples: readonly number[]): number[] {
  const order = samples.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(samples.length).fill(0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && order[to + 1]?.value === order[from]?.value) to += 1;
    for (const { index } of order.slice(from, to + 1)) ranks[index] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/**
 * How many of the splits of n + m samples have a Mann-Whitney U of 0, 1, …, n·m, when there are no ties. The recurrence
 * is Mann and Whitney's (1947): the largest sample belongs to the first arm, and beats all m of the second, or it does
 * not. Counts are floats: beyond 2^53 they lose digits that a probability does not need.
 */
export function mannWhitneyCounts(n: number, m: number): number[] {
  const size = n * m + 1;
  // row[k] holds the counts for k samples of the first arm and j of the second, j growing by one per round.
  let rows = Array.from({ length: n + 1 }, () => unit(size));
  for (let j = 1; j <= m; j += 1) {
    const next = [unit(size)];
    for (let i = 1; i <= n; i += 1) {
      const withLargest = next[i - 1] ?? [];
      const without = rows[i] ?? [];
      next.push(without.map((count, u) => count + (u >= j ? (withLargest[u - j] ?? 0) : 0)));
    }
    rows = next;
  }
  return rows[n] ?? [];
}

/** How many of the 2^n sign patterns of n pairs have a signed-rank sum W+ of 0, 1, …, n(n + 1)/2, without ties. */
export function signedRankCounts(n: number): number[] {
  const size = (n * (n + 1)) / 2 + 1;
  let counts = unit(size);
  for (let rank = 1; rank <= n; rank += 1) {
    const before = counts;
    counts = before.map((count, w) => count + (w >= rank ? (before[w - rank] ?? 0) : 0));
  }
  return counts;
}

function unit(size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  counts[0] = 1;
  return counts;
}

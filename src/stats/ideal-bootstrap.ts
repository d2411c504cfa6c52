import type { Interval } from './interval.ts';
import { choose } from './ranks/permutation.ts';
import { ascending } from './summary.ts';

/** A value that a resample's median can take, and how likely it is. */
interface Atom {
  readonly value: number;
  readonly probability: number;
}

/**
 * Percentile bootstrap interval of median(a) / median(b), each arm resampled by itself, as an endless number of resamples
 * would give it: the medians that resamples can have and their probabilities are known (Efron, "Bootstrap methods", 1979,
 * section 3, for odd counts; for even ones the same count taken over the two middle order statistics).
 */
export function idealRatioInterval(a: readonly number[], b: readonly number[], confidence: number): Interval {
  const [above, below] = [medianAtoms(a), medianAtoms(b)];
  const tail = (1 - confidence) / 2;
  return [ratioQuantile(above, below, tail), ratioQuantile(above, below, 1 - tail)];
}

/** The distribution of the median of n draws with replacement from n samples, ascending. */
export function medianAtoms(samples: readonly number[]): readonly Atom[] {
  const sorted = [...samples].sort(ascending);
  const n = sorted.length;
  // The k-th smallest of the draws, and the one after it where the count is even.
  const k = Math.ceil(n / 2);
  const isOdd = n % 2 === 1;
  const atMost = Array.from({ length: n + 1 }, (_, i) => binomialTail(n, k, i / n));
  const share = (i: number, power: number): number => ((i + 1) / n) ** power - (i / n) ** power;
  const ways = choose(n, k);
  return sorted
    .flatMap((value, i): Atom[] => {
      const own = (atMost[i + 1] ?? 0) - (atMost[i] ?? 0);
      if (isOdd) return [{ value, probability: own }];
      // k draws up to sample i, one of them i itself, and the other n − k from a sample j on.
      const apart = sorted.slice(i + 1).map((next, offset): Atom => {
        const j = i + 1 + offset;
        return { value: (value + next) / 2, probability: ways * share(i, k) * share(n - 1 - j, n - k) };
      });
      const both = own - apart.reduce((sum, atom) => sum + atom.probability, 0);
      return [{ value, probability: both }, ...apart];
    })
    .sort((one, other) => one.value - other.value);
}

/** P(at least k of n draws succeed). */
function binomialTail(n: number, k: number, p: number): number {
  let sum = 0;
  for (let hits = k; hits <= n; hits += 1) sum += choose(n, hits) * p ** hits * (1 - p) ** (n - hits);
  return sum;
}

/** The least ratio below or at which at least `probability` of all ratios lie, to 12 digits. */
function ratioQuantile(above: readonly Atom[], below: readonly Atom[], probability: number): number {
  const end = (atoms: readonly Atom[], at: number): number => atoms.at(at)?.value ?? Number.NaN;
  let low = end(above, 0) / end(below, -1);
  let high = end(above, -1) / end(below, 0);
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (shareUpTo(above, below, middle) < probability) low = middle;
    else high = middle;
  }
  return high;
}

/** P(A / B ≤ ratio); both ascend, so one walk over A serves all of B. */
function shareUpTo(above: readonly Atom[], below: readonly Atom[], ratio: number): number {
  let [total, reached, next] = [0, 0, 0];
  for (const { value, probability } of below) {
    const limit = ratio * value;
    for (let atom = above[next]; atom !== undefined && atom.value <= limit; atom = above[next]) {
      reached += atom.probability;
      next += 1;
    }
    total += probability * reached;
  }
  return total;
}

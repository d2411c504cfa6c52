import type { Random } from '../random.ts';
import { midranks } from '../ranks/ranks.ts';

/** Where a series breaks, and how likely a break this sharp is when its order means nothing. */
export interface Break {
  /** Index of the first value after the break. */
  readonly index: number;
  readonly p: number;
}

/** Shorter stretches have none: five against five is the least that can come below the significance. */
const MIN_VALUES = 10;
/** Values on either side of a break, so that one late run is none. */
const MIN_SIDE = 3;
/** Far below 5 %: a history has many series, and each is looked at after every run. */
const SIGNIFICANCE = 0.01;
const PERMUTATIONS = 1_999;

interface Split {
  readonly at: number;
  /** Distance of the left side's rank sum from its mean, in its standard deviations. */
  readonly distance: number;
}

/** The split whose sides differ most in rank (the rank-sum form of Pettitt's test, "A non-parametric approach …", 1979). */
function sharpestSplit(ranks: readonly number[]): Split {
  const n = ranks.length;
  let best: Split = { at: 0, distance: 0 };
  let sum = 0;
  ranks.forEach((rank, index) => {
    sum += rank;
    const left = index + 1;
    if (left < MIN_SIDE || n - left < MIN_SIDE) return;
    const deviation = Math.sqrt((left * (n - left) * (n + 1)) / 12);
    const distance = Math.abs(sum - (left * (n + 1)) / 2) / deviation;
    if (distance > best.distance) best = { at: left, distance };
  });
  return best;
}

function shuffled(values: readonly number[], random: Random): number[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const pick = Math.floor(random() * (last + 1));
    [result[last], result[pick]] = [result[pick] ?? Number.NaN, result[last] ?? Number.NaN];
  }
  return result;
}

/**
 * The breaks of a series in time. The sharpest split by ranks is held against those of the same values in random orders; if
 * one order in a hundred or fewer splits as sharply, it is a break, and both sides are searched in turn (binary
 * segmentation: Vostrikova, 1981; permutation as in E-divisive: Matteson and James, "A nonparametric approach for multiple
 * change point analysis of multivariate data", 2014). Ranks make one late run count as the slowest and no more.
 *
 * @returns ascending by index; none for fewer than ten values
 */
export function findBreaks(values: readonly number[], random: Random): Break[] {
  const search = (from: number, to: number): Break[] => {
    if (to - from < MIN_VALUES) return [];
    const ranks = midranks(values.slice(from, to));
    const { at, distance } = sharpestSplit(ranks);
    if (at === 0) return [];
    let asSharp = 0;
    for (let draw = 0; draw < PERMUTATIONS; draw += 1) {
      if (sharpestSplit(shuffled(ranks, random)).distance >= distance - 1e-9) asSharp += 1;
    }
    const p = (asSharp + 1) / (PERMUTATIONS + 1);
    if (p > SIGNIFICANCE) return [];
    return [...search(from, from + at), { index: from + at, p }, ...search(from + at, to)];
  };
  return search(0, values.length);
}

import { normalCdf, normalDensity } from './normal.ts';
import { choose } from './ranks/permutation.ts';

/** A count of boots per arm after which the verdict is asked for, and what it may cost. */
export interface Look {
  readonly bootsPerArm: number;
  /** A test at this look must have a p below this. */
  readonly nominalP: number;
  /** Share of the error that is spent once this look has been taken. */
  readonly spentAlpha: number;
  /** False where even arms that are wholly apart have no p this small: such a look costs nothing. */
  readonly canReject: boolean;
}

/** How much of `alpha` may be spent when the share `t` (0..1) of the boots has been made. */
export type Spending = (t: number, alpha: number) => number;

/** Spends early, so that a large effect ends a run soon (Lan and DeMets, 1983, their function like Pocock's boundary). */
const pocockSpending: Spending = (t, alpha) => alpha * Math.log(1 + (Math.E - 1) * t);

/** Points of the grid on which the density is carried from look to look; more move no boundary by 0.001. */
const GRID = 160;

/** Density of the rank statistic, as a Brownian motion in time 0..1, on paths that no look has stopped yet. */
interface Surviving {
  readonly at: number;
  readonly points: readonly number[];
  /** Probability mass at each point. */
  readonly masses: readonly number[];
}

/**
 * The boundary of a group-sequential test: which p each look must come below so that all looks together reject without an
 * effect no more often than `alpha`. Error is spent by `spending` (Lan and DeMets, "Discrete sequential boundaries for
 * clinical trials", Biometrika 70, 1983); how far the looks repeat one another is taken into account by integrating over the
 * paths that no earlier look has stopped (Armitage, McPherson and Rowe, 1969). The test itself stays the exact permutation
 * test, whose p moves in steps: it rejects less often than the normal limit would, never more often; a look whose
 * smallest p is above its boundary spends nothing and leaves its share to the next.
 *
 * @param counts boots per arm at each look, ascending; the last is the most there can be
 */
export function planLooks(counts: readonly number[], alpha: number, spending: Spending = pocockSpending): Look[] {
  const most = counts.at(-1) ?? 1;
  const looks: Look[] = [];
  let surviving: Surviving = { at: 0, points: [0], masses: [1] };
  let spent = 0;
  for (const bootsPerArm of counts) {
    const at = bootsPerArm / most;
    const toSpend = Math.max(0, spending(at, alpha) - spent);
    const z = boundary(surviving, at, toSpend);
    const nominalP = 2 * (1 - normalCdf(z));
    const canReject = 2 / choose(2 * bootsPerArm, bootsPerArm) < nominalP;
    if (canReject) {
      surviving = survivors(surviving, at, z * Math.sqrt(at));
      spent += toSpend;
    }
    looks.push({ bootsPerArm, nominalP, spentAlpha: spent, canReject });
  }
  return looks;
}

function boundary(surviving: Surviving, at: number, toSpend: number): number {
  let [low, high] = [0, 8];
  while (high - low > 1e-7) {
    const middle = (low + high) / 2;
    if (exitProbability(surviving, at, middle * Math.sqrt(at)) > toSpend) low = middle;
    else high = middle;
  }
  return high;
}

/** Probability that a path which got this far is beyond ±bound at time `at`. */
function exitProbability({ at: from, points, masses }: Surviving, at: number, bound: number): number {
  const deviation = Math.sqrt(at - from);
  return points.reduce((sum, point, index) => {
    const outside = normalCdf((point - bound) / deviation) + normalCdf((-bound - point) / deviation);
    return sum + (masses[index] ?? 0) * outside;
  }, 0);
}

/** Carries the density on to time `at` within ±bound, on a grid for Simpson's rule. */
function survivors({ at: from, points, masses }: Surviving, at: number, bound: number): Surviving {
  const deviation = Math.sqrt(at - from);
  const step = (2 * bound) / GRID;
  const grid = Array.from({ length: GRID + 1 }, (_, index) => -bound + step * index);
  const weight = (index: number): number => ((index === 0 || index === GRID ? 1 : index % 2 === 1 ? 4 : 2) * step) / 3;
  const carried = grid.map((x, index) => {
    const density = points.reduce(
      (sum, point, from) => sum + ((masses[from] ?? 0) * normalDensity((x - point) / deviation)) / deviation,
      0,
    );
    return density * weight(index);
  });
  return { at, points: grid, masses: carried };
}

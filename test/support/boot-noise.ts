import { createRandom } from '../../src/stats/random.ts';
import { scoreMetric } from '../../src/stats/score.ts';
import type { ScoredMetric } from '../../src/stats/score.ts';
import { planLooks } from '../../src/stats/sequential.ts';
import type { Verdict } from '../../src/model/verdicts/measure.ts';

/** How a shared machine bends boot times. */
export interface Noise {
  /** Deviation of the log of a boot's time: 0.01 is 1 %. */
  readonly sigma: number;
  /** Share of boots that come 10 to 30 % late. */
  readonly lateShare: number;
  /** By how much the machine gets slower from the first boot of the run to the last. */
  readonly drift: number;
}

const METRIC: ScoredMetric = { id: 'total_boot', unit: 's', better: 'lower', exact: false, endPoints: 'start → ready' };
const MEDIAN_SEC = 30;

interface Arms {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
}

/** The boots of one run in the order A B B A; `effect` 1.05 makes the candidate 5 % faster. */
function bootsOf(random: () => number, count: number, effect: number, noise: Noise): Arms {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const boot = (order: number): number => {
    const late = random() < noise.lateShare ? 1.1 + 0.2 * random() : 1;
    const drift = 1 + (noise.drift * order) / (2 * count);
    return MEDIAN_SEC * Math.exp(noise.sigma * normal()) * late * drift;
  };
  const rounds = Array.from({ length: count }, (_, round) => {
    const [first, second] = [boot(2 * round), boot(2 * round + 1)];
    return round % 2 === 0 ? { before: first, after: second } : { before: second, after: first };
  });
  return {
    baseline: rounds.map(({ before }) => before),
    candidate: rounds.map(({ after }) => after / effect),
  };
}

function verdictOf({ baseline, candidate }: Arms, significance: number): Verdict {
  const [before, after] = [
    { arm: 'stock', samples: baseline },
    { arm: 'docker-min', samples: candidate },
  ];
  return scoreMetric(METRIC, before, after, { significance }).verdict;
}

/** Verdict and boots per arm of each simulated run. */
export interface Simulated {
  readonly verdicts: readonly Verdict[];
  readonly boots: readonly number[];
}

/** Runs with a fixed number of boots. */
export function simulateFixed(runs: number, count: number, effect: number, noise: Noise, seed: number): Simulated {
  const random = createRandom(seed);
  const verdicts = Array.from({ length: runs }, () => verdictOf(bootsOf(random, count, effect, noise), 0.05));
  return { verdicts, boots: verdicts.map(() => count) };
}

/** Runs that look after every second boot an arm, up to `most`. */
export function simulateSequential(runs: number, most: number, effect: number, noise: Noise, seed: number): Simulated {
  const random = createRandom(seed);
  const counts = Array.from({ length: most / 2 }, (_, look) => 2 * (look + 1));
  const looks = planLooks(counts, 0.05);
  const ends = Array.from({ length: runs }, (): { verdict: Verdict; boots: number } => {
    const all = bootsOf(random, most, effect, noise);
    for (const { bootsPerArm, nominalP } of looks) {
      const taken = { baseline: all.baseline.slice(0, bootsPerArm), candidate: all.candidate.slice(0, bootsPerArm) };
      const verdict = verdictOf(taken, nominalP);
      if (verdict !== 'undecided') return { verdict, boots: bootsPerArm };
    }
    return { verdict: 'undecided', boots: most };
  });
  return { verdicts: ends.map(({ verdict }) => verdict), boots: ends.map(({ boots }) => boots) };
}

/** Share of the runs that ended with one of these verdicts. */
export function shareOf({ verdicts }: Simulated, ...wanted: readonly Verdict[]): number {
  return verdicts.filter((verdict) => wanted.includes(verdict)).length / verdicts.length;
}

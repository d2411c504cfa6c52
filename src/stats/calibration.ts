import type { LookCost, Noise } from '../model/verdicts/calibration.ts';
import type { Clock } from '../model/verdicts/measure.ts';
import { factorialLedger } from './factorial.ts';
import type { Interval } from './interval.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import { scoreMetric } from './score.ts';
import type { ScoredMetric } from './score.ts';
import { median, medianAbsoluteDeviation } from './summary.ts';

/** Random splits of the A/A boots that are judged. */
const SPLITS = 1_000;
/** Arms of fewer boots can decide nothing, so they raise no alarm either. */
const MIN_PER_ARM = 4;
/** Larger arms than a run has would be judged more surely than a run can. */
const MOST_PER_ARM = 8;
const MAD_TO_SIGMA = 1.4826;
const NORMAL_TAIL_POINT = 1.959964;

type TimedMetric = ScoredMetric & { readonly clock: Clock };

/** Noise of one metric from two arms that are the same. */
export function noiseOf(metric: TimedMetric, a: readonly number[], b: readonly number[], seed = 1): Noise {
  const all = [...a, ...b];
  const centre = median(all);
  const alarms = metric.clock === 'virtual' ? undefined : falseAlarms(metric, all, createRandom(seed));
  return {
    metric: metric.id,
    clock: metric.clock,
    endPoints: metric.endPoints,
    samples: all.length,
    medianSec: centre,
    spread: (MAD_TO_SIGMA * medianAbsoluteDeviation(all)) / centre,
    range: Math.max(...all) / Math.min(...all) - 1,
    verdict: scoreMetric(metric, { arm: 'a', samples: a }, { arm: 'b', samples: b }).verdict,
    ...(alarms === undefined ? {} : { falseAlarms: alarms }),
  };
}

/**
 * How often our own verdict is `better` or `worse` when there is nothing to find: the boots of both arms are split at random
 * into two halves, and each split is judged as a run would be. Splits of the same boots overlap, so the interval (Wilson,
 * 1927) tells the error of the drawing, not that of having so few boots.
 */
function falseAlarms(metric: TimedMetric, all: readonly number[], random: Random): Noise['falseAlarms'] {
  const bootsPerArm = Math.min(MOST_PER_ARM, Math.floor(all.length / 2));
  if (bootsPerArm < MIN_PER_ARM) return undefined;
  let alarms = 0;
  for (let split = 0; split < SPLITS; split += 1) {
    const mixed = shuffled(all, random);
    const { verdict } = scoreMetric(
      metric,
      { arm: 'a', samples: mixed.slice(0, bootsPerArm) },
      { arm: 'b', samples: mixed.slice(bootsPerArm, 2 * bootsPerArm) },
    );
    if (verdict === 'better' || verdict === 'worse') alarms += 1;
  }
  return { splits: SPLITS, bootsPerArm, alarms, share: alarms / SPLITS, ci95: wilson(alarms, SPLITS) };
}

function wilson(hits: number, trials: number): Interval {
  const share = hits / trials;
  const z2 = NORMAL_TAIL_POINT ** 2 / trials;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (NORMAL_TAIL_POINT * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials))) / (1 + z2);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Fisher and Yates's shuffle of a copy. */
function shuffled(values: readonly number[], random: Random): number[] {
  const copy = [...values];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const pick = Math.floor(random() * (last + 1));
    const [one, other] = [copy[last], copy[pick]];
    if (one === undefined || other === undefined) continue;
    copy[last] = other;
    copy[pick] = one;
  }
  return copy;
}

/** What one way of looking costs: its boots against those of both identical arms, which look as little as can be. */
export function lookCost(
  look: string,
  metric: TimedMetric,
  without: readonly number[],
  samples: readonly number[],
  resolutionSec: number | undefined,
): LookCost {
  const {
    total: { effectSec, ci95, verdict, reason },
  } = factorialLedger(
    [look],
    [
      { on: [], samples: without },
      { on: [look], samples },
    ],
    resolutionSec === undefined ? {} : { resolutionSec },
  );
  return {
    look,
    metric: metric.id,
    clock: metric.clock,
    withoutSec: median(without),
    withSec: median(samples),
    effectSec,
    ci95,
    verdict,
    reason,
  };
}

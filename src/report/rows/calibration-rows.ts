import type { Calibration, LookCost, Noise } from '../../model/verdicts/calibration.ts';
import { metricName } from '../text/metric-names.ts';

/** A calibration in words; every form of the report shows these same strings. */
export interface CalibrationTables {
  readonly noiseHead: readonly string[];
  readonly noise: readonly (readonly string[])[];
  readonly looksHead: readonly string[];
  readonly looks: readonly (readonly string[])[];
}

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

export function calibrationTables({ noise, looks }: Calibration): CalibrationTables {
  return {
    noiseHead: ['Metric', 'Clock', 'Boots', 'Median, s', 'Spread (σ from MAD)', 'Range', 'A against B', 'False alarms'],
    noise: noise.map((one) => [
      metricName(one.metric),
      one.clock,
      String(one.samples),
      seconds(one, one.medianSec),
      percent(one.spread, one.clock === 'virtual' ? 5 : 2),
      percent(one.range, one.clock === 'virtual' ? 5 : 2),
      one.verdict,
      alarmWords(one),
    ]),
    looksHead: ['Way of looking', 'Metric', 'Clock', 'Without, s', 'With, s', 'Costs, ms', '95 % interval', 'Verdict'],
    looks: looks.map((one) => [
      one.look,
      metricName(one.metric),
      one.clock,
      seconds(one, one.withoutSec),
      seconds(one, one.withSec),
      cost(one, -one.effectSec),
      `${cost(one, -one.ci95[1])} to ${cost(one, -one.ci95[0])}`,
      one.verdict,
    ]),
  };
}

function seconds({ clock }: Noise | LookCost, sec: number): string {
  return sec.toFixed(clock === 'virtual' ? 6 : 3);
}

function cost({ clock }: LookCost, sec: number): string {
  return (sec * 1000).toFixed(clock === 'virtual' ? 3 : 1);
}

function alarmWords({ clock, falseAlarms }: Noise): string {
  if (clock === 'virtual') return 'no noise to mistake';
  if (falseAlarms === undefined) return 'too few boots to tell';
  const { alarms, splits, ci95, share, bootsPerArm } = falseAlarms;
  return `${percent(share, 1)} (${alarms} of ${splits} splits, ${bootsPerArm} an arm; ${percent(ci95[0], 1)} to ${percent(ci95[1], 1)})`;
}

/** How to read a calibration. */
export const CALIBRATION_NOTE =
  'Arms a and b are the same arm twice, so every difference between them is noise. False alarms: all boots of both, split at ' +
  'random into two arms and judged as a run would judge them; splits overlap, so this is an estimate from few boots. Costs of ' +
  'looking are against a and b together; positive means that the boot takes longer.';

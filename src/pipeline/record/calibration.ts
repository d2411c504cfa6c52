import type { MetricDefinition } from '../../bootlog/reading/metrics.ts';
import type { Calibration } from '../../model/verdicts/calibration.ts';
import type { Measurement } from '../../model/verdicts/measure.ts';
import type { Profile } from '../../profile/schema.ts';
import { lookCost, noiseOf } from '../../stats/calibration.ts';
import { STAMP_RESOLUTION_SEC } from './ablation.ts';

/** Reads noise and the cost of looking from the boots of an A/A run; a metric that an arm lacks is left out of its row. */
export function calibrationFrom(
  profile: Profile,
  definitions: readonly MetricDefinition[],
  measurements: Readonly<Record<string, readonly Measurement[]>>,
): Calibration | undefined {
  if (profile.calibration === undefined) return undefined;
  const { looks, arm } = profile.calibration;
  const samplesOf = (arm: string, metric: string): readonly number[] =>
    measurements[arm]?.find((one) => one.metric === metric)?.samples ?? [];
  const timed = definitions.filter(
    ({ id, unit }) => unit === 's' && samplesOf('a', id).length > 0 && samplesOf('b', id).length > 0,
  );
  return {
    ...(arm === undefined ? {} : { arm }),
    noise: timed.map((metric) => noiseOf(metric, samplesOf('a', metric.id), samplesOf('b', metric.id))),
    looks: looks.flatMap((look) =>
      timed.flatMap((metric) => {
        const own = samplesOf(look, metric.id);
        if (own.length === 0) return [];
        const without = [...samplesOf('a', metric.id), ...samplesOf('b', metric.id)];
        const resolution = metric.clock === 'virtual' ? STAMP_RESOLUTION_SEC : undefined;
        return [lookCost(look, metric, without, own, resolution)];
      }),
    ),
  };
}

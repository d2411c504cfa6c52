import type { MetricDefinition } from '../../bootlog/reading/metrics.ts';
import type { VirtualBoot } from '../../model/boots/boot.ts';
import type { Measurement } from '../../model/verdicts/measure.ts';

/** Gathers the samples of one arm's boots, metric by metric, in the order of the boots. */
export function measurementsOf(
  arm: string,
  boots: readonly Pick<VirtualBoot, 'arm' | 'metrics'>[],
  metrics: readonly MetricDefinition[],
): readonly Measurement[] {
  const own = boots.filter((boot) => boot.arm === arm);
  return metrics.flatMap(({ id, unit, better, clock }): Measurement[] => {
    const samples = own.flatMap((boot) => {
      const value = boot.metrics[id];
      return value === undefined ? [] : [value];
    });
    return samples.length === 0 ? [] : [{ metric: id, unit, better, clock, samples }];
  });
}

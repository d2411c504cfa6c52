import type { MetricDefinition } from '../../bootlog/reading/metrics.ts';
import type { Ablation, Ledger } from '../../model/verdicts/ablation.ts';
import type { Measurement } from '../../model/verdicts/measure.ts';
import type { Profile } from '../../profile/schema.ts';
import { factorialLedger } from '../../stats/factorial.ts';
import { median } from '../../stats/summary.ts';

/** printk's stamps have six decimals; one instruction more or less may move a stamp by one. */
export const STAMP_RESOLUTION_SEC = 1e-6;

type Measurements = Readonly<Record<string, readonly Measurement[]>>;

/** Takes every timed metric apart that all arms of the factorial have samples of. */
export function ablationOf(
  profile: Profile,
  definitions: readonly MetricDefinition[],
  measurements: Measurements,
): Ablation | undefined {
  const { ablation } = profile;
  if (ablation === undefined) return undefined;
  const { factors, cells } = ablation;
  const ledgers = definitions.flatMap(({ id, clock, unit, endPoints }): Ledger[] => {
    if (unit !== 's') return [];
    const sampled = Object.entries(cells).map(([arm, on]) => ({
      on,
      samples: measurements[arm]?.find((one) => one.metric === id)?.samples ?? [],
    }));
    const baseline = sampled.find(({ on }) => on.length === 0);
    const candidate = sampled.find(({ on }) => on.length === factors.length);
    if (baseline === undefined || candidate === undefined || sampled.some(({ samples }) => samples.length === 0))
      return [];
    const resolution = clock === 'virtual' ? { resolutionSec: STAMP_RESOLUTION_SEC } : {};
    return [
      {
        metric: id,
        clock,
        endPoints,
        baselineSec: median(baseline.samples),
        candidateSec: median(candidate.samples),
        ...factorialLedger(factors, sampled, resolution),
      },
    ];
  });
  return { factors, cells, ledgers };
}

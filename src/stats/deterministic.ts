import type { Measurement, Verdict } from '../model/verdicts/measure.ts';
import type { Interval } from './interval.ts';
import { median } from './summary.ts';

/** Two boots of one arm on the virtual clock agree within this share, or something of the host reaches the guest. */
export const VIRTUAL_AGREEMENT = 0.0005;

/** printk's own resolution: differences below it are the log's rounding. */
const RESOLUTION_SEC = 1e-6;

/** The kernel's clock counts nanoseconds, so what took any time at all took one. */
const LEAST_SEC = 1e-9;

/** Greatest distance of two samples, beyond the one step by which the log may round it, as a share of their median; 0 for one sample or none. */
export function disagreement(samples: readonly number[]): number {
  if (samples.length < 2) return 0;
  // Sums of stamps carry errors far below a nanosecond.
  const beyond = Math.max(...samples) - Math.min(...samples) - RESOLUTION_SEC;
  return beyond < 1e-10 ? 0 : beyond / median(samples);
}

/**
 * Judges samples that repeat exactly but for a known remainder. There is no noise to test against: the interval is that of all
 * ratios between the arms' samples, each widened by the log's resolution, and the arms differ when it excludes 1.
 */
export function judgeDeterministic(
  before: readonly number[],
  after: readonly number[],
  better: Measurement['better'],
): { readonly ci95: Interval; readonly p: null; readonly verdict: Verdict; readonly reason: string } {
  const widest = (samples: readonly number[]): Interval => [
    Math.max(LEAST_SEC, Math.min(...samples) - RESOLUTION_SEC),
    Math.max(...samples) + RESOLUTION_SEC,
  ];
  const [from, to] = [widest(before), widest(after)];
  const ci95: Interval = [from[0] / to[1], from[1] / to[0]];
  const apart = Math.max(disagreement(before), disagreement(after));
  const spread =
    apart === 0
      ? 'all boots of an arm agree exactly'
      : `the boots of an arm agree within ${(apart * 100).toFixed(4)} %`;
  if (apart > VIRTUAL_AGREEMENT) {
    return {
      ci95,
      p: null,
      verdict: 'undecided',
      reason: `virtual clock, but ${spread} only: it is not deterministic here`,
    };
  }
  if (before.length < 2 || after.length < 2) {
    return {
      ci95,
      p: null,
      verdict: 'undecided',
      reason: 'virtual clock: one boot per arm does not show that boots repeat exactly',
    };
  }
  if (ci95[0] <= 1 && ci95[1] >= 1) {
    return {
      ci95,
      p: null,
      verdict: 'same',
      reason: `virtual clock, which has no noise, so no test is needed: ${spread}, and the two arms do, too`,
    };
  }
  const isLower = median(after) < median(before);
  const verdict = isLower === (better === 'lower') ? 'better' : 'worse';
  return {
    ci95,
    p: null,
    verdict,
    reason: `virtual clock, which has no noise, so no test is needed: ${spread}, and the arms differ`,
  };
}

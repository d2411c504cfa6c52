import { METRICS } from '../../bootlog/reading/metrics.ts';
import { exclusionSentences } from '../../bootlog/timeline/standstill.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { Finding } from '../../model/finding.ts';
import type { Outlier, Score } from '../../model/verdicts/measure.ts';

/** How far a sample lies from its arm's median in words: `9.1 median absolute deviations above`. */
function distance({ mads }: Outlier): string {
  return `${Math.abs(mads).toFixed(1)} median absolute deviations ${mads > 0 ? 'above' : 'below'}`;
}

function bootsWith(metric: string, arm: string, boots: readonly BootSummary[]): readonly BootSummary[] {
  return boots.filter((boot) => boot.arm === arm && boot.metrics[metric] !== undefined);
}

/** A line per boot, however many of its metrics stand out: a late boot is usually late in all of them. */
function outlierFindings(boots: readonly BootSummary[], scores: readonly Score[]): Finding[] {
  const byBoot = new Map<BootSummary, Map<string, string>>();
  for (const { metric, outliers } of scores) {
    for (const outlier of outliers ?? []) {
      const boot = bootsWith(metric, outlier.arm, boots)[outlier.index];
      if (boot === undefined) continue;
      // Several candidates share their baseline's outliers.
      const own = byBoot.get(boot) ?? new Map<string, string>();
      byBoot.set(boot, own.set(metric, `${metric} ${distance(outlier)}`));
    }
  }
  return [...byBoot.entries()]
    .sort(([a], [b]) => a.order - b.order)
    .map(([boot, words]) => ({
      level: 'info',
      message: `boot ${String(boot.order + 1)}, ${boot.arm}, stands out among its arm's and is kept: ${[...words.values()].join(', ')} the median`,
    }));
}

/** Where some boots of an arm have a metric and others lack it, the metric stands on fewer samples than there were boots. */
function gapFindings(boots: readonly BootSummary[]): Finding[] {
  const arms = [...new Set(boots.map((boot) => boot.arm))];
  return arms.flatMap((arm) => {
    const own = boots.filter((boot) => boot.arm === arm);
    return METRICS.flatMap(({ id }): Finding[] => {
      const lacking = own.filter((boot) => boot.metrics[id] === undefined);
      if (lacking.length === 0 || lacking.length === own.length) return [];
      const which = lacking.map((boot) => String(boot.order + 1)).join(', ');
      const noun = lacking.length === 1 ? 'boot' : 'boots';
      return [
        {
          level: 'warning',
          message: `${arm}: no ${id} in ${noun} ${which}: it stands on ${String(own.length - lacking.length)} of ${String(own.length)} boots`,
        },
      ];
    });
  });
}

/** What a reader must know of the samples behind the scores: boots that a standstill spoiled, that stand out, or that lack a metric. */
export function sampleFindings(boots: readonly BootSummary[], scores: readonly Score[]): readonly Finding[] {
  const spoiled = boots.flatMap(exclusionSentences).map((message): Finding => ({ level: 'warning', message }));
  return [...spoiled, ...gapFindings(boots), ...outlierFindings(boots, scores)];
}

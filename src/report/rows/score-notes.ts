import type { Score } from '../../model/verdicts/measure.ts';
import { formatChange, formatValue } from '../text/format.ts';

/** How large the difference is; empty for records that do not say. */
export function effectNotes({ effect }: Score): readonly string[] {
  if (effect === undefined) return [];
  const { relativeChange, relativeChange95, cliffsDelta } = effect;
  const change = `change ${formatChange(relativeChange)}`;
  if (cliffsDelta === null) return [change];
  const ends = relativeChange95.map((end) => formatChange(end)).join(' to ');
  return [`${change} (${ends})`, `Cliff's delta ${cliffsDelta.toFixed(2).replace('-', '−')}`];
}

/** Samples that stand out, one sentence each. */
export function outlierNotes({ outliers, unit }: Score): readonly string[] {
  return (outliers ?? []).map(({ arm, index, value, mads }) => {
    const side = mads > 0 ? 'above' : 'below';
    return `sample ${index + 1} of ${arm}, ${formatValue(value, unit)}, is an outlier (${Math.abs(mads).toFixed(1)} median absolute deviations ${side} the median) and stays in the data`;
  });
}

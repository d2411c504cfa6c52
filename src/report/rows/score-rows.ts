import { jsonText } from '../../json/text.ts';
import { VERDICTS } from '../../model/verdicts/measure.ts';
import type { Score, Verdict } from '../../model/verdicts/measure.ts';
import type { ArmRecord, RunRecord } from '../../model/record.ts';
import { benchHeadline } from './bench-summary.ts';
import { formatRatio, formatValue, spreadOf } from '../text/format.ts';
import { isVirtual, metricName } from '../text/metric-names.ts';
import { effectNotes, outlierNotes } from './score-notes.ts';
import { pCell } from '../../text/p-value.ts';

/** One row of the score table in words: every form of the report shows these same strings. */
export interface ScoreRow {
  readonly metric: string;
  readonly baseline: string;
  readonly candidate: string;
  readonly ratio: string;
  readonly interval: string;
  readonly p: string;
  readonly verdict: Verdict;
  readonly reason: string;
  /** How large the difference is, and which samples stand out; empty for records that do not say. */
  readonly notes: readonly string[];
  readonly endPoints: string;
  readonly thesis: ThesisCells | undefined;
}

export interface ThesisCells {
  readonly before: string;
  readonly after: string;
  readonly ratio: string;
  readonly endPoints: string;
}

/** The scores of one candidate against its baseline, on one clock: figures of two clocks never stand in one table. */
export interface ScoreGroup {
  /** Empty for the wall clock, which needs no word. */
  readonly clock: '' | 'on the virtual clock';
  readonly baseline: string;
  readonly candidate: string;
  readonly scores: readonly Score[];
  readonly rows: readonly ScoreRow[];
}

/** Scores by candidate, in the order of the record. */
export function scoreGroups(record: RunRecord): readonly ScoreGroup[] {
  const groups = new Map<string, Score[]>();
  for (const score of record.scores) {
    const key = jsonText([isVirtual(score.metric), score.baseline.arm, score.candidate.arm]);
    groups.set(key, [...(groups.get(key) ?? []), score]);
  }
  return [...groups.values()].flatMap((scores) => {
    const first = scores[0];
    if (first === undefined) return [];
    const clock = isVirtual(first.metric) ? 'on the virtual clock' : '';
    return [{ clock, baseline: first.baseline.arm, candidate: first.candidate.arm, scores, rows: scores.map(toRow) }];
  });
}

/** What happened to the candidate, in words that may stand alone: at boot, and in containers where it had to run some. */
export function headline(record: RunRecord): string {
  if (record.bench === undefined) return bootHeadline(record);
  const inContainers = benchHeadline(record.bench);
  // A run that was made for its containers alone has no boots to speak of.
  return record.scores.length === 0 ? inContainers : `${bootHeadline(record)} ${inContainers}`;
}

function bootHeadline(record: RunRecord): string {
  const groups = scoreGroups(record);
  if (groups.length > 0) return groups.map(groupHeadline).join(' ');
  const names = record.arms.map((arm) => arm.name).join(', ');
  return record.arms.some((arm) => arm.role === 'candidate')
    ? `Nothing was scored: no metric has samples on both arms (${names}).`
    : `Nothing was compared: the run has no candidate arm (${names === '' ? 'no arms' : names}).`;
}

/** Arms with the baseline first, so that every table reads before → after. */
export function armsBaselineFirst(record: RunRecord): readonly ArmRecord[] {
  return [
    ...record.arms.filter((arm) => arm.role === 'baseline'),
    ...record.arms.filter((arm) => arm.role === 'candidate'),
    ...record.arms.filter((arm) => arm.role === 'variant'),
  ];
}

function toRow(score: Score): ScoreRow {
  const { thesis, unit } = score;
  return {
    metric: metricName(score.metric),
    baseline: formatValue(score.baseline.median, unit, knownSpread(score, score.baseline.samples)),
    candidate: formatValue(score.candidate.median, unit, knownSpread(score, score.candidate.samples)),
    ...formatRatio(score.ratio, score.ci95),
    // Sizes are known exactly, so there is nothing to estimate and no test.
    ...(score.p === null ? { ratio: formatRatio(score.ratio).ratio, interval: 'exact' } : {}),
    p: pCell(score.p),
    verdict: score.verdict,
    reason: score.reason,
    notes: [...effectNotes(score), ...outlierNotes(score)],
    endPoints: score.endPoints,
    thesis:
      thesis === undefined
        ? undefined
        : {
            before: formatValue(thesis.before, unit),
            after: formatValue(thesis.after, unit),
            ratio: formatRatio(thesis.ratio).ratio,
            endPoints: thesis.endPoints,
          },
  };
}

/** Boots on the virtual clock repeat exactly, and printk's microseconds are then all worth showing. */
function knownSpread({ metric }: Score, samples: readonly number[]): number | undefined {
  const spread = spreadOf(samples);
  return spread !== undefined && isVirtual(metric) ? Math.max(spread, STAMP_DIGITS) : spread;
}

/** A spread of ten microseconds shows six decimals. */
const STAMP_DIGITS = 1e-5;

// The two figures that the work is about come first; the rest is counted.
const leading = ['kernel_init', 'total_boot', 'kernel_init_virtual', 'hand_over_virtual'];

function groupHeadline({ clock, baseline, candidate, scores, rows }: ScoreGroup): string {
  const counts = VERDICTS.flatMap((verdict) => {
    const count = scores.filter((score) => score.verdict === verdict).length;
    return count === 0 ? [] : [`${verdict} on ${count}`];
  });
  const led = leading.flatMap((id) => {
    const index = scores.findIndex((score) => score.metric === id);
    const row = rows[index];
    return row === undefined ? [] : [`${lowerFirst(row.metric)} ${leadingWords(row)}`];
  });
  const counted = `${clock === '' ? 'Against' : 'On the virtual clock, against'} ${baseline}, ${candidate} is ${listing(counts)} of ${scores.length} metrics`;
  return led.length === 0 ? `${counted}.` : `${counted}: ${led.join('; ')}.`;
}

function leadingWords(row: ScoreRow): string {
  if (row.verdict === 'incomparable') return 'incomparable';
  const figures = `${row.baseline} → ${row.candidate}, ratio ${row.ratio}`;
  const interval =
    row.interval === 'none' ? ', no interval' : row.interval === 'exact' ? '' : ` (95 % interval ${row.interval})`;
  return row.verdict === 'undecided' ? `undecided, ${figures}${interval}` : `${figures}${interval}`;
}

function listing(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

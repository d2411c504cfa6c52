import { BENCH_METRICS, comparesWithHost, type Bound } from '../../bench/metrics.ts';
import { WORKLOAD_NAMES } from '../../model/workloads.ts';
import { jsonText } from '../../json/text.ts';
import type { BenchPlace, BenchRecord } from '../../model/bench.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { Environment } from '../../model/environment.ts';
import type { Measurement, Score, Unit, Verdict } from '../../model/verdicts/measure.ts';
import { median } from '../../stats/summary.ts';
import { formatChange, formatRatio, formatValue, spreadOf } from '../text/format.ts';
import { metricName } from '../text/metric-names.ts';
import { outlierNotes } from './score-notes.ts';
import { pCell } from '../../text/p-value.ts';

/** A place's figure of one metric: the median, and how its samples lie. */
export interface BenchCell {
  /** The median with its unit, or why there is none. */
  readonly value: string;
  /** `n 4, range 3.1 %`; empty where there is no figure. */
  readonly spread: string;
}

/** One metric in words: every form of the report shows these same strings. */
export interface BenchRow {
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  /** Absent where no host was asked for. */
  readonly host: BenchCell | undefined;
  readonly baseline: BenchCell;
  readonly candidate: BenchCell;
  /** Candidate against baseline, with a sign. */
  readonly change: string;
  readonly ratio: string;
  readonly interval: string;
  readonly p: string;
  readonly verdict: Verdict | 'not scored';
  /** The change and the verdict as a sentence that needs no column beside it. */
  readonly meaning: string;
  readonly endPoints: string;
  readonly reason: string;
  /** Against the host, where that is sound, and samples that stand out. */
  readonly notes: readonly string[];
}

/** The metrics of one workload, for one candidate against its baseline. */
export interface BenchTable {
  readonly workload: WorkloadName;
  readonly baseline: string;
  readonly candidate: string;
  /** Absent where no host was asked for: the table has no such column then. */
  readonly host: string | undefined;
  readonly rows: readonly BenchRow[];
}

/** What a table has to know of a metric; a metric that no definition names has what the record says of it. */
interface Metric {
  readonly id: string;
  readonly workload: WorkloadName | undefined;
  readonly unit: Unit;
  readonly better: 'higher' | 'lower';
  readonly bound: Bound | undefined;
  readonly endPoints: string;
}

type Accelerator = Environment['accelerator'];

/** Every metric that a place has samples of, in the order of the definitions, the unknown ones last. */
function metricsOf(bench: BenchRecord): readonly Metric[] {
  const measured = new Map<string, Measurement>();
  for (const one of Object.values(bench.measurements).flat()) {
    if (one.samples.length > 0 && !measured.has(one.metric)) measured.set(one.metric, one);
  }
  const known = BENCH_METRICS.filter(({ id }) => measured.has(id));
  const runs = bench.sessions.flatMap((session) => session.runs);
  const unknown = [...measured.values()].filter(({ metric }) => BENCH_METRICS.every(({ id }) => id !== metric));
  return [
    ...known,
    ...unknown.map(({ metric: id, unit, better }): Metric => {
      const workload = runs.find(({ metrics }) => metrics[id] !== undefined)?.workload;
      const endPoints =
        bench.scores.find((score) => score.metric === id)?.endPoints ?? 'no definition says between what';
      return { id, workload, unit, better, bound: undefined, endPoints };
    }),
  ];
}

/** Arms that were scored against each other; without a score, the VMs in the order of the record. */
export function benchPairs({ scores, places }: BenchRecord): readonly (readonly [string, string])[] {
  const pairs = new Map<string, readonly [string, string]>();
  for (const { baseline, candidate } of scores) {
    pairs.set(jsonText([baseline.arm, candidate.arm]), [baseline.arm, candidate.arm]);
  }
  const [baseline, ...candidates] = places.filter(({ kind }) => kind === 'vm').map(({ name }) => name);
  if (pairs.size > 0 || baseline === undefined) return [...pairs.values()];
  return candidates.map((candidate) => [baseline, candidate]);
}

/** A table for every workload that left a figure, in the order of the workloads. */
export function benchTables(bench: BenchRecord, accelerator: Accelerator): readonly BenchTable[] {
  const metrics = metricsOf(bench);
  const hostPlace = bench.places.find(({ kind }) => kind === 'host');
  return benchPairs(bench).flatMap(([baseline, candidate]) =>
    WORKLOAD_NAMES.flatMap((workload): readonly BenchTable[] => {
      const own = metrics.filter((metric) => metric.workload === workload);
      if (own.length === 0) return [];
      const rows = own.map((metric) => rowOf(metric, { bench, accelerator, hostPlace, baseline, candidate }));
      return [{ workload, baseline, candidate, host: hostPlace?.name, rows }];
    }),
  );
}

interface RowContext {
  readonly bench: BenchRecord;
  readonly accelerator: Accelerator;
  readonly hostPlace: BenchPlace | undefined;
  readonly baseline: string;
  readonly candidate: string;
}

function rowOf(metric: Metric, context: RowContext): BenchRow {
  const { bench, baseline, candidate } = context;
  const score = bench.scores.find(
    (one) => one.metric === metric.id && one.baseline.arm === baseline && one.candidate.arm === candidate,
  );
  const common = {
    metric: metricName(metric.id),
    better: metric.better,
    host: hostCell(metric, context),
    baseline: cellOf(metric, samplesOf(bench, baseline, metric.id)),
    candidate: cellOf(metric, samplesOf(bench, candidate, metric.id)),
    endPoints: metric.endPoints,
  };
  if (score === undefined) {
    const without = [baseline, candidate].filter((arm) => samplesOf(bench, arm, metric.id).length === 0);
    const reason = without.length === 0 ? 'the record holds no score of it' : `${without.join(' and ')}: no sample`;
    const empty = { change: 'none', ratio: 'none', interval: 'none', p: 'not tested' };
    return { ...common, ...empty, verdict: 'not scored', meaning: 'Not scored', reason, notes: [] };
  }
  return {
    ...common,
    change: formatChange(changeOf(score)),
    ...formatRatio(score.ratio, score.ci95),
    p: pCell(score.p),
    verdict: score.verdict,
    meaning: meaningOf(score, metric.better),
    reason: score.reason,
    notes: [...hostNotes(bench, metric, [baseline, candidate]), ...outlierNotes(score)],
  };
}

/** Candidate median over baseline median, less 1. */
function changeOf({ effect, ratio }: Score): number {
  return effect?.relativeChange ?? 1 / ratio - 1;
}

/**
 * The verdict in words, because a ratio below 1 is a gain for a rate: `docker-min is 12.1 % higher, and
 * higher is better: a gain`.
 */
function meaningOf(score: Score, better: 'higher' | 'lower'): string {
  const { candidate, verdict } = score;
  const words = `${candidate.arm} is ${byHowMuch(score)}, and ${better} is better`;
  switch (verdict) {
    case 'better':
      return `${words}: a gain`;
    case 'worse':
      return `${words}: a loss`;
    case 'same':
      return `${words}: too little to matter`;
    case 'undecided':
      return `${words}: not distinguishable from noise`;
    case 'incomparable':
      return `${words}: not comparable`;
  }
}

/** `12.1 % higher`, from the medians. */
function byHowMuch(score: Score): string {
  const change = changeOf(score);
  const size = formatChange(Math.abs(change)).slice(1);
  return change === 0 ? 'neither higher nor lower' : `${size} ${change > 0 ? 'higher' : 'lower'}`;
}

/** A loss with its size and the interval of that. */
export function lossWords(score: Score): string {
  const better = BENCH_METRICS.find(({ id }) => id === score.metric)?.better;
  const ends = score.effect?.relativeChange95.map((end) => formatChange(end)).join(' to ');
  const aside = [
    ...(ends === undefined ? [] : [`95 % interval ${ends}`]),
    ...(better === undefined ? [] : [`${better} is better`]),
  ];
  return `${metricName(score.metric)} ${byHowMuch(score)}${aside.length === 0 ? '' : ` (${aside.join('; ')})`}`;
}

/** Samples of a metric at a place, in the order of the rounds. */
function samplesOf(bench: BenchRecord, place: string, metric: string): readonly number[] {
  return bench.measurements[place]?.find((one) => one.metric === metric)?.samples ?? [];
}

function cellOf({ unit }: Pick<Metric, 'unit'>, samples: readonly number[]): BenchCell {
  if (samples.length === 0) return { value: 'no sample', spread: '' };
  const middle = median(samples);
  const spread = spreadOf(samples);
  const range = spread === undefined || middle === 0 ? '' : `, range ${((spread / middle) * 100).toFixed(1)} %`;
  return { value: formatValue(middle, unit, spread), spread: `n ${samples.length}${range}` };
}

function hostCell(metric: Metric, { bench, accelerator, hostPlace }: RowContext): BenchCell | undefined {
  const words = (value: string): BenchCell => ({ value, spread: '' });
  if (hostPlace === undefined) return undefined;
  if (hostPlace.status === 'absent') return words('absent');
  const samples = samplesOf(bench, hostPlace.name, metric.id);
  const isScored = bench.againstHost.some((score) => score.metric === metric.id);
  // A metric that no definition names might be bound by anything.
  const isSound =
    isScored || (metric.bound === undefined ? accelerator === 'kvm' : comparesWithHost(metric.bound, accelerator));
  return samples.length > 0 && !isSound ? words('not compared: TCG') : cellOf(metric, samples);
}

function hostNotes({ againstHost }: BenchRecord, { id }: Metric, arms: readonly string[]): readonly string[] {
  return arms.flatMap((arm) => {
    const score = againstHost.find((one) => one.metric === id && one.candidate.arm === arm);
    if (score === undefined) return [];
    const { interval } = formatRatio(score.ratio, score.ci95);
    return [
      `${arm} is ${byHowMuch(score)} than ${score.baseline.arm} (ratio ${formatRatio(score.ratio, score.ci95).ratio}, ${interval}; ${score.verdict})`,
    ];
  });
}

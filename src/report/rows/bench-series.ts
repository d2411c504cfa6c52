import type { BenchRecord, Series, SeriesPoint, WorkloadRun } from '../../model/bench.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { AxisUnit } from '../charts/axis-ticks.ts';

/** What a point holds that can be drawn. */
export type Quantity = Exclude<keyof SeriesPoint, 'atSec'>;

/** The series of one place that are drawn: those of one round. */
export interface WatchedPlace {
  readonly place: string;
  readonly kind: 'host' | 'vm';
  /** Counted from 1. */
  readonly round: number;
  readonly run: WorkloadRun;
  readonly series: readonly Series[];
}

export interface QuantityShown {
  readonly quantity: Quantity;
  readonly title: string;
  readonly unit: AxisUnit;
}

/** The four charts, after the thesis's figures 4-3 to 4-6: CPU, load, disk and network of the same three containers. */
export const SERIES_CHARTS: readonly { readonly title: string; readonly shown: readonly QuantityShown[] }[] = [
  { title: 'CPU', shown: [{ quantity: 'cpus', title: 'CPUs kept busy', unit: 'CPUs' }] },
  {
    title: 'Load and memory',
    shown: [
      { quantity: 'load', title: 'Runnable tasks, 1-minute average', unit: 'count' },
      { quantity: 'memoryBytes', title: 'Memory', unit: 'bytes' },
    ],
  },
  {
    title: 'Disk',
    shown: [
      { quantity: 'diskReadBytesPerSec', title: 'Read from disks', unit: 'bytes/s' },
      { quantity: 'diskWriteBytesPerSec', title: 'Written to disks', unit: 'bytes/s' },
    ],
  },
  {
    title: 'Network',
    shown: [
      { quantity: 'networkReceiveBytesPerSec', title: 'Received', unit: 'bytes/s' },
      { quantity: 'networkSendBytesPerSec', title: 'Sent', unit: 'bytes/s' },
    ],
  },
];

/** Workloads that the record holds series of. */
export function watchedWorkloads({ workloads, sessions }: BenchRecord): readonly WorkloadName[] {
  const runs = sessions.flatMap((session) => session.runs);
  return workloads.filter((name) => runs.some(({ workload, series }) => workload === name && hasPoints(series ?? [])));
}

/** The first round of each place that has series of the workload, one that came to its end before one that did not. */
export function watchedPlaces(bench: BenchRecord, workload: WorkloadName): readonly WatchedPlace[] {
  return bench.places.flatMap(({ name, kind }): readonly WatchedPlace[] => {
    const own = bench.sessions
      .filter(({ place }) => place === name)
      .sort((a, b) => a.round - b.round)
      .flatMap(({ round, runs }) =>
        runs.flatMap((run) =>
          run.workload === workload && hasPoints(run.series ?? [])
            ? [{ place: name, kind, round: round + 1, run, series: run.series ?? [] }]
            : [],
        ),
      );
    const first = own.find(({ run }) => run.status === 'done') ?? own[0];
    return first === undefined ? [] : [first];
  });
}

/** Subjects in the order in which they appear, the machine first. */
export function subjectsOf(places: readonly WatchedPlace[]): readonly string[] {
  const all = new Set(places.flatMap(({ series }) => series.map(({ subject }) => subject)));
  return [...(all.has('machine') ? ['machine'] : []), ...[...all].filter((subject) => subject !== 'machine')];
}

/** What one quantity came to over a series. */
export interface Total {
  /** The greatest mean over a second. */
  readonly peak: number;
  /** Over the time that is known. */
  readonly mean: number;
  /** Integral over the time that is known. */
  readonly sum: number;
  /** Some of the time is not known: the sum is the least it can be. */
  readonly hasGaps: boolean;
}

/**
 * Peak, mean and integral of a rate; `undefined` where no point has it. A point stands for the time since the one before
 * it, and for a second where that one is missing.
 */
export function totalOf({ points }: Series, quantity: Quantity): Total | undefined {
  const gaps = gapsBefore(points);
  let [knownSec, sum, peak, hasGaps] = [0, 0, Number.NEGATIVE_INFINITY, gaps.size > 0];
  for (const [index, point] of points.entries()) {
    const value = point[quantity];
    if (value === null) {
      hasGaps = true;
      continue;
    }
    const sec = index === 0 || gaps.has(index) ? 1 : point.atSec - (points[index - 1]?.atSec ?? point.atSec - 1);
    knownSec += sec;
    sum += value * sec;
    peak = Math.max(peak, value);
  }
  return knownSec > 0 ? { peak, mean: sum / knownSec, sum, hasGaps } : undefined;
}

/** Samples come once a second; half a second more can be the machine's own delay, a whole one is a missing sample. */
const GAP_FACTOR = 1.9;

/** Positions of the points before which samples are missing. */
function gapsBefore(points: readonly SeriesPoint[]): ReadonlySet<number> {
  const steps = points.slice(1).map(({ atSec }, before) => atSec - (points[before]?.atSec ?? 0));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 1;
  return new Set(steps.flatMap((step, index) => (step > usual * GAP_FACTOR ? [index + 1] : [])));
}

/** Stretches of a series without a gap: what a line may join. */
export function stretchesOf(
  { points }: Series,
  quantity: Quantity,
): readonly (readonly { readonly atSec: number; readonly value: number }[])[] {
  const gaps = gapsBefore(points);
  const stretches: { atSec: number; value: number }[][] = [];
  let current: { atSec: number; value: number }[] | undefined;
  for (const [index, point] of points.entries()) {
    const value = point[quantity];
    if (gaps.has(index)) current = undefined;
    if (value === null) {
      current = undefined;
      continue;
    }
    if (current === undefined) {
      current = [];
      stretches.push(current);
    }
    current.push({ atSec: point.atSec, value });
  }
  return stretches;
}

/** An event as it is drawn: a stretch where the record has a begin and an end of it, else an instant. */
export interface EventSpan {
  readonly label: string;
  readonly fromSec: number;
  readonly toSec: number | undefined;
}

/** Pairs `… begin` with the next `… end` of the same container; what has no partner stays an instant in its own words. */
export function eventSpans({ events }: WorkloadRun): readonly EventSpan[] {
  const byTime = [...events].sort((a, b) => a.atSec - b.atSec);
  const used = new Set<number>();
  const stem = (label: string, word: 'begin' | 'end'): string | undefined =>
    label.endsWith(` ${word}`) ? label.slice(0, -word.length - 1) : undefined;
  return byTime.flatMap(({ atSec, label, container }, index): readonly EventSpan[] => {
    if (used.has(index)) return [];
    const begun = stem(label, 'begin');
    const whose = container === undefined ? '' : `${container} `;
    if (begun === undefined) return [{ label: `${whose}${label}`, fromSec: atSec, toSec: undefined }];
    const end = byTime.findIndex(
      (other, at) => at > index && !used.has(at) && other.container === container && stem(other.label, 'end') === begun,
    );
    const found = byTime[end];
    if (found === undefined) return [{ label: `${whose}${begun}, no end`, fromSec: atSec, toSec: undefined }];
    used.add(end);
    return [{ label: begun, fromSec: atSec, toSec: found.atSec }];
  });
}

function hasPoints(series: readonly Series[]): boolean {
  return series.some(({ points }) => points.length > 0);
}

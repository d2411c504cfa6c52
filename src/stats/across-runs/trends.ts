import { jsonText } from '../../json/text.ts';
import type { Environment } from '../../model/environment.ts';
import type { Clock, Measurement } from '../../model/verdicts/measure.ts';
import type { RunRecord } from '../../model/record.ts';
import type { ChangePoint, EnvironmentTrends, Trend, TrendPoint } from '../../model/verdicts/trend.ts';
import { findBreaks } from './change-points.ts';
import { createRandom } from '../random.ts';
import { DEFAULT_ABSOLUTE_THRESHOLD, DEFAULT_RELATIVE_THRESHOLD } from '../score.ts';
import { median } from '../summary.ts';

/** What must match for runs to share a series. */
const CONDITIONS: readonly (readonly [name: string, read: (environment: Environment, clock: Clock) => string])[] = [
  ['accelerator', ({ accelerator }) => accelerator],
  ['CPU', ({ cpuModel, cpuCount }) => `${cpuModel}, ${String(cpuCount)} CPUs`],
  ['QEMU', ({ qemuVersion }) => qemuVersion],
  [
    'guest',
    ({ guest, guestDisk, boot }, clock) =>
      // Sizes have nothing to do with the disk or with who reads the kernel from it, and the virtual clock's boots have neither.
      [guest, ...(clock === 'wall' ? [guestDisk, boot === 'grub' ? 'booted by GRUB' : undefined] : [])]
        .filter((part) => part !== undefined)
        .join(', '),
  ],
  ['guest machine', ({ guestCpus, guestMemoryMb }) => `${String(guestCpus)} vCPUs, ${String(guestMemoryMb)} MB`],
];
const SEED = 1;

/** What a history is narrowed to. */
export interface TrendFilter {
  readonly metric?: string;
  readonly arm?: string;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

interface Series {
  readonly run: RunRecord;
  readonly arm: string;
  readonly measurement: Measurement;
}

function pointOf({ run, measurement: { samples } }: Series): TrendPoint {
  return {
    run: run.id,
    startedAt: run.startedAt,
    median: median(samples),
    least: Math.min(...samples),
    most: Math.max(...samples),
    samples: samples.length,
  };
}

/** Breaks between stretches whose medians differ by enough to matter. */
function changePointsOf(points: readonly TrendPoint[], unit: Measurement['unit']): ChangePoint[] {
  const medians = points.map((point) => point.median);
  const breaks = findBreaks(medians, createRandom(SEED));
  return breaks.flatMap(({ index, p }, place): ChangePoint[] => {
    const before = median(medians.slice(breaks[place - 1]?.index ?? 0, index));
    const after = median(medians.slice(index, breaks[place + 1]?.index ?? medians.length));
    const change = Math.abs(after - before);
    const first = points[index];
    if (first === undefined || change <= DEFAULT_RELATIVE_THRESHOLD * before) return [];
    if (change <= DEFAULT_ABSOLUTE_THRESHOLD[unit]) return [];
    const relative = before === 0 ? {} : { relativeChange: after / before - 1 };
    return [{ run: first.run, before, after, ...relative, p }];
  });
}

function trendOf(series: readonly Series[]): Trend | undefined {
  const [first] = series;
  if (first === undefined) return undefined;
  const { metric, unit, clock, better } = first.measurement;
  const points = series.map(pointOf);
  return {
    profile: first.run.profile.name,
    arm: first.arm,
    ...{ metric, unit, clock, better, points },
    changePoints: changePointsOf(points, unit),
  };
}

/**
 * The trend of every metric, per environment, profile, arm and clock: figures of other conditions never share a line.
 *
 * @param runs oldest first
 */
export function trendsOf(runs: readonly RunRecord[], filter: TrendFilter = {}): readonly EnvironmentTrends[] {
  const conditionsOf = ({ run: { environment }, measurement: { clock } }: Series): Record<string, string> =>
    Object.fromEntries(CONDITIONS.map(([name, read]) => [name, read(environment, clock)]));
  const series = runs.flatMap((run) =>
    Object.entries(run.measurements).flatMap(([arm, measurements]) =>
      measurements
        .filter(({ samples }) => samples.length > 0)
        .filter(({ metric }) => (filter.metric ?? metric) === metric && (filter.arm ?? arm) === arm)
        .map((measurement): Series => ({ run, arm, measurement })),
    ),
  );
  return grouped(series, (one) => jsonText(conditionsOf(one))).flatMap((own): EnvironmentTrends[] => {
    const [first] = own;
    if (first === undefined) return [];
    const trends = grouped(own, ({ run, arm, measurement: { metric, clock, unit } }) =>
      jsonText([run.profile.name, arm, metric, clock, unit]),
    ).flatMap((one) => trendOf(one) ?? []);
    const runsHere = new Set(own.map(({ run }) => run)).size;
    return [{ conditions: conditionsOf(first), runs: runsHere, trends }];
  });
}

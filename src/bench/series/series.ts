import type { SamplerCost, Series, SeriesPoint } from '../../model/bench.ts';
import { MACHINE } from './sampler-log.ts';
import type { Reading, SamplerLine, Totals } from './sampler-log.ts';

/** A line of the sampler and when it came, seconds on drydock's monotonic clock. */
export interface Arrival {
  readonly line: SamplerLine;
  readonly arrivedSec: number;
}

/** A stretch of drydock's monotonic clock, seconds. */
export interface Window {
  readonly fromSec: number;
  readonly toSec: number;
}

/** A reading on drydock's clock. */
export interface PlacedReading extends Reading {
  readonly atSec: number;
}

/** One subject's readings, oldest first; each stretch is of one and the same container. */
interface Track {
  readonly subject: string;
  readonly stretches: PlacedReading[][];
}

type Tick = Extract<SamplerLine, { kind: 'tick' }>;

/** Readings closer than this, in intervals, make no point of their own: the next one counts from the first. */
const SHORTEST = 0.5;
/** Readings further apart than this, in intervals, are a gap: a mean over so long is no second of anything. */
const LONGEST = 2.5;
/** How far around a window lines tell the offset of the clocks, so that their drift over a long session does not add up. */
const OFFSET_MARGIN_SEC = 60;

function stampOf(line: SamplerLine): number | undefined {
  if (line.kind === 'tick') return line.stampSec;
  return line.kind === 'watched' ? line.reading.stampSec : undefined;
}

/**
 * Seconds to add to the sampler's stamps to have drydock's clock. A line is never early, so the least delay that was seen is
 * the nearest to the truth: the smallest of arrival less stamp, among the lines that came within a minute of the window.
 * `undefined` when no line has a stamp.
 */
export function clockOffsetSec(arrivals: readonly Arrival[], window: Window): number | undefined {
  const delays = (fromSec: number, toSec: number): number =>
    arrivals.reduce((least, { line, arrivedSec }) => {
      const stampSec = stampOf(line);
      if (stampSec === undefined || arrivedSec < fromSec || arrivedSec > toSec) return least;
      return Math.min(least, arrivedSec - stampSec);
    }, Number.POSITIVE_INFINITY);
  const near = delays(window.fromSec - OFFSET_MARGIN_SEC, window.toSec + OFFSET_MARGIN_SEC);
  const offset = Number.isFinite(near) ? near : delays(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  return Number.isFinite(offset) ? offset : undefined;
}

function tracksOf(arrivals: readonly Arrival[], offsetSec: number): readonly Track[] {
  const tracks = new Map<string, Track>([[MACHINE, { subject: MACHINE, stretches: [] }]]);
  const add = (reading: Reading, isNew: boolean): void => {
    const { subject } = reading;
    const track = tracks.get(subject) ?? { subject, stretches: [] };
    tracks.set(subject, track);
    const placed = { ...reading, atSec: reading.stampSec + offsetSec };
    const current = track.stretches.at(-1);
    if (isNew || current === undefined) track.stretches.push([placed]);
    else current.push(placed);
  };
  for (const { line } of arrivals) {
    if (line.kind === 'watched') add(line.reading, true);
    if (line.kind !== 'tick') continue;
    for (const reading of line.readings) add(reading, false);
  }
  return [...tracks.values()];
}

/** Units a second; `null` for a counter that is not to be had, or that was reset in between. */
function rate(before: number | null, after: number | null, spanSec: number): number | null {
  if (before === null || after === null || after < before) return null;
  return (after - before) / spanSec;
}

function pointOf(before: PlacedReading, after: PlacedReading, fromSec: number): SeriesPoint {
  const spanSec = after.stampSec - before.stampSec;
  const of = (counter: keyof Totals): number | null => rate(before[counter], after[counter], spanSec);
  return {
    atSec: after.atSec - fromSec,
    cpus: of('cpuSec'),
    load: after.load,
    memoryBytes: after.memoryBytes,
    diskReadBytesPerSec: of('diskReadBytes'),
    diskWriteBytesPerSec: of('diskWriteBytes'),
    networkReceiveBytesPerSec: of('networkReceiveBytes'),
    networkSendBytesPerSec: of('networkSendBytes'),
  };
}

/** A point without data: no line is drawn across a gap. */
function gapAt(atSec: number): SeriesPoint {
  return {
    atSec,
    cpus: null,
    load: null,
    memoryBytes: null,
    diskReadBytesPerSec: null,
    diskWriteBytesPerSec: null,
    networkReceiveBytesPerSec: null,
    networkSendBytesPerSec: null,
  };
}

/** Pairs of readings that make a point; the first is missing where the second follows a gap or is another container's. */
function* pairsOf(track: Track, intervalSec: number): Generator<readonly [PlacedReading | undefined, PlacedReading]> {
  for (const [index, [first, ...rest]] of track.stretches.entries()) {
    if (first === undefined) continue;
    if (index > 0) yield [undefined, first];
    let base = first;
    for (const reading of rest) {
      const spanSec = reading.stampSec - base.stampSec;
      if (spanSec < SHORTEST * intervalSec) continue;
      yield [spanSec > LONGEST * intervalSec ? undefined : base, reading];
      base = reading;
    }
  }
}

/**
 * What every subject did in a window: the machine first, then containers in the order in which they were watched; those of
 * which nothing was seen in it are left out. A point stands at the end of the time that it is the mean of (a second, or up
 * to 2.5 when a tick came late), and belongs to the window that at least half of that time lies in. Where a subject was
 * not looked at for longer, or where another container has come under the same name, a point of `null`s stands: a gap.
 *
 * @param intervalSec - the sampler's own, from its first line
 */
export function seriesOf(arrivals: readonly Arrival[], window: Window, intervalSec: number): readonly Series[] {
  const offsetSec = clockOffsetSec(arrivals, window);
  if (offsetSec === undefined) return [];
  const { fromSec, toSec } = window;
  return tracksOf(arrivals, offsetSec).flatMap((track) => {
    const points: SeriesPoint[] = [];
    for (const [before, after] of pairsOf(track, intervalSec)) {
      const middleSec = ((before ?? after).atSec + after.atSec) / 2;
      if (middleSec < fromSec || after.atSec > toSec) continue;
      if (before !== undefined) points.push(pointOf(before, after, fromSec));
      else if (points.length > 0) points.push(gapAt(after.atSec - fromSec));
    }
    return points.length === 0 ? [] : [{ subject: track.subject, points }];
  });
}

/** Readings of one subject on drydock's clock, oldest first; of the last container where several had the name. */
export function readingsOf(arrivals: readonly Arrival[], subject: string, window: Window): readonly PlacedReading[] {
  const offsetSec = clockOffsetSec(arrivals, window);
  if (offsetSec === undefined) return [];
  const track = tracksOf(arrivals, offsetSec).find((one) => one.subject === subject);
  return track?.stretches.at(-1) ?? [];
}

function ticksIn(arrivals: readonly Arrival[], window: Window): readonly Tick[] {
  return arrivals.flatMap(({ line, arrivedSec }) =>
    line.kind === 'tick' && arrivedSec >= window.fromSec && arrivedSec <= window.toSec ? [line] : [],
  );
}

/** What the sampler cost in a window, from the first tick that came in it to the last; `undefined` for fewer than two. */
export function samplerCost(arrivals: readonly Arrival[], window: Window): SamplerCost | undefined {
  const ticks = ticksIn(arrivals, window);
  const first = ticks.at(0);
  const last = ticks.at(-1);
  if (first === undefined || last === undefined || last.stampSec <= first.stampSec) return undefined;
  // A tick tells what those before it have cost.
  const samples = ticks.length - 1;
  const cpuSec = last.ownCpuSec - first.ownCpuSec;
  return { samples, cpuSecPerSample: cpuSec / samples, cpuShare: cpuSec / (last.stampSec - first.stampSec) };
}

/** Sentences on ticks that are missing in a window: when, and for how long. */
export function gapWarnings(arrivals: readonly Arrival[], window: Window, intervalSec: number): readonly string[] {
  const ticks = ticksIn(arrivals, window);
  const gaps = ticks.slice(1).map(({ stampSec }, index) => stampSec - (ticks[index]?.stampSec ?? stampSec));
  const long = gaps.filter((gap) => gap > LONGEST * intervalSec);
  if (long.length === 0) return [];
  const longest = Math.max(...long).toFixed(1);
  return [`The series have ${long.length} gaps: ticks of the sampler came late, the latest after ${longest} s.`];
}

import type { PlacedReading } from './series.ts';
import type { Totals } from './sampler-log.ts';

/** One reading of the Engine API's totals, and when: seconds on drydock's monotonic clock. */
export interface EngineReading {
  readonly atSec: number;
  readonly totals: Totals;
}

/** Two counts of the same thing may differ by this share of the larger one, and by what one interval of the sampler can hide. */
const TOLERANCE = 0.02;

const COUNTERS = [
  { counter: 'cpuSec', title: 'processor time', unit: 's', digits: 3 },
  { counter: 'diskReadBytes', title: 'bytes read from disk', unit: 'bytes', digits: 0 },
  { counter: 'diskWriteBytes', title: 'bytes written to disk', unit: 'bytes', digits: 0 },
  { counter: 'networkReceiveBytes', title: 'bytes received', unit: 'bytes', digits: 0 },
  { counter: 'networkSendBytes', title: 'bytes sent', unit: 'bytes', digits: 0 },
] as const satisfies readonly { counter: keyof Totals; title: string; unit: string; digits: number }[];

type Counter = (typeof COUNTERS)[number]['counter'];

function growth(before: Totals, after: Totals, counter: Counter): number | undefined {
  const [from, to] = [before[counter], after[counter]];
  return from === null || to === null || to < from ? undefined : to - from;
}

function nearest(readings: readonly PlacedReading[], atSec: number): PlacedReading | undefined {
  return readings.reduce<PlacedReading | undefined>(
    (best, reading) =>
      best === undefined || Math.abs(reading.atSec - atSec) < Math.abs(best.atSec - atSec) ? reading : best,
    undefined,
  );
}

/** The most that the counter grew from one reading to the next, from one before the first to one after the last. */
function intervalsWorth(readings: readonly PlacedReading[], first: number, last: number, counter: Counter): number {
  const around = readings.slice(Math.max(0, first - 1), last + 2);
  return around.slice(1).reduce((most, reading, index) => {
    const before = around[index];
    return before === undefined ? most : Math.max(most, growth(before, reading, counter) ?? 0);
  }, 0);
}

/**
 * Holds what the sampler counted of a container against what the daemon counted, between two readings of the daemon's. The
 * sampler's readings nearest to those stand for them; so the two may differ by one interval's worth, the most that
 * happened between two of the sampler's readings in that time, and by 2 % of the larger. Counters that one of the two does
 * not have are not compared, except that the sampler must have what the daemon has.
 *
 * @param readings - the container's, oldest first, on drydock's clock
 * @returns a sentence for each counter that disagrees by more; none when all agree
 */
export function crossCheck(
  subject: string,
  readings: readonly PlacedReading[],
  engine: { readonly before: EngineReading; readonly after: EngineReading },
): readonly string[] {
  const first = nearest(readings, engine.before.atSec);
  const last = nearest(readings, engine.after.atSec);
  if (first === undefined || last === undefined || first === last) {
    return [`${subject}: the sampler has too few readings to be held against the Engine API's totals.`];
  }
  return COUNTERS.flatMap(({ counter, title, unit, digits }) => {
    const daemon = growth(engine.before.totals, engine.after.totals, counter);
    if (daemon === undefined) return [];
    const sampler = growth(first, last, counter);
    if (sampler === undefined) return [`${subject}: the daemon counts ${title}, the sampler found no such counter.`];
    const worth = intervalsWorth(readings, readings.indexOf(first), readings.indexOf(last), counter);
    const allowed = worth + TOLERANCE * Math.max(sampler, daemon);
    if (Math.abs(sampler - daemon) <= allowed) return [];
    const [ours, theirs, most] = [sampler, daemon, allowed].map((value) => value.toFixed(digits));
    return [
      `${subject}: ${title}: the sampler counted ${ours} ${unit}, the Engine API ${theirs} ${unit}; ` +
        `one interval and 2 % explain ${most} ${unit}.`,
    ];
  });
}

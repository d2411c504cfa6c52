import type { ClockFit } from '../../model/boots/timeline.ts';

/** A console line that stands on both clocks: when the guest stamped it, and when its first byte reached the host. */
export interface ClockPoint {
  readonly guestSec: number;
  readonly hostSec: number;
}

/** A guest instant that cannot lie before a host instant: the guest did it because the host had asked. */
export interface ClockFloor {
  readonly guestSec: number;
  readonly notBeforeHostSec: number;
}

export interface ClockEvidence {
  readonly points: readonly ClockPoint[];
  readonly floors?: readonly ClockFloor[];
  /** The guest's clock cannot have started before this host instant; 0, the start of QEMU, unless more is known. */
  readonly startsAfterSec?: number;
  /** How far a host stamp may be early, in seconds: the resolution of the stamps. */
  readonly resolutionSec?: number;
  /** Largest plausible |rate − 1|. */
  readonly rateTolerance?: number;
}

/**
 * arch/x86/kernel/tsc.c `quick_pit_calibrate` gives up unless it knows the TSC to 500 ppm, and NTP steers a host's
 * monotonic clock by at most 500 ppm (adjtimex(2)).
 */
export const CALIBRATED_RATE_TOLERANCE = 1e-3;
/** A kernel that could not calibrate its TSC at once (`tsc.c`, the slow path accepts 10 % between references). */
export const UNCALIBRATED_RATE_TOLERANCE = 0.1;

/** A line host = a + b × guest. */
interface Line {
  readonly a: number;
  readonly b: number;
}

/**
 * Fits a guest clock onto the host's. Serial output is late, never early, so every clock that could be true lies on or
 * below all the points; a floor, and the start of QEMU, hold it up from below; its rate is near 1. These half-planes leave
 * a polygon of possible clocks. The fit is the one of them that explains the lines with the least delay in sum (Moon,
 * Skelly, Towsley, "Estimation and Removal of Clock Skew from Network Delay Measurements", INFOCOM 1999), and its stated
 * error is the distance to the furthest corner of the polygon: no assumption about how the delays are distributed.
 *
 * Points stamped 0 are left out: the kernel prints so before its clock runs.
 */
export function fitClock(evidence: ClockEvidence): ClockFit {
  const points = evidence.points.filter((point) => point.guestSec > 0);
  const floors = evidence.floors ?? [];
  const counts = { points: points.length, exchanges: floors.length };
  const [first] = points;
  if (first === undefined) {
    const reason = 'no console line carries a stamp of the kernel’s clock, so nothing stands on both clocks';
    return { basis: 'none', ...counts, reason };
  }
  const tolerance = evidence.rateTolerance ?? CALIBRATED_RATE_TOLERANCE;
  const possible = possibleClocks(points, floors, evidence, tolerance);
  if (possible.length === 0) {
    const reason = `no clock whose rate is within ${String(tolerance * 100)} % of the host's agrees with all console lines`;
    return { basis: 'none', ...counts, reason };
  }
  const meanSec = points.reduce((sum, point) => sum + point.guestSec, 0) / points.length;
  const least = possible.reduce((best, line) => (at(line, meanSec) > at(best, meanSec) ? line : best));
  // One line says nothing about the rate: every rate explains it without delay.
  const level = { a: first.hostSec - first.guestSec, b: 1 };
  const isOffset = points.length === 1 && level.a >= (evidence.startsAfterSec ?? 0) && allows(level, floors);
  const fit = isOffset ? level : least;
  const lastSec = Math.max(...[...points, ...floors].map((one) => one.guestSec));
  const errorSec = Math.max(
    ...possible.flatMap((line) => [0, lastSec].map((guestSec) => Math.abs(at(line, guestSec) - at(fit, guestSec)))),
  );
  const delays = points.map((point) => Math.max(0, point.hostSec - at(fit, point.guestSec))).sort((x, y) => x - y);
  return {
    basis: points.length === 1 ? 'offset' : 'line',
    offsetSec: fit.a,
    rate: fit.b,
    errorSec,
    ...counts,
    delay95Sec: delays[Math.ceil(delays.length * 0.95) - 1] ?? 0,
  };
}

/** The host instant of a guest instant by a fit. */
export function toHostSec(fit: { readonly offsetSec: number; readonly rate: number }, guestSec: number): number {
  return fit.offsetSec + fit.rate * guestSec;
}

function at(line: Line, guestSec: number): number {
  return line.a + line.b * guestSec;
}

function allows(line: Line, floors: readonly ClockFloor[]): boolean {
  return floors.every((floor) => at(line, floor.guestSec) >= floor.notBeforeHostSec);
}

/** Corners of the polygon of clocks that agree with everything; empty when none does. */
function possibleClocks(
  points: readonly ClockPoint[],
  floors: readonly ClockFloor[],
  { startsAfterSec = 0, resolutionSec = 0 }: ClockEvidence,
  tolerance: number,
): readonly Line[] {
  const highest = Math.max(startsAfterSec, ...points.map((point) => point.hostSec + resolutionSec));
  const [low, high] = [1 - tolerance, 1 + tolerance];
  let corners: readonly Line[] = [
    { a: startsAfterSec, b: low },
    { a: highest, b: low },
    { a: highest, b: high },
    { a: startsAfterSec, b: high },
  ];
  for (const { guestSec, hostSec } of points)
    corners = clip(corners, (line) => hostSec + resolutionSec - at(line, guestSec));
  for (const { guestSec, notBeforeHostSec } of floors)
    corners = clip(corners, (line) => at(line, guestSec) - notBeforeHostSec);
  return corners;
}

/** Rounding of seconds that are kept in doubles; far below what any clock here resolves. */
const EPSILON = 1e-12;

/** Cuts a convex polygon along a line, keeping where `inside` is not negative (Sutherland and Hodgman 1974). */
function clip(corners: readonly Line[], inside: (line: Line) => number): readonly Line[] {
  return corners.flatMap((corner, index) => {
    const next = corners[(index + 1) % corners.length] ?? corner;
    const [here, there] = [inside(corner), inside(next)];
    const kept = here >= -EPSILON ? [corner] : [];
    if (here >= -EPSILON === there >= -EPSILON) return kept;
    const share = here / (here - there);
    return [...kept, { a: corner.a + (next.a - corner.a) * share, b: corner.b + (next.b - corner.b) * share }];
  });
}

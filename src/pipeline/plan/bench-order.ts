import { bootUnit } from './boot-order.ts';
import type { PlannedBoot } from './boot-order.ts';

/** One session of container work in the plan: a place, once. */
export interface PlannedBench {
  /** `bench:03:docker-min`; the position counted from 0 over the whole run. */
  readonly id: string;
  readonly order: number;
  readonly round: number;
  /** `host`, or an arm's name. */
  readonly place: string;
  /** The measured boot that the session begins with. */
  readonly boot?: PlannedBoot;
}

/** What is remembered of how long a session takes: one that begins with a measured boot is timed without it. */
export function sessionKind({ place, boot }: PlannedBench): string {
  return `${boot === undefined ? 'bench' : 'booted-bench'}:${place}`;
}

/**
 * Interleaves the places as `bootOrder` does the arms: forward in even rounds, backward in odd ones, so that a drift of the
 * machine weighs on every place alike.
 *
 * @param measured places whose sessions begin with a measured boot
 */
export function benchOrder(
  places: readonly string[],
  rounds: number,
  measured: readonly string[] = [],
): readonly PlannedBench[] {
  const order = Array.from({ length: rounds }, (_, round) =>
    (round % 2 === 0 ? places : [...places].reverse()).map((place) => ({ round, place })),
  ).flat();
  const boots = order.filter(({ place }) => measured.includes(place));
  return order.map((session, index) => ({
    id: `bench:${String(index).padStart(2, '0')}:${session.place}`,
    order: index,
    ...session,
    ...(measured.includes(session.place) ? { boot: bootUnit(session.place, boots.indexOf(session)) } : {}),
  }));
}

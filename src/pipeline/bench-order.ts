/** One session of container work in the plan: a place, once. */
export interface PlannedBench {
  /** `bench:03:docker-min`; the position counted from 0 over the whole run. */
  readonly id: string;
  readonly order: number;
  readonly round: number;
  /** `host`, or an arm's name. */
  readonly place: string;
}

/**
 * Interleaves the places as `bootOrder` does the arms: forward in even rounds, backward in odd ones, so that a drift of the
 * machine weighs on every place alike.
 */
export function benchOrder(places: readonly string[], rounds: number): readonly PlannedBench[] {
  const order = Array.from({ length: rounds }, (_, round) =>
    (round % 2 === 0 ? places : [...places].reverse()).map((place) => ({ round, place })),
  ).flat();
  return order.map(({ round, place }, index) => ({
    id: `bench:${String(index).padStart(2, '0')}:${place}`,
    order: index,
    round,
    place,
  }));
}

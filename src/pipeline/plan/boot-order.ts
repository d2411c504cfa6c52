/** One measured boot in the plan. */
export interface PlannedBoot {
  /** `boot:03:docker-min` or, on the virtual clock, `virtual:03:docker-min`; the position counted from 0 over the whole run. */
  readonly id: string;
  readonly order: number;
  readonly arm: string;
}

type Kind = 'boot' | 'virtual';

export function bootUnit(arm: string, order: number, kind: Kind = 'boot'): PlannedBoot {
  return { id: `${kind}:${String(order).padStart(2, '0')}:${arm}`, order, arm };
}

/**
 * Interleaves the arms: forward in even rounds, backward in odd ones (A B B A …), so that a drift of the machine
 * weighs on every arm alike.
 */
export function bootOrder(arms: readonly string[], bootsPerArm: number, kind: Kind = 'boot'): readonly PlannedBoot[] {
  const rounds = Array.from({ length: bootsPerArm }, (_, round) => (round % 2 === 0 ? arms : [...arms].reverse()));
  return rounds.flat().map((arm, order) => bootUnit(arm, order, kind));
}

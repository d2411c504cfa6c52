/** Maps a value of the domain to a coordinate. */
export type Scale = (value: number) => number;

/** Linear scale; a domain without extent maps everything to the middle of the range. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const extent = domain[1] - domain[0];
  if (!(extent > 0)) return () => (range[0] + range[1]) / 2;
  return (value) => range[0] + ((value - domain[0]) / extent) * (range[1] - range[0]);
}

/**
 * Round numbers (1, 2 or 5 times a power of `base`'s family) from `low` to `high`, at most `most` of them.
 * @param base 10 for seconds, 2 for bytes, so that ticks fall on whole KiB and MiB
 */
export function niceTicks(low: number, high: number, most: number, base: 10 | 2 = 10): readonly number[] {
  if (!(high > low) || most < 1) return [low];
  const step = niceStep((high - low) / most, base);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

/** Decimals that tell neighbouring ticks apart. */
export function tickDecimals(ticks: readonly number[]): number {
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  return step > 0 ? Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : 0;
}

/** Coordinates need no more than a hundredth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Width that text of the page's sans-serif takes, estimated from above. */
export function textWidth(text: string, fontPx: number): number {
  return [...text].length * fontPx * 0.56;
}

/** Text cut to a width, with an ellipsis where something is missing. */
export function fitText(text: string, fontPx: number, width: number): string {
  const characters = [...text];
  const room = Math.floor(width / (fontPx * 0.56));
  if (characters.length <= room) return text;
  return room < 2 ? '' : `${characters.slice(0, room - 1).join('')}…`;
}

export interface PlacedLabel<T> {
  readonly item: T;
  readonly x: number;
  /** 0 is nearest to what the label names. */
  readonly lane: number;
  readonly anchor: 'start' | 'end';
}

interface Box {
  readonly from: number;
  readonly to: number;
  readonly x: number;
}

/**
 * Puts labels of points on one line into as few lanes as keep them apart. A label starts at its point, or ends there
 * where the right edge is too near; no two labels of a lane overlap, and where it can be had no leader line from a point
 * to its label passes through another label.
 */
export function placeLabels<T>(
  items: readonly { readonly item: T; readonly x: number; readonly width: number }[],
  rightEdge: number,
): readonly PlacedLabel<T>[] {
  const gap = 6;
  const lanes: Box[][] = [];
  // From the right: a leader then only meets labels that begin further right, so it passes them by.
  const order = [...items].sort((a, b) => b.x - a.x);
  const placed = order.map(({ item, x, width }): PlacedLabel<T> => {
    const anchor = x + width > rightEdge ? 'end' : 'start';
    const box: Box = anchor === 'start' ? { from: x, to: x + width, x } : { from: x - width, to: x, x };
    const free = (lane: number): boolean =>
      (lanes[lane] ?? []).every((other) => box.to + gap <= other.from || other.to + gap <= box.from);
    const leaderClear = (lane: number): boolean =>
      lanes.slice(0, lane).every((boxes) => boxes.every((other) => x <= other.from || x >= other.to)) &&
      lanes.slice(lane + 1).every((boxes) => boxes.every((other) => other.x <= box.from || other.x >= box.to));
    const candidates = Array.from({ length: lanes.length + 1 }, (_, lane) => lane).filter(free);
    const lane = candidates.find(leaderClear) ?? candidates[0] ?? lanes.length;
    lanes[lane] = [...(lanes[lane] ?? []), box];
    return { item, x, lane, anchor };
  });
  return placed.reverse();
}

function niceStep(atLeast: number, base: 10 | 2): number {
  if (base === 2) return 2 ** Math.ceil(Math.log2(atLeast) - 1e-9);
  const power = 10 ** Math.floor(Math.log10(atLeast) + 1e-9);
  const step = [1, 2, 5, 10].find((factor) => factor * power >= atLeast * (1 - 1e-9)) ?? 10;
  return step * power;
}

import { fitText, textWidth } from './scale.ts';

/** A label next to a bar. */
export interface BesideLabel {
  readonly x: number;
  readonly anchor: 'start' | 'end';
  readonly text: string;
}

const gapPx = 5;

/**
 * Puts a label to the right of a bar if it fits there, else to the left, else to the side that has more room, cut to it.
 * @param place where the bar stands, in pixels
 * @param range the left and right end of the plot
 */
export function placeBeside(
  text: string,
  fontPx: number,
  place: { readonly from: number; readonly width: number },
  range: readonly [number, number],
): BesideLabel {
  const to = place.from + place.width;
  const right = range[1] - to - gapPx;
  const left = place.from - range[0] - gapPx;
  const isRight = textWidth(text, fontPx) <= right || (textWidth(text, fontPx) > left && right >= left);
  return isRight
    ? { x: to + gapPx, anchor: 'start', text: fitText(text, fontPx, right) }
    : { x: place.from - gapPx, anchor: 'end', text: fitText(text, fontPx, left) };
}

import type { Unit } from '../../model/verdicts/measure.ts';
import { median } from '../../stats/summary.ts';
import { tickBase, tickTexts } from './axis-ticks.ts';
import { formatValue, spreadOf } from '../text/format.ts';
import { markup, type Markup } from '../text/markup.ts';
import { fitText, linearScale, niceTicks, px, textWidth } from './scale.ts';

/** The single values of one place, in the order in which they were taken. */
export interface DotRow {
  readonly name: string;
  /** Class of the place's colour. */
  readonly place: string;
  readonly values: readonly number[];
}

const widthPx = 352;
const edge = 8;
const titleHeight = 18;
const bandHeight = 40;
const rowHeight = titleHeight + bandHeight + 4;
const axisHeight = 20;

/**
 * Single values behind a median, a band a place on one axis that begins at zero: lengths compare. In each band the values
 * go down in the order they were taken, so a drift shows as a slant; the line is the median.
 */
export function dotsSvg(title: string, unit: Unit, rows: readonly DotRow[]): Markup {
  const most = Math.max(0, ...rows.flatMap(({ values }) => values)) * 1.06 || 1;
  const x = linearScale([0, most], [edge, widthPx - edge]);
  const heightPx = rowHeight * rows.length + axisHeight;
  const ticks = niceTicks(0, most, 4, tickBase(unit));
  const texts = tickTexts(ticks, unit);
  const bottom = rowHeight * rows.length;
  const axis = ticks.map((tick, index) => {
    const text = texts[index] ?? '';
    const half = textWidth(text, 11) / 2;
    const at = Math.min(widthPx - half, Math.max(half, x(tick)));
    return markup`<path class="axis" d="M${px(x(tick))} ${px(bottom - 4)}v4"/><text class="tick" x="${px(at)}" y="${px(heightPx - 5)}" text-anchor="middle">${text}</text>`;
  });
  const bands = rows.map(({ name, place, values }, row) => {
    const top = rowHeight * row;
    const bandTop = top + titleHeight;
    const figures = figuresOf(values, unit);
    const step = bandHeight / (values.length + 1);
    const dots = values.map(
      (value, index) =>
        markup`<circle class="dot" cx="${px(x(value))}" cy="${px(bandTop + step * (index + 1))}" r="2.5"><title>${formatValue(value, unit)}</title></circle>`,
    );
    const middle =
      values.length === 0
        ? undefined
        : markup`<path class="median" d="M${px(x(median(values)))} ${px(bandTop)}v${bandHeight}"/>`;
    const grid = ticks.map((tick) => markup`<path class="grid" d="M${px(x(tick))} ${px(bandTop)}v${bandHeight}"/>`);
    return markup`<g class="${place}">
<text class="row-title" x="0" y="${px(top + 13)}">${fitText(name, 12, widthPx - textWidth(figures, 11) - 8)}</text>
<text class="note" x="${widthPx}" y="${px(top + 13)}" text-anchor="end">${figures}</text>
<rect class="band" x="0" y="${px(bandTop)}" width="${widthPx}" height="${bandHeight}"/>${[...grid, ...(middle === undefined ? [] : [middle]), ...dots]}</g>`;
  });
  const words = rows.map(({ name, values }) => `${name}: ${figuresOf(values, unit)}`).join('. ');
  return markup`<svg class="dots" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx}" height="${heightPx}" role="img" aria-label="${`${title}, every single value. ${words}`}">
${bands}
${axis}
</svg>`;
}

function figuresOf(values: readonly number[], unit: Unit): string {
  return values.length === 0
    ? 'no values'
    : `median ${formatValue(median(values), unit, spreadOf(values))}, n = ${values.length}`;
}

import { tickBase, tickTexts, type AxisUnit } from './axis-ticks.ts';
import { markup, type Markup } from '../text/markup.ts';
import { fitText, linearScale, niceTicks, placeLabels, px, textWidth, tickDecimals, type Scale } from './scale.ts';

/** A line of a panel; where samples are missing it is broken into stretches. */
export interface SeriesLine {
  /** Class of the place's colour. */
  readonly place: string;
  /** Class of the subject's stroke. */
  readonly subject: string;
  readonly name: string;
  readonly stretches: readonly (readonly { readonly atSec: number; readonly value: number }[])[];
}

/** One quantity, all its lines on one axis that begins at zero. */
export interface SeriesPanel {
  readonly title: string;
  readonly unit: AxisUnit;
  readonly lines: readonly SeriesLine[];
  /** Said beside the title: who has no such counter. */
  readonly note: string;
}

/** What happened at one place. */
export interface SeriesStrip {
  readonly name: string;
  readonly place: string;
  readonly events: readonly { readonly label: string; readonly fromSec: number; readonly toSec: number | undefined }[];
}

/** Places that share axes. */
export interface SeriesBlock {
  readonly strips: readonly SeriesStrip[];
  readonly panels: readonly SeriesPanel[];
}

export interface SeriesOptions {
  readonly widthPx: number;
  /** Length of the time axis, shared by all blocks. */
  readonly untilSec: number;
  /** Says in words what the picture shows, for readers who do not see it. */
  readonly label: string;
  readonly axis: string;
}

const fontPx = 11;
const nameHeight = 18;
const laneHeight = 14;
const titleHeight = 18;
const plotHeight = 96;
const gap = 12;
const edge = 8;
const axisHeight = 34;

interface Frame {
  readonly x: Scale;
  readonly left: number;
  readonly options: SeriesOptions;
}

interface Drawn {
  readonly content: Markup;
  readonly heightPx: number;
}

/** How many strokes the style sheet tells apart; further subjects start again from the first. */
export const seriesStrokes = 5;

/**
 * Blocks one above the other on one time axis: what happened at each place, labelled so that no two labels touch, then a
 * panel for each quantity. Colours and strokes come from the page's style sheet.
 */
export function seriesSvg(blocks: readonly SeriesBlock[], options: SeriesOptions): Markup {
  const { widthPx, untilSec } = options;
  const texts = blocks.flatMap(({ panels }) => panels.flatMap((panel) => axisOf(panel).map(({ text }) => text)));
  const left = Math.max(24, ...texts.map((text) => textWidth(text, fontPx) + 8));
  const frame: Frame = { x: linearScale([0, untilSec], [left, widthPx - edge]), left, options };
  let y = 0;
  const drawn = blocks.map((block) => {
    const parts = [
      ...block.strips.map((strip) => (top: number) => drawStrip(strip, top, frame)),
      ...block.panels.map((panel) => (top: number) => drawPanel(panel, block.strips, top, frame)),
    ].map((draw) => {
      const { content, heightPx } = draw(y);
      y += heightPx + gap;
      return content;
    });
    y += gap;
    return markup`<g>${parts}</g>`;
  });
  const axisY = Math.max(0, y - gap);
  const heightPx = axisY + axisHeight;
  return markup`<svg class="series" viewBox="0 0 ${px(widthPx)} ${px(heightPx)}" width="${px(widthPx)}" height="${px(heightPx)}" role="img" aria-label="${options.label}">
${drawn}
${drawTime(axisY, frame)}
</svg>`;
}

function drawStrip({ name, place, events }: SeriesStrip, top: number, { x, options }: Frame): Drawn {
  const { widthPx, untilSec } = options;
  const baseY = top + nameHeight + 5;
  const shown = events.filter(({ fromSec }) => fromSec >= 0 && fromSec <= untilSec);
  const placed = placeLabels(
    shown.map((event) => {
      const { label, fromSec, toSec } = event;
      // A label may stand on either side of its point, so half of the chart is what it has for certain.
      const room = widthPx / 2 - 12;
      const from = fromSec.toFixed(1);
      // Where a stretch ends its bar shows, too; what it was does not.
      const texts = [...(toSec === undefined ? [] : [`${label} ${from}–${toSec.toFixed(1)}`]), `${label} ${from}`];
      const text = texts.find((one) => textWidth(one, fontPx) <= room) ?? fitText(label, fontPx, room);
      return { item: { event, text }, x: x(fromSec), width: textWidth(text, fontPx) + 3 };
    }),
    widthPx,
  );
  const lanes = Math.max(0, ...placed.map(({ lane }) => lane + 1));
  const labelY = (lane: number): number => baseY + 17 + lane * laneHeight;
  const leaders = placed.map(
    ({ x: at, lane }) => markup`<path class="leader" d="M${px(at)} ${px(baseY)}V${px(labelY(lane) + 2)}"/>`,
  );
  const marks = placed.map(({ item: { event } }) => {
    const from = x(event.fromSec);
    const width = event.toSec === undefined ? 2 : Math.max(2, x(Math.min(event.toSec, untilSec)) - from - 1);
    return markup`<rect class="happened" x="${px(from)}" y="${px(baseY - 3)}" width="${px(width)}" height="6"/>`;
  });
  const labels = placed.map(({ item, x: at, lane, anchor }) => {
    const shift = anchor === 'start' ? 3 : -3;
    return markup`<text class="marker" x="${px(at + shift)}" y="${px(labelY(lane))}" text-anchor="${anchor}">${item.text}</text>`;
  });
  const title = fitText(name, 12, widthPx);
  return {
    content: markup`<g class="${place}"><text class="row-title" x="0" y="${px(top + 13)}">${title}</text>${[...leaders, ...marks, ...labels]}</g>`,
    heightPx: nameHeight + 10 + lanes * laneHeight,
  };
}

interface Tick {
  readonly value: number;
  readonly text: string;
}

function axisOf(panel: SeriesPanel): readonly Tick[] {
  const values = niceTicks(0, mostOf(panel), 4, tickBase(panel.unit));
  const texts = tickTexts(values, panel.unit);
  return values.map((value, index) => ({ value, text: texts[index] ?? '' }));
}

/** Top of a panel's axis. */
function mostOf({ lines, unit }: SeriesPanel): number {
  const values = lines.flatMap(({ stretches }) => stretches.flatMap((stretch) => stretch.map(({ value }) => value)));
  // Where nothing moved the line lies on the axis of something that a reader can imagine.
  const least = unit === 'bytes' || unit === 'bytes/s' ? 1024 : unit === 's' ? 0.001 : 0.1;
  return Math.max(least, ...values) * 1.04;
}

function drawPanel(panel: SeriesPanel, strips: readonly SeriesStrip[], top: number, frame: Frame): Drawn {
  const { x, left, options } = frame;
  const { widthPx, untilSec } = options;
  const plotTop = top + titleHeight;
  const bottom = plotTop + plotHeight;
  const y = linearScale([0, mostOf(panel)], [bottom, plotTop]);
  const title = fitText(panel.title, fontPx, widthPx);
  const note = fitText(panel.note, fontPx, widthPx - textWidth(title, fontPx) - 10);
  const grid = axisOf(panel).map(
    ({ value, text }) => markup`<path class="grid" d="M${px(left)} ${px(y(value))}H${px(widthPx - edge)}"/>
<text class="tick" x="${px(left - 6)}" y="${px(y(value) + 4)}" text-anchor="end">${text}</text>`,
  );
  const seconds = timeTicks(frame).map(
    (tick) => markup`<path class="grid" d="M${px(x(tick))} ${px(plotTop)}V${px(bottom)}"/>`,
  );
  const events = strips.map(({ place, events: all }) => {
    const instants = all.flatMap(({ fromSec, toSec }) => (toSec === undefined ? [fromSec] : [fromSec, toSec]));
    const marks = instants
      .filter((atSec) => atSec >= 0 && atSec <= untilSec)
      .map((atSec) => markup`<path class="event" d="M${px(x(atSec))} ${px(plotTop)}V${px(bottom)}"/>`);
    return markup`<g class="${place}">${marks}</g>`;
  });
  const lines = panel.lines.map(({ place, subject, name, stretches }) => {
    const path = stretches
      .map((stretch) => {
        const points = stretch.map(({ atSec, value }) => `${px(x(atSec))} ${px(y(value))}`);
        // A lone sample between gaps still shows, as a dot of the stroke's width.
        return points.length === 1 ? `M${points.join('')}h0.1` : `M${points.join('L')}`;
      })
      .join('');
    return path === ''
      ? markup``
      : markup`<path class="line ${place} ${subject}" d="${path}"><title>${name}</title></path>`;
  });
  const empty = panel.lines.every(({ stretches }) => stretches.length === 0)
    ? markup`<text class="note" x="${px(left + 6)}" y="${px(plotTop + plotHeight / 2)}">no sample</text>`
    : undefined;
  return {
    content: markup`<g class="panel"><text class="heading" x="0" y="${px(top + 12)}">${title}<tspan class="note" dx="8">${note}</tspan></text>
${[...grid, ...seconds, ...events, ...lines]}${empty}<path class="axis" d="M${px(left)} ${px(bottom)}H${px(widthPx - edge)}"/></g>`,
    heightPx: titleHeight + plotHeight,
  };
}

function timeTicks({ options: { untilSec, widthPx } }: Frame): readonly number[] {
  return niceTicks(0, untilSec, Math.max(2, Math.floor(widthPx / 72)));
}

function drawTime(axisY: number, frame: Frame): Markup {
  const { x, left, options } = frame;
  const { widthPx, axis } = options;
  const ticks = timeTicks(frame);
  const decimals = tickDecimals(ticks);
  const texts = ticks.map((tick) => {
    const isLast = x(tick) > widthPx - 24;
    return markup`<path class="axis" d="M${px(x(tick))} ${px(axisY)}v4"/><text class="tick" x="${px(isLast ? widthPx - edge : x(tick))}" y="${px(axisY + 15)}" text-anchor="${isLast ? 'end' : 'middle'}">${tick.toFixed(decimals)}</text>`;
  });
  return markup`<path class="axis" d="M${px(left)} ${px(axisY)}H${px(widthPx - edge)}"/>${texts}
<text class="tick" x="${px(widthPx - edge)}" y="${px(axisY + 30)}" text-anchor="end">${fitText(axis, fontPx, widthPx - edge)}</text>`;
}

import type { BootPhase, BootSummary, MarkerId } from '../model/boot.ts';
import { secondsDigits } from './format.ts';
import { joinMarkup, markup, type Markup } from './markup.ts';
import { markerIds, markerNames } from './median-boot.ts';
import { fitText, linearScale, niceTicks, placeLabels, px, textWidth, tickDecimals, type Scale } from './svg-scale.ts';

/** One boot as a row of the chart. */
export interface TimelineRow {
  /** What stands above the bar: the arm, and which of its boots this is. */
  readonly title: string;
  readonly note: string;
  readonly boot: BootSummary;
}

export interface TimelineOptions {
  /** Length of the axis in guest seconds; what comes later is cut off and said to be. */
  readonly untilSec: number;
  readonly widthPx: number;
  /** Says in words what the picture shows, for readers who do not see it. */
  readonly label: string;
  /** Class name of each phase's colour, by the phase's name (see `phaseClasses`). */
  readonly phaseClass: ReadonlyMap<string, string>;
}

const fontPx = 11;
const titleHeight = 20;
const barHeight = 22;
const laneHeight = 15;
const rowGap = 18;
const axisHeight = 34;
const edge = 10;

/** How many phase colours the style sheet has; further phases start again from the first. */
export const phaseColours = 8;

/** The same colour for the same phase in every row and chart, in order of first appearance. */
export function phaseClasses(boots: readonly BootSummary[]): ReadonlyMap<string, string> {
  const phases = [...new Set(boots.flatMap((boot) => boot.phases.map((phase) => phase.name)))];
  return new Map(phases.map((name, index) => [name, `phase-${index % phaseColours}`]));
}

/**
 * Boots one above the other on one axis of guest seconds: phases as bars, markers as ticks with their labels in lanes
 * below the bar. Colours come from the page's style sheet.
 */
export function timelineSvg(rows: readonly TimelineRow[], options: TimelineOptions): Markup {
  const { widthPx, untilSec } = options;
  const x = linearScale([0, untilSec], [edge, widthPx - edge]);
  let y = 0;
  const drawn = rows.map((row) => {
    const top = y;
    const { content, heightPx } = drawRow(row, top, x, options);
    y += heightPx + rowGap;
    return content;
  });
  const axisY = Math.max(0, y - rowGap + 6);
  const heightPx = axisY + axisHeight;
  return markup`<svg class="timeline" viewBox="0 0 ${px(widthPx)} ${px(heightPx)}" width="${px(widthPx)}" height="${px(heightPx)}" role="img" aria-label="${options.label}">
${drawAxis(x, axisY, options)}
${drawn}
</svg>`;
}

function drawRow(
  row: TimelineRow,
  top: number,
  x: Scale,
  options: TimelineOptions,
): { content: Markup; heightPx: number } {
  const { untilSec, widthPx } = options;
  const barTop = top + titleHeight;
  const markers = markerIds.flatMap((id) => {
    const marker = row.boot.markers[id];
    if (marker === undefined || !(marker.atSec >= 0 && marker.atSec <= untilSec)) return [];
    const label = markerLabel(id, marker.atSec);
    return [{ item: label, x: x(marker.atSec), width: textWidth(label, fontPx) + 3 }];
  });
  const placed = placeLabels(markers, widthPx);
  const lanes = Math.max(0, ...placed.map((label) => label.lane + 1));
  const labelY = (lane: number): number => barTop + barHeight + 14 + lane * laneHeight;
  const leaders = placed.map(
    (label) =>
      markup`<path class="leader" d="M${px(label.x)} ${px(barTop + barHeight - 4)}V${px(labelY(label.lane) + 2)}"/>`,
  );
  const labels = placed.map((label) => {
    const shift = label.anchor === 'start' ? 3 : -3;
    return markup`<text class="marker" x="${px(label.x + shift)}" y="${px(labelY(label.lane))}" text-anchor="${label.anchor}">${label.item}</text>`;
  });
  const title = fitText(row.title, 12, widthPx * 0.5);
  const note = fitText(row.note, fontPx, widthPx - edge * 2 - textWidth(title, 12) - 10);
  return {
    content: markup`<g>
<text class="row-title" x="${px(edge)}" y="${px(top + 13)}">${title}<tspan class="note" dx="8">${note}</tspan></text>
${row.boot.phases.filter((phase) => isShown(phase, untilSec)).map((phase) => drawPhase(phase, barTop, x, options))}
${joinMarkup([...leaders, ...labels])}
</g>`,
    heightPx: titleHeight + barHeight + 6 + lanes * laneHeight,
  };
}

function isShown(phase: BootPhase, untilSec: number): boolean {
  return Math.min(phase.endSec, untilSec) > phase.startSec;
}

function drawPhase(phase: BootPhase, barTop: number, x: Scale, options: TimelineOptions): Markup {
  const endSec = Math.min(phase.endSec, options.untilSec);
  const from = x(phase.startSec);
  // A hairline of background keeps neighbours apart, without ever hiding a short phase.
  const width = Math.max(0.75, x(endSec) - from - 1);
  const costSec = phase.endSec - phase.startSec;
  const cut = phase.endSec > options.untilSec ? ' →' : '';
  const long = `${phase.name} ${secondsDigits(costSec)}${cut}`;
  const text = [long, phase.name].find((candidate) => textWidth(candidate, fontPx) + 8 <= width);
  return markup`<g><title>${phase.name}: ${secondsDigits(phase.startSec)} to ${secondsDigits(phase.endSec)} s, ${secondsDigits(costSec)} s</title><rect class="${options.phaseClass.get(phase.name) ?? 'phase-0'}" x="${px(from)}" y="${px(barTop)}" width="${px(width)}" height="${barHeight}"/>${
    text === undefined
      ? undefined
      : markup`<text class="in-bar" x="${px(from + 5)}" y="${px(barTop + 15)}">${text}</text>`
  }</g>`;
}

function drawAxis(x: Scale, axisY: number, { untilSec, widthPx }: TimelineOptions): Markup {
  const ticks = niceTicks(0, untilSec, Math.max(2, Math.floor(widthPx / 90)));
  const decimals = tickDecimals(ticks);
  const lines = ticks.map((tick) => markup`<path class="grid" d="M${px(x(tick))} 16V${px(axisY)}"/>`);
  const texts = ticks.map((tick, index) => {
    const anchor = index === 0 ? 'start' : x(tick) > widthPx - 24 ? 'end' : 'middle';
    const at = anchor === 'start' ? edge : anchor === 'end' ? widthPx - edge : x(tick);
    return markup`<text class="tick" x="${px(at)}" y="${px(axisY + 14)}" text-anchor="${anchor}">${tick.toFixed(decimals)}</text>`;
  });
  return markup`${lines}
<path class="axis" d="M${px(x(0))} ${px(axisY)}H${px(x(untilSec))}"/>
${texts}
<text class="tick" x="${px(widthPx - edge)}" y="${px(axisY + 29)}" text-anchor="end">seconds on the guest's clock</text>`;
}

function markerLabel(id: MarkerId, atSec: number): string {
  return `${markerNames[id]} ${secondsDigits(atSec)}`;
}

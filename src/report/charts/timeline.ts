import type { BootTimeline, TimelineLaneId, TimelineSpan } from '../../model/boots/timeline.ts';
import { secondsDigits } from '../text/format.ts';
import { markup, type Markup } from '../text/markup.ts';
import { placeBeside } from './label-side.ts';
import { fitText, linearScale, niceTicks, placeLabels, px, textWidth, tickDecimals, type Scale } from './scale.ts';

/** One boot as a block of the chart. */
export interface TimelineBlock {
  /** What stands above its rows: the arm, and which of its boots this is. */
  readonly title: string;
  readonly note: string;
  readonly timeline: BootTimeline;
}

export interface TimelineOptions {
  /** Length of the axis in seconds; what comes later is cut off. */
  readonly untilSec: number;
  readonly widthPx: number;
  /** Says in words what the picture shows, for readers who do not see it. */
  readonly label: string;
  /** What the axis counts, such as `seconds since QEMU was started`. */
  readonly axis: string;
  /** Class name of each phase's colour, by the phase's name (see `phaseClasses`). */
  readonly phaseClass: ReadonlyMap<string, string>;
}

const fontPx = 11;
const titleHeight = 20;
const barHeight = 22;
const laneHeight = 15;
const headingHeight = 17;
const rowHeight = 15;
const rowBar = 9;
const blockGap = 22;
const axisHeight = 34;
const edge = 10;
/** A bar narrower than this carries no cut name: two letters say nothing. */
const cutLabelPx = 70;

/** How many phase colours the style sheet has; further phases start again from the first. */
export const phaseColours = 8;
/** Grey tones for what happens before the kernel's clock runs. */
export const machineColours = 3;

/** An initcall_debug boot nests deeply; the table of costliest steps has what is further down. */
const maxInitcallRows = 6;

/** The lanes that follow one another and so share the first row of a block. */
const sequence: readonly TimelineLaneId[] = ['machine', 'kernel', 'userspace'];

/** The spans of a boot that follow one another, in order of time. */
export function phasesOf(timeline: BootTimeline): readonly TimelineSpan[] {
  // An old-style initrd is userspace between two phases of the kernel.
  return sequence.flatMap((id) => spansOf(timeline, id)).toSorted((a, b) => a.startSec - b.startSec);
}

/** The same colour for the same phase in every block and chart, in order of first appearance. */
export function phaseClasses(timelines: readonly BootTimeline[]): ReadonlyMap<string, string> {
  const names = (lanes: readonly TimelineLaneId[]): readonly string[] => [
    ...new Set(timelines.flatMap((one) => lanes.flatMap((id) => spansOf(one, id).map((span) => span.name)))),
  ];
  return new Map([
    ...names(['machine']).map((name, index): [string, string] => [name, `phase-m${index % machineColours}`]),
    ...names(['kernel', 'userspace']).map((name, index): [string, string] => [name, `phase-${index % phaseColours}`]),
  ]);
}

/**
 * Boots one above the other on one axis: phases as bars with marks below them, initcalls where the boot traced them, the
 * units of the critical chain and Docker a row each. Every mark carries its seconds (`data-s`, `data-e`), from which the
 * page's script redraws it on another scale. Colours come from the page's style sheet.
 */
export function timelineSvg(blocks: readonly TimelineBlock[], options: TimelineOptions): Markup {
  const { widthPx, untilSec } = options;
  const x = linearScale([0, untilSec], [edge, widthPx - edge]);
  let y = 0;
  const drawn = blocks.map((block) => {
    const { content, heightPx } = drawBlock(block, y, x, options);
    y += heightPx + blockGap;
    return content;
  });
  const axisY = Math.max(0, y - blockGap + 6);
  const heightPx = axisY + axisHeight;
  return markup`<svg class="timeline" data-until="${untilSec}" data-left="${edge}" data-right="${px(widthPx - edge)}" viewBox="0 0 ${px(widthPx)} ${px(heightPx)}" width="${px(widthPx)}" height="${px(heightPx)}" role="img" aria-label="${options.label}">
${drawAxis(x, axisY, options)}
${drawn}
</svg>`;
}

interface Drawn {
  readonly content: Markup;
  readonly heightPx: number;
}

function spansOf(timeline: BootTimeline, id: TimelineLaneId): readonly TimelineSpan[] {
  return timeline.lanes.find((lane) => lane.id === id)?.spans ?? [];
}

function drawBlock(block: TimelineBlock, top: number, x: Scale, options: TimelineOptions): Drawn {
  const { timeline } = block;
  const { widthPx, phaseClass } = options;
  const title = fitText(block.title, 12, widthPx * 0.5);
  const note = fitText(block.note, fontPx, widthPx - edge * 2 - textWidth(title, 12) - 10);
  const parts: Markup[] = [
    markup`<text class="row-title" x="${px(edge)}" y="${px(top + 13)}">${title}<tspan class="note" dx="8">${note}</tspan></text>`,
  ];
  let y = top + titleHeight;
  const phases = phasesOf(timeline).filter((span) => span.startSec < options.untilSec);
  parts.push(
    ...phases.map((span) => drawInside(span, y, barHeight, phaseClass.get(span.name) ?? 'phase-0', x, options)),
  );
  y += barHeight;
  const marks = drawMarks(timeline, y, x, options);
  parts.push(marks.content);
  y += marks.heightPx + 6;
  const lane = (heading: string, rows: readonly Markup[], rowPx: number): void => {
    parts.push(markup`<text class="heading" x="${px(edge)}" y="${px(y + 12)}">${heading}</text>`, ...rows);
    y += headingHeight + rowPx;
  };
  const initcalls = packRows(spansOf(timeline, 'initcalls')).filter((one) => one.row < maxInitcallRows);
  if (initcalls.length > 0) {
    const rows = 1 + Math.max(...initcalls.map((one) => one.row));
    const bars = initcalls.map(({ span, row }) =>
      drawInside(
        span,
        y + headingHeight + row * rowHeight,
        rowHeight - 1,
        phaseClass.get('PCI and drivers') ?? 'phase-2',
        x,
        options,
      ),
    );
    lane('initcalls and probes', bars, rows * rowHeight);
  }
  const eachItsRow = (heading: string, spans: readonly TimelineSpan[], className: string): void => {
    if (spans.length === 0) return;
    const rows = spans.map((span, index) =>
      drawBeside(span, y + headingHeight + index * rowHeight, className, x, options),
    );
    lane(heading, rows, spans.length * rowHeight);
  };
  const chain = spansOf(timeline, 'units').filter((span) => span.critical === true);
  eachItsRow('systemd, the critical chain', chain, phaseClass.get('systemd') ?? 'phase-5');
  eachItsRow('Docker', spansOf(timeline, 'docker'), phaseClass.get('docker') ?? 'phase-7');
  return { content: markup`<g>${parts}</g>`, heightPx: y - top };
}

/** Puts spans that overlap into different rows, each into the first that is free. */
function packRows(spans: readonly TimelineSpan[]): readonly { readonly span: TimelineSpan; readonly row: number }[] {
  const ends: number[] = [];
  const byStart = [...spans].sort((a, b) => a.startSec - b.startSec || b.endSec - a.endSec);
  return byStart.map((span) => {
    const free = ends.findIndex((end) => end <= span.startSec);
    const row = free === -1 ? ends.length : free;
    ends[row] = span.endSec;
    return { span, row };
  });
}

function tooltip(span: TimelineSpan): string {
  const place = `${secondsDigits(span.startSec, 0.02)} to ${secondsDigits(span.endSec, 0.02)} s, ${cost(span)} s`;
  return `${span.name}: ${place}${span.detail === undefined ? '' : `; ${span.detail}`}`;
}

function cost(span: TimelineSpan): string {
  return secondsDigits(span.endSec - span.startSec);
}

/** Where a span's bar stands; one of no length still shows. */
function bar(span: TimelineSpan, x: Scale, untilSec: number): { from: number; width: number } | undefined {
  if (span.startSec > untilSec) return undefined;
  const from = x(span.startSec);
  // A hairline of background keeps neighbours apart, without ever hiding a short span.
  return { from, width: Math.max(0.75, x(Math.min(span.endSec, untilSec)) - from - 1) };
}

/** A bar that carries its name where there is room for it. */
function drawInside(
  span: TimelineSpan,
  top: number,
  heightPx: number,
  className: string,
  x: Scale,
  options: TimelineOptions,
): Markup {
  const place = bar(span, x, options.untilSec);
  if (place === undefined) return markup``;
  const texts = [`${span.name} ${cost(span)}`, span.name];
  const whole = texts.find((candidate) => textWidth(candidate, fontPx) + 8 <= place.width);
  const text = whole ?? (place.width < cutLabelPx ? '' : fitText(span.name, fontPx, place.width - 8));
  return markup`<g class="span inside" data-s="${span.startSec}" data-e="${span.endSec}" data-long="${texts[0]}" data-short="${span.name}"><title>${tooltip(span)}</title><rect class="${className}" x="${px(place.from)}" y="${px(top)}" width="${px(place.width)}" height="${heightPx}"/><text class="in-bar" x="${px(place.from + 5)}" y="${px(top + heightPx / 2 + 4)}">${text}</text></g>`;
}

/** A thin bar with its name to the right of it, or to the left where that has more room. */
function drawBeside(span: TimelineSpan, top: number, className: string, x: Scale, options: TimelineOptions): Markup {
  const place = bar(span, x, options.untilSec);
  if (place === undefined) return markup``;
  const long = `${span.name.replace(/\.service$/, '')} ${cost(span)}`;
  const label = placeBeside(long, fontPx, place, [edge, options.widthPx - edge]);
  return markup`<g class="span beside" data-s="${span.startSec}" data-e="${span.endSec}" data-long="${long}"><title>${tooltip(span)}</title><rect class="${className}" x="${px(place.from)}" y="${px(top + 3)}" width="${px(place.width)}" height="${rowBar}"/><text class="unit" x="${px(label.x)}" y="${px(top + 11.5)}" text-anchor="${label.anchor}">${label.text}</text></g>`;
}

function drawMarks(timeline: BootTimeline, top: number, x: Scale, { untilSec, widthPx }: TimelineOptions): Drawn {
  const shown = timeline.instants.filter(({ atSec }) => atSec >= 0 && atSec <= untilSec);
  const placed = placeLabels(
    shown.map((instant) => {
      const label = `${instant.name} ${secondsDigits(instant.atSec)}`;
      return { item: { label, instant }, x: x(instant.atSec), width: textWidth(label, fontPx) + 3 };
    }),
    widthPx,
  );
  const lanes = Math.max(0, ...placed.map((label) => label.lane + 1));
  const labelY = (lane: number): number => top + 14 + lane * laneHeight;
  // Leaders first: a label's halo then covers the leaders it crosses.
  const leaders = placed.map(
    (label) => markup`<path class="leader" d="M${px(label.x)} ${px(top - 4)}V${px(labelY(label.lane) + 2)}"/>`,
  );
  const labels = placed.map(({ item, lane, anchor, ...label }) => {
    const shift = anchor === 'start' ? 3 : -3;
    return markup`<text class="marker" data-s="${item.instant.atSec}" x="${px(label.x + shift)}" y="${px(labelY(lane))}" text-anchor="${anchor}">${item.label}</text>`;
  });
  return {
    content: markup`<g class="marks" data-top="${px(top)}" data-lanes="${lanes}">${[...leaders, ...labels]}</g>`,
    heightPx: lanes * laneHeight,
  };
}

function drawAxis(x: Scale, axisY: number, { untilSec, widthPx, axis }: TimelineOptions): Markup {
  const ticks = niceTicks(0, untilSec, Math.max(2, Math.floor(widthPx / 72)));
  const decimals = tickDecimals(ticks);
  const drawn = ticks.map((tick, index) => {
    const anchor = index === 0 ? 'start' : x(tick) > widthPx - 24 ? 'end' : 'middle';
    const at = anchor === 'start' ? edge : anchor === 'end' ? widthPx - edge : x(tick);
    return markup`<g class="tick"><path class="grid" d="M${px(x(tick))} 16V${px(axisY)}"/><text class="tick" x="${px(at)}" y="${px(axisY + 14)}" text-anchor="${anchor}">${tick.toFixed(decimals)}</text></g>`;
  });
  return markup`<g class="ticks" data-y="${px(axisY)}">${drawn}</g>
<path class="axis" d="M${px(x(0))} ${px(axisY)}H${px(x(untilSec))}"/>
<text class="tick" x="${px(widthPx - edge)}" y="${px(axisY + 29)}" text-anchor="end">${axis}</text>`;
}

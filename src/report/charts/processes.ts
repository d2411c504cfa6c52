import type { CpuSample, DiskSample, ProcessLog, ProcessSpan } from '../../model/boots/processes.ts';
import { formatBytes, secondsDigits } from '../text/format.ts';
import { Markup, markup } from '../text/markup.ts';
import { fitText, linearScale, niceTicks, px, tickDecimals, type Scale } from './scale.ts';

export interface ProcessChartOptions {
  readonly widthPx: number;
  /** Says in words what the picture shows, for readers who do not see it. */
  readonly label: string;
  /** At most so many rows: those that used the processor most, without the ancestors they hang from; default: all. */
  readonly maxRows?: number;
  /** End of the axis; default: the log's own end. What begins later is left out. */
  readonly untilSec?: number;
}

const rowHeight = 14;
const panelHeight = 32;
const panelGap = 18;
const axisHeight = 30;
const edge = 6;

/**
 * The page's colours where there is a page, and colours of its own where the chart is a file. A class of its own on
 * everything keeps the rules from the rest of a page.
 */
const style = `
.pc-text { font: 11px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink, #16191d); }
.pc-dim { fill: var(--dim, #565e68); } .pc-life { fill: var(--rule, #d9dde2); } .pc-kernel { fill: var(--raised, #f5f6f7); stroke: var(--rule, #d9dde2); }
.pc-busy { fill: var(--candidate, #0b62b8); } .pc-system { fill: var(--p1, #93661f); } .pc-wait { fill: var(--p4, #2b7a78); }
.pc-grid { stroke: var(--rule, #d9dde2); fill: none; } .pc-axis { stroke: var(--rule-strong, #8b949e); fill: none; }
.pc-doubt { stroke: var(--rule-strong, #8b949e); stroke-dasharray: 2 2; fill: none; }
`;

interface Row {
  readonly span: ProcessSpan;
  readonly depth: number;
}

/** Parents before their children, brothers and sisters by their starts; a process without a parent in the log is a root. */
function inTreeOrder(spans: readonly ProcessSpan[]): readonly Row[] {
  const children = new Map<ProcessSpan | undefined, ProcessSpan[]>();
  const byPid = new Map<number, ProcessSpan[]>();
  for (const span of spans) byPid.set(span.pid, [...(byPid.get(span.pid) ?? []), span]);
  for (const span of spans) {
    // Pids are used again: the parent is the one that began last before the child.
    const parent = (byPid.get(span.ppid) ?? []).filter((one) => one !== span && comesBefore(one, span)).at(-1);
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: Row[] = [];
  const stack = [...(children.get(undefined) ?? [])].reverse().map((span): Row => ({ span, depth: 0 }));
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    rows.push(row);
    const { span, depth } = row;
    for (const child of [...(children.get(span) ?? [])].reverse()) stack.push({ span: child, depth: depth + 1 });
  }
  return rows;
}

/** A strict order, so that no two spans can be each other's parent. */
function comesBefore(a: ProcessSpan, b: ProcessSpan): boolean {
  return a.startSec < b.startSec || (a.startSec === b.startSec && a.pid < b.pid);
}

function rowsOf(
  log: ProcessLog,
  { maxRows = Number.POSITIVE_INFINITY, untilSec = log.endSec }: ProcessChartOptions,
): readonly Row[] {
  const rows = inTreeOrder(log.processes.filter((span) => span.startSec <= untilSec));
  const busiest = [...rows].sort((a, b) => b.span.cpuSec - a.span.cpuSec).slice(0, Math.max(0, maxRows));
  const kept = new Set(busiest);
  return rows.filter((row) => kept.has(row));
}

/**
 * Every process as a bar from its start to its end, below its parent, the darker the more of a processor it used; above
 * them what all processors and the disks did, on the same axis. Dashes stand where an end is not known exactly.
 */
export function processesSvg(log: ProcessLog, options: ProcessChartOptions): Markup {
  const { widthPx, untilSec = log.endSec } = options;
  const rows = rowsOf(log, options);
  // A boot is shown from its beginning, a machine that has been up for long only as far as it was looked at.
  const fromSec = log.startSec <= untilSec - log.startSec ? 0 : log.startSec;
  const namesWidth = Math.min(210, widthPx * 0.32);
  const x = linearScale([fromSec, Math.max(untilSec, fromSec)], [namesWidth + edge, widthPx - edge]);
  const panels = [
    ...(log.cpu.length === 0 ? [] : [cpuPanel(log.cpu, x, [fromSec, untilSec])]),
    ...(log.disks.length === 0 ? [] : [diskPanel(log.disks, x, [fromSec, untilSec])]),
  ];
  const top = panels.length * (panelHeight + panelGap);
  const axisY = top + rows.length * rowHeight + 4;
  const heightPx = axisY + axisHeight;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="processes" viewBox="0 0 ${px(widthPx)} ${px(heightPx)}" width="${px(widthPx)}" height="${px(heightPx)}" role="img" aria-label="${options.label}">
<style>${new Markup(style)}</style>
${drawAxis(x, [fromSec, untilSec], axisY, widthPx)}
${panels.map((panel, index) => markup`<g transform="translate(0 ${px(index * (panelHeight + panelGap))})">${panel}</g>`)}
${rows.map((row, index) => drawRow(row, top + index * rowHeight, x, namesWidth, [fromSec, untilSec]))}
</svg>`;
}

function drawRow({ span, depth }: Row, top: number, x: Scale, namesWidth: number, [fromSec, untilSec]: Domain): Markup {
  const indent = Math.min(depth, 8) * 6;
  const from = x(Math.max(fromSec, span.startSec));
  const endSec = Math.min(span.endSec ?? untilSec, untilSec);
  const width = Math.max(0.75, x(endSec) - from);
  const doubtSec = span.endErrorSec ?? 0;
  const stretches = span.activity.flatMap(({ startSec, endSec: busyUntilSec, cpuShare }) => {
    const start = x(Math.max(fromSec, startSec));
    const busyWidth = x(Math.min(busyUntilSec, untilSec)) - start;
    if (!(busyWidth > 0.05)) return [];
    const opacity = Math.max(0.1, Math.round(Math.min(1, cpuShare) * 10) / 10);
    return [
      markup`<rect class="pc-busy" fill-opacity="${opacity}" x="${px(start)}" y="${px(top + 2)}" width="${px(busyWidth)}" height="${rowHeight - 4}"/>`,
    ];
  });
  return markup`<g><title>${describe(span)}</title>
<text class="pc-text${span.isKernelThread ? ' pc-dim' : ''}" x="${px(indent)}" y="${px(top + 11)}">${fitText(`${span.name} ${span.pid}`, 11, namesWidth - indent)}</text>
<rect class="${span.isKernelThread ? 'pc-kernel' : 'pc-life'}" x="${px(from)}" y="${px(top + 2)}" width="${px(width)}" height="${rowHeight - 4}"/>
${stretches}${
    doubtSec > 0 && x(endSec) - x(endSec - doubtSec) > 2
      ? markup`<path class="pc-doubt" d="M${px(x(Math.max(fromSec, span.startSec, endSec - doubtSec)))} ${px(top + rowHeight / 2)}H${px(x(endSec))}"/>`
      : undefined
  }</g>`;
}

function describe(span: ProcessSpan): string {
  const end = span.endSec === undefined ? 'still there at the end' : `to ${secondsDigits(span.endSec)} s`;
  const moved =
    span.readBytes === undefined || span.writeBytes === undefined
      ? ''
      : `, read ${formatBytes(span.readBytes)}, wrote ${formatBytes(span.writeBytes)}`;
  return `${span.name} [${span.pid}], child of ${span.ppid}: from ${secondsDigits(span.startSec)} ${end}, ${secondsDigits(span.cpuSec, 0.01)} s of processor time${moved}`;
}

type Domain = readonly [number, number];

function inside(sample: { readonly startSec: number; readonly endSec: number }, [fromSec, untilSec]: Domain) {
  const startSec = Math.max(sample.startSec, fromSec);
  const endSec = Math.min(sample.endSec, untilSec);
  return endSec > startSec ? { startSec, endSec } : undefined;
}

function column(className: string, from: number, to: number, low: number, high: number): Markup {
  const y = panelHeight * (1 - Math.min(1, high));
  const height = panelHeight * (Math.min(1, high) - Math.min(1, low));
  if (!(height > 0.05)) return markup``;
  return markup`<rect class="${className}" x="${px(from)}" y="${px(y)}" width="${px(Math.max(0.3, to - from))}" height="${px(height)}"/>`;
}

function cpuPanel(samples: readonly CpuSample[], x: Scale, domain: Domain): Markup {
  const columns = samples.flatMap(({ user, system, iowait, ...time }) => {
    const shown = inside(time, domain);
    if (shown === undefined) return [];
    const [from, to] = [x(shown.startSec), x(shown.endSec)];
    return [
      column('pc-busy', from, to, 0, user),
      column('pc-system', from, to, user, user + system),
      column('pc-wait', from, to, user + system, user + system + iowait),
    ];
  });
  return panel('Processors', 'user, system, waiting for disks', x, domain, columns);
}

function diskPanel(samples: readonly DiskSample[], x: Scale, domain: Domain): Markup {
  const columns = samples.flatMap((sample) => {
    const shown = inside(sample, domain);
    return shown === undefined ? [] : [column('pc-wait', x(shown.startSec), x(shown.endSec), 0, sample.busy)];
  });
  const devices = [...new Set(samples.map(({ device }) => device))].join(', ');
  return panel(`Disks: ${devices}`, 'part of the time at work', x, domain, columns);
}

function panel(title: string, note: string, x: Scale, domain: Domain, columns: readonly Markup[]): Markup {
  const namesWidth = x(domain[0]) - edge;
  return markup`<text class="pc-text" x="0" y="13">${fitText(title, 11, namesWidth)}</text><text class="pc-text pc-dim" x="0" y="27">${fitText(note, 11, namesWidth)}</text>
<path class="pc-axis" d="M${px(x(domain[0]))} ${panelHeight}H${px(x(domain[1]))}"/>${columns}`;
}

function drawAxis(x: Scale, [fromSec, untilSec]: Domain, axisY: number, widthPx: number): Markup {
  const ticks = niceTicks(fromSec, untilSec, Math.max(2, Math.floor(widthPx / 110)));
  const decimals = tickDecimals(ticks);
  const marks = ticks.map(
    (tick) =>
      markup`<path class="pc-grid" d="M${px(x(tick))} 0V${px(axisY)}"/><text class="pc-text pc-dim" x="${px(x(tick))}" y="${px(axisY + 13)}" text-anchor="${x(tick) > widthPx - 24 ? 'end' : 'middle'}">${tick.toFixed(decimals)}</text>`,
  );
  return markup`${marks}<path class="pc-axis" d="M${px(x(fromSec))} ${px(axisY)}H${px(x(untilSec))}"/>
<text class="pc-text pc-dim" x="${px(widthPx - edge)}" y="${px(axisY + 27)}" text-anchor="end">seconds on the guest’s clock</text>`;
}

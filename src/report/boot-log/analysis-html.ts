import { fitClock } from '../../bootlog/timeline/clock-fit.ts';
import { markerName } from '../../bootlog/reading/markers.ts';
import { buildTimeline } from '../../bootlog/timeline/timeline.ts';
import type { BootTimeline } from '../../model/boots/timeline.ts';
import type { BootAnalysis, LogAnalysis, MarkerFinding, MetricFinding } from '../../model/boots/analysis.ts';
import type { BootMarkers } from '../../model/boots/boot.ts';
import type { InitcallReport } from '../../model/boots/bootlog.ts';
import { bootHeadline, endText } from './analysis-text.ts';
import { plural } from '../text/format.ts';
import { htmlDocument } from '../html/document.ts';
import { factList, section } from '../html/page.ts';
import { initcallCells, initcallRows, stamp } from './initcall-rows.ts';
import { markup, type Markup } from '../text/markup.ts';
import { metricName } from '../text/metric-names.ts';
import { phaseClasses, timelineSvg } from '../charts/timeline.ts';

/** Rows of the attribution table on a page, where there is room. */
const INITCALL_ROWS = 60;

/** Message columns need room to break lines in, before a narrow screen starts to scroll. */
const STYLE = `.log td.message { min-width: 22em; } .log td { white-space: nowrap; } .log td.message { white-space: normal; }
.indent { white-space: pre; }`;

/** An analysis as one page that loads nothing and runs nothing, dark and light, in the style of the run report. */
export function renderAnalysisHtml(analysis: LogAnalysis, version: string): string {
  const { source, bootsInText, warnings, boots } = analysis;
  const main = markup`<header>
<p class="run">drydock ${version} · boot log</p>
<h1>${source}: ${plural(bootsInText, 'boot')}</h1>
${warningList(warnings)}
</header>
${boots.map((boot) => bootSections(boot, bootsInText))}`;
  return htmlDocument({ title: `${source}: boot log`, version, style: STYLE, main });
}

function bootSections(boot: BootAnalysis, bootsInText: number): Markup {
  const more = boot.initcalls === null ? undefined : section('Initcalls', initcallsSection(boot.initcalls));
  return markup`${section(bootHeadline(boot, bootsInText), markup`${warningList(boot.warnings)}${timeline(boot)}`)}
${section('Markers', markersSection(boot))}
${section('Metrics', metricsSection(boot))}
${section('Phases', phasesSection(boot))}
${section('Costliest lines', hotListSection(boot))}
${section("systemd's account", startupSection(boot))}
${section('Presence', presenceSection(boot))}
${more}`;
}

function warningList(warnings: readonly string[]): Markup | undefined {
  if (warnings.length === 0) return undefined;
  return markup`<ul>${warnings.map((warning) => markup`<li class="warning">${warning}</li>`)}</ul>`;
}

/** A log alone has no other clock than its own: nothing is placed, and the seconds are the log's. */
function drawn({ boot, phases }: BootAnalysis, markers: BootMarkers): BootTimeline {
  return buildTimeline({ arm: `boot ${boot}`, order: 0, markers, phases, fit: fitClock({ points: [] }), events: [] });
}

function timeline(boot: BootAnalysis): Markup | undefined {
  if (boot.phases.length === 0) return undefined;
  const markers: BootMarkers = Object.fromEntries(
    boot.markers.flatMap((marker) => (marker.found ? [[marker.id, marker] as const] : [])),
  );
  const shown = drawn(boot, markers);
  const untilSec = Math.max(...boot.phases.map(({ endSec }) => endSec), 1e-6);
  const options = {
    untilSec,
    axis: `seconds on the ${boot.clock} clock`,
    label: `Phases and markers of the boot up to ${stamp(untilSec)} s. The figures are in the tables below.`,
    phaseClass: phaseClasses([shown]),
  };
  const row = { title: `boot ${boot.boot}`, note: boot.kernelRelease ?? '', timeline: shown };
  return markup`<figure><figcaption>From the first line to the end of the last phase, on the ${boot.clock} clock.</figcaption>
<div class="wide">${timelineSvg([row], { ...options, widthPx: 1120 })}</div>
<div class="narrow">${timelineSvg([row], { ...options, widthPx: 366 })}</div></figure>`;
}

interface HtmlColumn {
  readonly head: string;
  readonly kind: 'num' | 'message' | 'text';
}

function table(title: string, columns: readonly HtmlColumn[], rows: readonly (readonly (string | Markup)[])[]): Markup {
  const className = (index: number): string => {
    const kind = columns[index]?.kind ?? 'text';
    return kind === 'message' ? 'message mono' : kind;
  };
  const heads = columns.map(({ head, kind }) => markup`<th scope="col" class="${kind}">${head}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, index) => markup`<td class="${className(index)}">${cell}</td>`);
    return markup`<tr>${cells}</tr>`;
  });
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="log">
<thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const text = (head: string): HtmlColumn => ({ head, kind: 'text' });
const num = (head: string): HtmlColumn => ({ head, kind: 'num' });
const message = (head: string): HtmlColumn => ({ head, kind: 'message' });
const absent = markup`<span class="dim">not found</span>`;

function markersSection({ markers }: BootAnalysis): Markup {
  const row = (marker: MarkerFinding): (string | Markup)[] => {
    const name = markerName(marker.id);
    if (!marker.found) return [name, absent, '', '', ''];
    return [name, stamp(marker.atSec), stamp(marker.deltaSec), String(marker.line), marker.text];
  };
  return table(
    'Markers',
    [text('Marker'), num('At, s'), num('Cost, s'), num('Line'), message('Text')],
    markers.map(row),
  );
}

function metricsSection({ metrics, thesisReadings }: BootAnalysis): Markup {
  const row = ({ title, valueSec, from, to, why }: MetricFinding): (string | Markup)[] =>
    valueSec === null ? [title, absent, why ?? '', ''] : [title, stamp(valueSec), endText(from), endText(to)];
  return markup`${table('Metrics', [text('Metric'), num('Value, s'), text('From'), text('To')], metrics.map(row))}
<h3>As the thesis reads a log</h3>
${table(
  'As the thesis reads a log',
  [text('Figure'), num('Value, s'), text('Column'), num('Line'), message('Of the line')],
  thesisReadings.map(({ metric, valueSec, column, line, wanted }) => [
    metricName(metric),
    valueSec === null ? absent : stamp(valueSec),
    column,
    line === null ? '' : String(line),
    wanted,
  ]),
)}`;
}

function phasesSection(boot: BootAnalysis): Markup {
  const { phases } = boot;
  const classes = phaseClasses([drawn(boot, {})]);
  const rows = phases.map(({ name, startSec, endSec }) => [
    markup`<span class="swatch ${classes.get(name) ?? 'phase-0'}"></span>${name}`,
    stamp(startSec),
    stamp(endSec),
    stamp(endSec - startSec),
  ]);
  return table('Phases', [text('Phase'), num('From, s'), num('To, s'), num('Takes, s')], rows);
}

function hotListSection({ hotList }: BootAnalysis): Markup {
  const rows = hotList.map((step) => [stamp(step.deltaSec), stamp(step.atSec), String(step.line), step.message]);
  return markup`<p class="dim">Cost is the time since the line before (the delta column of <code>scripts/show_delta</code>): the message
names what was printed after the wait, not always what caused it.</p>
${table('Costliest lines', [num('Cost, s'), num('At, s'), num('Line'), message('Message')], rows)}`;
}

function startupSection({ startup }: BootAnalysis): Markup {
  if (startup === null) return markup`<p>${absent}</p>`;
  const facts = startup.spans.map(({ name, sec }) => ({ name, value: `${stamp(sec)} s` }));
  return markup`${factList([...facts, { name: 'total', value: `${stamp(startup.totalSec)} s` }])}
<p class="dim">Line ${startup.line}. A field that is not there was not stated; without systemd in it, the initrd counts as kernel.</p>`;
}

function presenceSection({ presence }: BootAnalysis): Markup {
  const rows = presence.map(({ title, lines, first }) => [
    title,
    lines === 0 ? 'none' : String(lines),
    first === undefined ? '' : String(first.line),
    first?.message ?? '',
  ]);
  return table('Presence', [text('What'), num('Lines'), num('First'), message('Text')], rows);
}

function initcallsSection(report: InitcallReport): Markup {
  const { totals, shown, hidden, hiddenSelfSec } = initcallRows(report, INITCALL_ROWS);
  const facts = totals.map(({ kind, count, selfSec }) => ({
    name: kind,
    value: `${count}, own cost ${stamp(selfSec)} s`,
  }));
  const unfinished = report.unfinished.map(
    ({ name, pid, atSec, line }) => `${name} @ ${pid} never returned: called at ${stamp(atSec)} s, line ${line}`,
  );
  const rest =
    hidden === 0
      ? undefined
      : markup`<p class="dim">${hidden} cheaper ones left out, ${stamp(hiddenSelfSec)} s in all.</p>`;
  return markup`${factList(facts)}${warningList([...report.warnings, ...unfinished])}
${table(
  'Initcalls',
  [num('Self, s'), num('Total, s'), num('From, s'), text('Kind'), num('Task'), num('Result'), message('Name')],
  shown.map(initcallCells),
)}${rest}`;
}

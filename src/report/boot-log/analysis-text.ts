import type { BootAnalysis, EndPoint, LogAnalysis, MarkerFinding, MetricFinding } from '../../model/boots/analysis.ts';
import type { InitcallReport } from '../../model/boots/bootlog.ts';
import { plural } from '../text/format.ts';
import { initcallCells, initcallRows, stamp } from './initcall-rows.ts';
import { markerName } from '../../bootlog/reading/markers.ts';
import { metricName } from '../text/metric-names.ts';
import { cut, oneLine, textTable } from '../text/text-table.ts';
import type { TextColumn } from '../text/text-table.ts';

export interface AnalysisTextOptions {
  /** Width of the terminal; absent where the output is no terminal: then no text is cut. */
  readonly columns: number | undefined;
  /** Whether the attribution table is shown, and not just its totals. */
  readonly initcalls: boolean;
  /** Length of the attribution table. */
  readonly top: number;
}

const NOT_FOUND = 'not found';
const left = (head: string): TextColumn => ({ head, align: 'left' });
const right = (head: string): TextColumn => ({ head, align: 'right' });

/** An analysis for a terminal. Stamps keep their microseconds: they are the log's own, and can be searched for. */
export function analysisText(analysis: LogAnalysis, options: AnalysisTextOptions): string {
  const { source, bootsInText, warnings, boots } = analysis;
  const lines = [
    cut(oneLine(`${source}: ${plural(bootsInText, 'boot')}`), options.columns),
    ...warnings.map(warningLine),
    ...boots.flatMap((boot) => ['', ...bootText(boot, bootsInText, options)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** What a boot is, in one line: kernel, number of lines, clock and its span. */
export function bootHeadline(boot: BootAnalysis, bootsInText: number): string {
  const kernel = boot.kernelRelease === null ? 'kernel release not found' : `Linux ${boot.kernelRelease}`;
  return (
    `Boot ${boot.boot} of ${bootsInText}: ${kernel}, ${plural(boot.lines, 'line')} (${boot.firstLine} to ${boot.lastLine}), ` +
    `${boot.clock} clock, ${stamp(boot.startSec)} to ${stamp(boot.endSec)} s`
  );
}

/** An end of a metric as the log has it: `initmem-freed 0.818967 s, line 12`. */
export function endText(end: EndPoint | null): string {
  if (end === null) return NOT_FOUND;
  const line = end.line === null ? '' : `, line ${end.line}`;
  return `${end.what} ${stamp(end.atSec)} s${line}`;
}

function bootText(boot: BootAnalysis, bootsInText: number, options: AnalysisTextOptions): string[] {
  const { columns } = options;
  const table = (heads: readonly TextColumn[], rows: readonly (readonly string[])[]): string[] =>
    textTable(heads, rows, { columns });
  return [
    bootHeadline(boot, bootsInText),
    ...boot.warnings.map(warningLine),
    '',
    ...table(
      [left('Marker'), right('At, s'), right('Cost, s'), right('Line'), left('Text')],
      boot.markers.map(markerRow),
    ),
    '',
    ...table([left('Metric'), right('Value, s'), left('From'), left('To')], boot.metrics.map(metricRow)),
    '',
    ...table(
      [left("The thesis's reading"), right('Value, s'), left('Column'), right('Line'), left('Of')],
      boot.thesisReadings.map(({ metric, valueSec, column, line, wanted }) => [
        metricName(metric),
        valueSec === null ? NOT_FOUND : stamp(valueSec),
        column,
        line === null ? '' : String(line),
        `"${wanted}"`,
      ]),
    ),
    '',
    ...table(
      [left('Phase'), right('From, s'), right('To, s'), right('Takes, s')],
      boot.phases.map(({ name, startSec, endSec }) => [name, stamp(startSec), stamp(endSec), stamp(endSec - startSec)]),
    ),
    '',
    ...table(
      [right('Cost, s'), right('At, s'), right('Line'), left('Costliest lines: message after the wait')],
      boot.hotList.map(({ deltaSec, atSec, line, message }) => [stamp(deltaSec), stamp(atSec), String(line), message]),
    ),
    '',
    ...startupText(boot),
    '',
    ...table(
      [left('Presence'), right('Lines'), right('First'), left('Text')],
      boot.presence.map(({ title, lines, first }) => [
        title,
        lines === 0 ? 'none' : String(lines),
        first === undefined ? '' : String(first.line),
        first?.message ?? '',
      ]),
    ),
    ...(boot.initcalls === null ? initcallsMissing(options) : ['', ...initcallsText(boot.initcalls, options)]),
  ];
}

function markerRow(marker: MarkerFinding): string[] {
  const name = markerName(marker.id);
  if (!marker.found) return [name, NOT_FOUND, '', '', ''];
  return [name, stamp(marker.atSec), stamp(marker.deltaSec), String(marker.line), marker.text];
}

function metricRow({ title, valueSec, from, to, why }: MetricFinding): string[] {
  if (valueSec === null) return [title, NOT_FOUND, why ?? '', ''];
  return [title, stamp(valueSec), endText(from), endText(to)];
}

function startupText({ startup }: BootAnalysis): string[] {
  if (startup === null) return ["systemd's account: not found"];
  const spans = startup.spans.map(({ name, sec }) => `${name} ${stamp(sec)} s`);
  return [`systemd's account (line ${startup.line}): ${spans.join(', ')}, total ${stamp(startup.totalSec)} s`];
}

function initcallsMissing({ initcalls }: AnalysisTextOptions): string[] {
  return initcalls ? ['', 'Initcalls: not found (boot with initcall_debug to see them)'] : [];
}

function initcallsText(report: InitcallReport, { initcalls, top, columns }: AnalysisTextOptions): string[] {
  const { totals, shown, hidden, hiddenSelfSec } = initcallRows(report, top);
  const sums = totals.map(({ kind, count, selfSec }) => `${count} ${kind} ${stamp(selfSec)} s`);
  const unfinished = report.unfinished.map(
    ({ name, pid, line, atSec }) => `  never returned: ${name} @ ${pid}, called at ${stamp(atSec)} s, line ${line}`,
  );
  const head = [`Initcalls, own cost: ${sums.join(', ')}`, ...report.warnings.map(warningLine), ...unfinished];
  if (!initcalls) return [...head, '  (--initcalls shows them)'];
  const table = textTable(
    [right('Self, s'), right('Total, s'), right('From, s'), left('Kind'), right('Task'), right('Result'), left('Name')],
    shown.map(initcallCells),
    { columns },
  );
  const rest = hidden === 0 ? [] : [`${hidden} cheaper ones left out, ${stamp(hiddenSelfSec)} s in all`];
  return [...head, ...table, ...rest];
}

function warningLine(warning: string): string {
  return `  ! ${oneLine(warning)}`;
}

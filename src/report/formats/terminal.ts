import { exclusionSentences } from '../../bootlog/timeline/standstill.ts';
import type { Calibration } from '../../model/verdicts/calibration.ts';
import type { RunRecord } from '../../model/record.ts';
import { ledgerTables, type LedgerTable } from '../rows/ablation-rows.ts';
import { benchTerminal } from './bench-terminal.ts';
import { calibrationTables } from '../rows/calibration-rows.ts';
import { plural } from '../text/format.ts';
import { metricName } from '../text/metric-names.ts';
import { headline, scoreGroups, type ScoreGroup, type ScoreRow } from '../rows/score-rows.ts';
import { oneLine, wrap } from '../text/text-table.ts';
import { isCut, paintVerdict, verdictTable } from '../text/verdict-table.ts';
import type { VerdictColumn } from '../text/verdict-table.ts';

export interface TerminalOptions {
  /** Width of the terminal in characters. */
  readonly columns: number;
  readonly colour: boolean;
  /** Only printable ASCII, for terminals and logs that know nothing else. */
  readonly ascii?: boolean;
}

/**
 * The scores as a table for the end of a run. No line is wider than the terminal (from 24 columns up): spare columns
 * are left out, then each score becomes a short block of lines. Control characters in the record are never passed on.
 */
export function finalTable(record: RunRecord, options: TerminalOptions): string {
  const width = Math.max(24, Math.floor(options.columns));
  const safe = (text: string): string => plainText(text, options.ascii === true);
  const groups = scoreGroups(record).map((group) => {
    const lines = groupLines(group, width, safe, options);
    return lines.join('\n');
  });
  const ledgers =
    record.ablation === undefined ? [] : ledgerTables(record.ablation).map((table) => ledgerText(table, safe));
  const { environment } = record;
  const inContainers =
    record.bench === undefined
      ? []
      : benchTerminal(record.bench, environment.accelerator, { ...options, columns: width, safe });
  const conditions = `${environment.accelerator.toUpperCase()}, ${plural(record.bootsPerArm, 'boot')} per arm, guest ${record.guest.name}, ${environment.cpuModel}, QEMU ${environment.qemuVersion}`;
  const foot = [
    headline(record),
    conditions,
    ...stopWords(record),
    ...outlierWords(record),
    ...record.boots.flatMap(exclusionSentences),
  ]
    .flatMap((words) => wrap(safe(words), width))
    .join('\n');
  const calibrated = record.calibration === undefined ? [] : calibrationText(record.calibration).map(safe);
  return `${[...groups, ...inContainers, ...ledgers, ...(calibrated.length === 0 ? [] : [calibrated.join('\n')]), foot].join('\n\n')}\n`;
}

function calibrationText(calibration: Calibration): readonly string[] {
  const { noise, looks } = calibrationTables(calibration);
  return [
    'Noise of this host, one arm against itself',
    ...noise.map(
      ([metric, , boots, middle, spread, , verdict, alarms]) =>
        `  ${metric ?? ''}: median ${middle ?? ''} s, spread ${spread ?? ''} over ${boots ?? ''} boots, ${verdict ?? ''}; false alarms ${alarms ?? ''}`,
    ),
    'Cost of looking',
    ...looks.map(
      ([look, metric, , , , ms, interval, verdict]) =>
        `  ${look ?? ''}: ${metric ?? ''} ${ms ?? ''} ms (${interval ?? ''}), ${verdict ?? ''}`,
    ),
  ];
}

/** One ledger as lines: the share, the mean effect and its interval of every change. */
function ledgerText({ title, rows, doubts }: LedgerTable, safe: (text: string) => string): string {
  const line = ([
    change = '',
    share = '',
    part = '',
    effect = '',
    interval = '',
    ,
    ,
    verdict = '',
  ]: readonly string[]): string =>
    `  ${change.padEnd(13)} ${share.padStart(10)} ms ${part.padStart(7)}  mean ${effect.padStart(10)} (${interval})  ${verdict}`;
  return [title, ...rows.map(line), ...doubts.map((doubt) => `  ${doubt}`)]
    .map(safe)
    .map((text) => text.trimEnd())
    .join('\n');
}

function stopWords({ stopping }: RunRecord): readonly string[] {
  return stopping === undefined ? [] : [`Boots: ${stopping.reason}.`];
}

/** How many samples stand out, and where: the report names each. */
function outlierWords(record: RunRecord): readonly string[] {
  const found = new Map<string, number>();
  for (const { metric, outliers } of record.scores) {
    for (const { arm } of outliers ?? []) {
      const where = `${metricName(metric)} of ${arm}`;
      found.set(where, (found.get(where) ?? 0) + 1);
    }
  }
  if (found.size === 0) return [];
  const words = [...found].map(([where, count]) => (count === 1 ? where : `${where} (${count})`)).join(', ');
  return [`Outliers, kept in every figure: ${words}.`];
}

function groupLines(
  group: ScoreGroup,
  width: number,
  safe: (text: string) => string,
  options: TerminalOptions,
): readonly string[] {
  const rule = options.ascii === true ? '-' : '─';
  const lines = verdictTable(tableColumns(group), group.rows, { columns: width, colour: options.colour, safe, rule });
  // A table that had to be cut has lost its verdicts: each row becomes words.
  if (!isCut(lines)) return lines;
  return group.rows.flatMap((row) => blockLines(group, row, width, safe, options));
}

function tableColumns({ baseline, candidate }: ScoreGroup): readonly VerdictColumn<ScoreRow>[] {
  return [
    { head: 'Metric', align: 'left', cell: (row) => row.metric },
    { head: baseline, align: 'right', cell: (row) => row.baseline },
    { head: candidate, align: 'right', cell: (row) => row.candidate },
    { head: 'Ratio', align: 'right', cell: (row) => row.ratio },
    { head: '95 % interval', align: 'right', cell: (row) => row.interval, spare: 1 },
    { head: 'p', align: 'right', cell: (row) => row.p, spare: 2 },
    { head: 'Verdict', align: 'left', cell: (row) => row.verdict },
    {
      head: 'Thesis',
      align: 'right',
      cell: (row) => (row.thesis === undefined ? 'none' : `${row.thesis.before} → ${row.thesis.after}`),
      spare: 3,
    },
    { head: 'Thesis ratio', align: 'right', cell: (row) => row.thesis?.ratio ?? 'none' },
  ];
}

function blockLines(
  { baseline, candidate }: ScoreGroup,
  row: ScoreRow,
  width: number,
  safe: (text: string) => string,
  options: TerminalOptions,
): readonly string[] {
  const words = wrap(
    safe(
      `${row.metric}: ${row.verdict}, ratio ${row.ratio} (${row.interval}), ${baseline} ${row.baseline}, ${candidate} ${row.candidate}, thesis ratio ${row.thesis?.ratio ?? 'none'}`,
    ),
    width - 2,
  );
  const first = (line: string): string => (options.colour ? paintVerdict(line, row.verdict) : line);
  return words.map((line, index) => (index === 0 ? first(line) : `  ${line}`));
}

const asciiForms: Readonly<Record<string, string>> = { '×': 'x', '–': 'to', '—': '-', '→': '->', '’': "'", '…': '...' };

function plainText(text: string, ascii: boolean): string {
  const line = oneLine(text);
  return ascii ? line.replaceAll(/[^ -~]/gu, (character) => asciiForms[character] ?? '?') : line;
}

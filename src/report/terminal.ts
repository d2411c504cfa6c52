import type { Verdict } from '../model/measure.ts';
import type { RunRecord } from '../model/record.ts';
import { replaceUnprintable } from './markup.ts';
import { headline, scoreGroups, type ScoreGroup, type ScoreRow } from './score-rows.ts';

export interface TerminalOptions {
  /** Width of the terminal in characters. */
  readonly columns: number;
  readonly colour: boolean;
  /** Only printable ASCII, for terminals and logs that know nothing else. */
  readonly ascii?: boolean;
}

interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: ScoreRow) => string;
  /** Columns with a higher number go first when the terminal is narrow; 0 stays. */
  readonly spare: number;
}

const gap = '  ';

const sgrOfVerdict: Readonly<Record<Verdict, string>> = {
  better: '32',
  worse: '31',
  same: '2',
  undecided: '33',
  incomparable: '33',
};

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
  const { environment } = record;
  const conditions = `${environment.accelerator.toUpperCase()}, ${record.bootsPerArm} boots an arm, guest ${record.guest.name}, ${environment.cpuModel}, QEMU ${environment.qemuVersion}`;
  const foot = [...wrap(safe(headline(record)), width), ...wrap(safe(conditions), width)].join('\n');
  return `${[...groups, foot].join('\n\n')}\n`;
}

function groupLines(
  group: ScoreGroup,
  width: number,
  safe: (text: string) => string,
  options: TerminalOptions,
): readonly string[] {
  const all = tableColumns(group);
  for (let spare = Math.max(...all.map((column) => column.spare)); spare >= 0; spare -= 1) {
    const columns = all.filter((column) => column.spare <= spare);
    const lines = tableLines(columns, group.rows, width, safe, options);
    if (lines !== undefined) return lines;
  }
  return group.rows.flatMap((row) => blockLines(group, row, width, safe, options));
}

function tableColumns({ baseline, candidate }: ScoreGroup): readonly Column[] {
  return [
    { head: 'Metric', align: 'left', cell: (row) => row.metric, spare: 0 },
    { head: baseline, align: 'right', cell: (row) => row.baseline, spare: 0 },
    { head: candidate, align: 'right', cell: (row) => row.candidate, spare: 0 },
    { head: 'Ratio', align: 'right', cell: (row) => row.ratio, spare: 0 },
    { head: '95 % interval', align: 'right', cell: (row) => row.interval, spare: 1 },
    { head: 'p', align: 'right', cell: (row) => row.p, spare: 2 },
    { head: 'Verdict', align: 'left', cell: (row) => row.verdict, spare: 0 },
    {
      head: 'Thesis',
      align: 'right',
      cell: (row) => (row.thesis === undefined ? 'none' : `${row.thesis.before} → ${row.thesis.after}`),
      spare: 3,
    },
    { head: 'Thesis ratio', align: 'right', cell: (row) => row.thesis?.ratio ?? 'none', spare: 0 },
  ];
}

/** `undefined` when the columns do not fit. */
function tableLines(
  columns: readonly Column[],
  rows: readonly ScoreRow[],
  width: number,
  safe: (text: string) => string,
  options: TerminalOptions,
): readonly string[] | undefined {
  const table = columns.map((column) => {
    const cells = rows.map((row) => safe(column.cell(row)));
    const head = safe(column.head);
    return { column, head, cells, width: Math.max(...[head, ...cells].map(length)) };
  });
  if (table.reduce((sum, { width: own }) => sum + own + gap.length, -gap.length) > width) return undefined;
  const headLine = table.map(({ column, head, width: own }) => pad(head, own, column.align)).join(gap);
  const ruleLine = table.map(({ width: own }) => (options.ascii === true ? '-' : '─').repeat(own)).join(gap);
  const bodyLines = rows.map((row, index) =>
    table
      .map(({ column, cells, width: own }) => {
        const cell = pad(cells[index] ?? '', own, column.align);
        return column.head === 'Verdict' ? paint(cell, row.verdict, options) : cell;
      })
      .join(gap)
      .trimEnd(),
  );
  return [headLine.trimEnd(), ruleLine, ...bodyLines];
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
  return words.map((line, index) => (index === 0 ? paint(line, row.verdict, options) : `  ${line}`));
}

function paint(text: string, verdict: Verdict, { colour }: TerminalOptions): string {
  return colour ? `\u001b[${sgrOfVerdict[verdict]}m${text}\u001b[0m` : text;
}

/** Words on lines no longer than `width`; a longer word is cut into pieces. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((whole) => pieces(whole, width))) {
    if (line !== '' && length(line) + 1 + length(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function pieces(word: string, width: number): readonly string[] {
  const characters = [...word];
  const count = Math.ceil(characters.length / width);
  return Array.from({ length: count }, (_, index) => characters.slice(index * width, (index + 1) * width).join(''));
}

const asciiForms: Readonly<Record<string, string>> = { '×': 'x', '–': 'to', '—': '-', '→': '->', '’': "'", '…': '...' };

function plainText(text: string, ascii: boolean): string {
  const line = replaceUnprintable(text).replaceAll(/\s+/g, ' ');
  return ascii ? line.replaceAll(/[^ -~]/gu, (character) => asciiForms[character] ?? '?') : line;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - length(text)));
  return align === 'left' ? text + space : space + text;
}

function length(text: string): number {
  return [...text].length;
}

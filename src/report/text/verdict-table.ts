import type { Verdict } from '../../model/verdicts/measure.ts';
import { textTable } from './text-table.ts';
import type { TextColumn, TextTableOptions } from './text-table.ts';

/** A verdict, or that there is none. */
type Judgement = Verdict | 'not scored';

export interface VerdictColumn<Row> extends TextColumn {
  readonly cell: (row: Row) => string;
}

export interface VerdictTableOptions extends Pick<TextTableOptions, 'columns' | 'rule'> {
  /** Whether verdicts are coloured. */
  readonly colour: boolean;
  /** What every text goes through first, such as a change of its characters to ASCII. */
  readonly safe?: (text: string) => string;
}

/** How a verdict is coloured. */
const SGR: Readonly<Record<Judgement, string>> = {
  better: '32',
  worse: '31',
  same: '2',
  undecided: '33',
  incomparable: '33',
  'not scored': '33',
};

/** Text in its verdict's colour. */
export function paintVerdict(text: string, verdict: Judgement): string {
  return `\u001b[${SGR[verdict]}m${text}\u001b[0m`;
}

/** Rows under their heads, the cells of the column `Verdict` in its colour. Where it is too wide, see `textTable`. */
export function verdictTable<Row extends { readonly verdict: Judgement }>(
  columns: readonly VerdictColumn<Row>[],
  rows: readonly Row[],
  { colour, safe = (text) => text, ...options }: VerdictTableOptions,
): readonly string[] {
  const shown = columns.map((column) => ({ ...column, head: safe(column.head) }));
  const cells = rows.map((row) => shown.map(({ cell }) => safe(cell(row))));
  const sgr = (row: number, column: number): string | undefined => {
    const verdict = shown[column]?.head === 'Verdict' ? rows[row]?.verdict : undefined;
    return verdict === undefined ? undefined : SGR[verdict];
  };
  return textTable(shown, cells, { ...options, ...(colour ? { colour: sgr } : {}) });
}

/** Whether a table was too wide, so that its lines have lost their ends. */
export function isCut(lines: readonly string[]): boolean {
  return lines.some((line) => line.endsWith('…'));
}

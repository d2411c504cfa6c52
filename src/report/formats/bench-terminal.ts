import type { BenchRecord } from '../../model/bench.ts';
import type { Environment } from '../../model/environment.ts';
import { benchTables, type BenchRow, type BenchTable } from '../rows/bench-rows.ts';
import { benchVerdict, failedRows } from '../rows/bench-summary.ts';
import { wrap } from '../text/text-table.ts';
import { isCut, verdictTable } from '../text/verdict-table.ts';
import type { VerdictColumn } from '../text/verdict-table.ts';

export interface BenchTerminalOptions {
  readonly columns: number;
  readonly colour: boolean;
  readonly ascii?: boolean;
  /** Text that moves no cursor, in the characters that the terminal has. */
  readonly safe: (text: string) => string;
}

/** The tables of container work, what was lost, and what failed; a block of lines each, none longer than the terminal. */
export function benchTerminal(
  bench: BenchRecord,
  accelerator: Environment['accelerator'],
  options: BenchTerminalOptions,
): readonly string[] {
  const { columns, safe } = options;
  const paragraph = (text: string): readonly string[] => wrap(safe(text), columns);
  const tables = benchTables(bench, accelerator).map((table) => [
    ...paragraph(`${table.workload}: ${table.candidate} against ${table.baseline}`),
    ...tableLines(table, options),
  ]);
  const verdict = benchVerdict(bench).flatMap(paragraph);
  const failed = failedRows(bench).flatMap(({ workload, place, round, headline, hint, logPath }) =>
    paragraph(`Failed: ${workload} on ${place}, round ${round}: ${headline}. ${hint} ${logPath}`),
  );
  return [...tables, verdict, failed].filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
}

function columnsOf({ baseline, candidate, host }: BenchTable): readonly VerdictColumn<BenchRow>[] {
  const hostValue = (row: BenchRow): string => row.host?.value ?? '';
  return [
    { head: 'Metric', align: 'left', cell: (row) => row.metric },
    { head: 'Better', align: 'left', cell: (row) => row.better },
    ...(host === undefined ? [] : [{ head: host, align: 'right' as const, spare: 2, cell: hostValue }]),
    { head: baseline, align: 'right', cell: (row) => row.baseline.value },
    { head: candidate, align: 'right', cell: (row) => row.candidate.value },
    { head: 'Change', align: 'right', cell: (row) => row.change },
    { head: 'Ratio', align: 'right', spare: 1, cell: (row) => row.ratio },
    { head: '95 % interval', align: 'right', spare: 3, cell: (row) => row.interval },
    { head: 'p', align: 'right', spare: 4, cell: (row) => row.p },
    { head: 'Verdict', align: 'left', cell: (row) => row.verdict },
  ];
}

function tableLines(table: BenchTable, { columns, colour, ascii, safe }: BenchTerminalOptions): readonly string[] {
  const rule = ascii === true ? undefined : '─';
  const lines = verdictTable(columnsOf(table), table.rows, { columns, colour, safe, rule });
  // A table that had to be cut has lost its verdicts: each row becomes words.
  if (!isCut(lines)) return lines;
  return table.rows.flatMap((row) =>
    wrap(
      safe(
        `${row.metric}: ${row.verdict}, ${row.better} is better, ${table.baseline} ${row.baseline.value}, ${table.candidate} ${row.candidate.value}, change ${row.change}, ratio ${row.ratio}`,
      ),
      columns - 2,
    ).map((line, index) => (index === 0 ? line : `  ${line}`)),
  );
}

import type { NeedsReport } from '../../model/needs.ts';
import { byFragment, COUNT_HEAD, countRows, MODULE_HEAD, moduleCells, tracingWords } from './rows.ts';
import { textTable, wrap } from '../text/text-table.ts';
import type { TextColumn } from '../text/text-table.ts';

/** Columns of the modules that a narrow terminal can do without, and how soon. */
const SPARE: Readonly<Record<string, number>> = { 'What it is': 4, Symbol: 3, Loaded: 2, 'Boot cost': 1 };
const RIGHT = new Set(['Size', 'References', 'Boot cost', 'Functions ran']);

/** The summary for a terminal: counts by fragment, the idle symbols by name, the modules. */
export function needsSummary(report: NeedsReport, columns: number): string {
  const counts = COUNT_HEAD.map((head, index): TextColumn => ({ head, align: index === 0 ? 'left' : 'right' }));
  const modules = MODULE_HEAD.map((head): TextColumn => ({
    head,
    align: RIGHT.has(head) ? 'right' : 'left',
    spare: SPARE[head] ?? 0,
  }));
  const idle = byFragment(report).flatMap(([name, symbols]) => {
    const names = symbols
      .filter(({ verdict, neededBy }) => verdict === 'idle' && neededBy === undefined)
      .map(({ symbol }) => symbol);
    return names.length === 0 ? [] : [...wrap(`${name}: ${names.join(', ')}`, columns)];
  });
  return [
    ...textTable(counts, countRows(report), { columns, rule: '─' }),
    '',
    ...textTable(modules, report.modules.map(moduleCells), { columns, rule: '─' }),
    '',
    'No workload touched, and no used symbol depends on:',
    ...(idle.length === 0 ? ['nothing: every symbol that can be watched was used'] : idle),
    '',
    ...wrap(`${tracingWords(report)}.`, columns),
    ...report.warnings.flatMap((warning) => wrap(`warning: ${warning}`, columns)),
  ].join('\n');
}

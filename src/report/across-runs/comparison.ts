import type { ComparedMetric, ComparedSamples, Comparison } from '../../model/verdicts/comparison.ts';
import type { Unit, Verdict } from '../../model/verdicts/measure.ts';
import { formatChange, formatInstant, formatRatio, formatValue, spreadOf } from '../text/format.ts';
import { markdownList, markdownTable, markdownText } from '../formats/markdown.ts';
import { metricName } from '../text/metric-names.ts';
import { oneLine, wrap } from '../text/text-table.ts';
import { verdictTable } from '../text/verdict-table.ts';
import type { VerdictColumn } from '../text/verdict-table.ts';
import { pCell } from '../../text/p-value.ts';

const VERDICTS: readonly Verdict[] = ['worse', 'better', 'same', 'undecided', 'incomparable'];

function figure(samples: ComparedSamples | null, unit: Unit): string {
  return samples === null ? 'none' : formatValue(samples.median, unit, spreadOf(samples.samples));
}

function ratioWords({ ratio, ci95, method }: ComparedMetric): { readonly ratio: string; readonly interval: string } {
  if (ratio === null) return { ratio: 'none', interval: 'none' };
  if (ci95 === null || method === 'exact') return { ratio: formatRatio(ratio).ratio, interval: 'exact' };
  return formatRatio(ratio, ci95);
}

function columnsOf({ before, after }: Comparison): readonly VerdictColumn<ComparedMetric>[] {
  // Two runs of one profile have arms of one name; the head must still tell them apart.
  const [from, to] = before.arm === after.arm ? ['Before', 'After'] : [before.arm, after.arm];
  return [
    { head: 'Metric', align: 'left', cell: ({ metric }) => metricName(metric) },
    { head: from, align: 'right', spare: 1, cell: (row) => figure(row.before, row.unit) },
    { head: to, align: 'right', spare: 1, cell: (row) => figure(row.after, row.unit) },
    {
      head: 'Change',
      align: 'right',
      spare: 2,
      cell: ({ ratio }) => (ratio === null ? 'none' : formatChange(1 / ratio - 1)),
    },
    { head: 'Ratio', align: 'right', cell: (row) => ratioWords(row).ratio },
    { head: '95 % interval', align: 'right', spare: 3, cell: (row) => ratioWords(row).interval },
    {
      head: 'p',
      align: 'right',
      spare: 4,
      cell: ({ p, method }) => (method === 'direct' ? pCell(p) : (method ?? 'none')),
    },
    { head: 'Verdict', align: 'left', cell: ({ verdict }) => verdict },
  ];
}

/** Before and after, what became of the metrics, in one sentence. */
function comparisonHeadline({ before, after, metrics }: Comparison): string {
  const counts = VERDICTS.flatMap((verdict) => {
    const count = metrics.filter((one) => one.verdict === verdict).length;
    return count === 0 ? [] : [`${verdict} on ${String(count)}`];
  });
  const said =
    counts.length === 0 ? 'has no metric to compare' : `is ${counts.join(', ')} of ${String(metrics.length)} metrics`;
  return `${after.arm} of ${after.run} ${said}, against ${before.arm} of ${before.run}`;
}

function reasons({ metrics }: Comparison): readonly string[] {
  return metrics.map(({ metric, verdict, reason }) => `${metricName(metric)}: ${verdict}: ${reason}`);
}

/** The comparison for a terminal, no line longer than it: a table, the reason of every verdict, how the runs were compared. */
export function comparisonTable(
  comparison: Comparison,
  useColour: boolean,
  columns = Number.POSITIVE_INFINITY,
): string {
  const paragraph = (text: string): readonly string[] => wrap(oneLine(text), columns);
  return [
    ...verdictTable(columnsOf(comparison), comparison.metrics, { columns, rule: '─', colour: useColour }),
    '',
    ...reasons(comparison).flatMap(paragraph),
    '',
    ...comparison.notes.flatMap((note) => paragraph(`note: ${note}`)),
    ...paragraph(`${comparisonHeadline(comparison)}.`),
    '',
  ].join('\n');
}

/** The comparison as GitHub-flavoured Markdown, fit for a job summary. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { before, after } = comparison;
  const columns = columnsOf(comparison);
  const rows = comparison.metrics.map((row) => columns.map(({ cell }) => cell(row)));
  const align = columns.map((column) => column.align.charAt(0)).join('');
  const side = (words: string, { run, arm, startedAt }: Comparison['before']): string =>
    `${words}: ${arm} of run ${run}, ${formatInstant(startedAt)}`;
  return `${[
    `## ${markdownText(`drydock compare: ${after.arm}`)}`,
    `**${markdownText(comparisonHeadline(comparison))}.**`,
    markdownTable(
      columns.map(({ head }) => head),
      rows,
      align,
    ),
    'Ratio is before over after: above 1 the later run is lower. Bridged ratios are relative to the baseline of each run.',
    markdownList([side('before', before), side('after', after), ...comparison.notes, ...reasons(comparison)]),
  ].join('\n\n')}\n`;
}

import type { RunRecord } from '../../model/record.ts';
import { markup, type Markup } from '../text/markup.ts';
import { scoreGroups, type ScoreGroup, type ScoreRow } from '../rows/score-rows.ts';

/** The score table of every candidate; on a narrow screen each row becomes a block with its column names beside it. */
export function scoresSection(record: RunRecord): Markup {
  const groups = scoreGroups(record);
  if (groups.length === 0) return markup`<p>No metric was scored.</p>`;
  return markup`${groups.map(scoreTable)}
<p class="dim">Ratio is baseline median over candidate median, the thesis's ratio: above 1 the candidate is lower. The interval
covers the ratio of medians; p is two-sided, from a permutation test; Cliff's delta is the share of
pairs of boots in which the candidate is lower less the share in which it is higher; an outlier (modified z-score above 3.5) stays in
every figure; <em>exact</em> marks quantities that are known, not sampled.
The thesis measured on other hardware, another hypervisor and another kernel: its figures stand beside ours, they are not a
reference to meet.</p>`;
}

// Blocks lose a table's meaning for assistive technology, so the roles are spelt out.
function scoreTable({ clock, baseline, candidate, rows }: ScoreGroup): Markup {
  const columns = [baseline, candidate, 'Ratio', '95 % interval', 'p', 'Verdict', 'Thesis before', 'after', 'ratio'];
  const head = columns.map((column, index) => {
    const classes = [index === 5 ? '' : 'num', index >= 6 ? 'thesis' : ''].filter(Boolean).join(' ');
    return markup`<th scope="col" role="columnheader" class="${classes}">${column}</th>`;
  });
  return markup`<table class="scores" role="table">
<caption>${candidate} against ${baseline}${clock === '' ? '' : ` ${clock}`}, medians</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Metric</th>${head}</tr></thead>
${rows.map((row) => scoreRow(row, baseline, candidate))}
</table>`;
}

function scoreRow(row: ScoreRow, baseline: string, candidate: string): Markup {
  const { thesis } = row;
  const cell = (label: string, text: string, classes = 'num'): Markup =>
    markup`<td role="cell" class="${classes}" data-label="${label}">${text}</td>`;
  return markup`<tbody role="rowgroup">
<tr class="figures" role="row"><th scope="row" role="rowheader">${row.metric}</th>
${cell(baseline, row.baseline)}${cell(candidate, row.candidate)}${cell('Ratio', row.ratio)}${cell('95 % interval', row.interval)}${cell('p', row.p)}
${cell('Verdict', row.verdict, `verdict ${row.verdict}`)}
${thesis === undefined ? markup`<td role="cell" class="num thesis" data-label="Thesis" colspan="3">not in the thesis</td>` : [cell('Thesis before', thesis.before, 'num thesis'), cell('Thesis after', thesis.after, 'num thesis'), cell('Thesis ratio', thesis.ratio, 'num thesis')]}</tr>
<tr class="words" role="row"><td role="cell" colspan="10"><p>${row.endPoints} · ${row.reason}</p>${row.notes.length === 0 ? undefined : markup`<p>${row.notes.join(' · ')}</p>`}${thesis === undefined ? undefined : markup`<p>thesis: ${thesis.endPoints}</p>`}</td></tr>
</tbody>`;
}

import type { EnvironmentTrends, Trend } from '../../model/verdicts/trend.ts';
import { formatChange, formatValue, plural, spreadOf } from '../text/format.ts';
import { htmlDocument } from '../html/document.ts';
import { markup, type Markup } from '../text/markup.ts';
import { metricName } from '../text/metric-names.ts';
import { trendSvg } from '../charts/trend.ts';
import { oneLine, textTable, wrap, type TextColumn } from '../text/text-table.ts';
import { pText } from '../../text/p-value.ts';

/** What the page of a history has beside the style of reports. */
const STYLE = `
.trends { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); gap: 20px 32px; }
figure { margin: 0; }
svg.trend .line { stroke: var(--candidate); stroke-width: 1.5px; opacity: .6; } svg.trend .dot { fill: var(--candidate); }
svg.trend .spread { stroke: var(--candidate); stroke-width: 1px; } svg.trend .change { stroke: var(--worse); stroke-width: 1.5px; stroke-dasharray: 4 3; }
`;

/** A median with as many digits as the spread of its samples allows. */
function medianOf(trend: Trend, at: number): string {
  const point = trend.points.at(at);
  return point === undefined ? 'none' : formatValue(point.median, trend.unit, spreadOf([point.least, point.most]));
}

function changeWords({ changePoints, unit }: Trend): readonly string[] {
  return changePoints.map(
    ({ run, before, after, relativeChange, p }) =>
      `${relativeChange === undefined ? 'change' : formatChange(relativeChange)} from run ${run} on (${formatValue(before, unit)} → ${formatValue(after, unit)}, ${pText(p)})`,
  );
}

function sinceFirst({ points }: Trend): string {
  const [first, last] = [points[0], points.at(-1)];
  return first === undefined || last === undefined || points.length < 2
    ? 'none'
    : formatChange(last.median / first.median - 1);
}

function conditionWords({ conditions, runs }: EnvironmentTrends): string {
  const words = Object.entries(conditions).map(([name, value]) => `${name} ${value}`);
  return `${words.join(' · ')}: ${plural(runs, 'run')}`;
}

const COLUMNS: readonly (TextColumn & { readonly cell: (trend: Trend) => string })[] = [
  { head: 'Profile', align: 'left', spare: 3, cell: ({ profile }) => profile },
  { head: 'Arm', align: 'left', cell: ({ arm }) => arm },
  { head: 'Metric', align: 'left', cell: ({ metric }) => metricName(metric) },
  { head: 'Runs', align: 'right', spare: 2, cell: ({ points }) => String(points.length) },
  { head: 'First', align: 'right', spare: 1, cell: (trend) => medianOf(trend, 0) },
  { head: 'Last', align: 'right', cell: (trend) => medianOf(trend, -1) },
  { head: 'Change', align: 'right', cell: sinceFirst },
  { head: 'Change points', align: 'right', spare: 4, cell: ({ changePoints }) => String(changePoints.length) },
];

/** Every trend as a row, a table for each environment, and its change points below; no line is longer than the terminal. */
export function historyTable(environments: readonly EnvironmentTrends[], columns = Number.POSITIVE_INFINITY): string {
  if (environments.length === 0) return 'No run has samples of what was asked for.\n';
  const paragraph = (text: string): readonly string[] => wrap(oneLine(text), columns);
  const blocks = environments.map((environment) => {
    const rows = environment.trends.map((trend) => COLUMNS.map(({ cell }) => cell(trend)));
    const changes = environment.trends.flatMap((trend) =>
      changeWords(trend).flatMap((words) => paragraph(`${metricName(trend.metric)} of ${trend.arm}: ${words}`)),
    );
    return [
      ...paragraph(conditionWords(environment)),
      '',
      ...textTable(COLUMNS, rows, { columns, rule: '─' }),
      ...(changes.length === 0 ? [] : ['', ...changes]),
    ].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

function figure(trend: Trend): Markup {
  const clock = trend.clock === 'virtual' ? ', virtual clock' : '';
  const changes = changeWords(trend);
  const words = changes.length === 0 ? 'no change point' : changes.join('; ');
  return markup`<figure><figcaption>${trend.profile}, ${trend.arm}: ${metricName(trend.metric)}${clock}, ${plural(trend.points.length, 'run')}, last ${medianOf(trend, -1)}; ${words}</figcaption>
${trendSvg(trend)}</figure>`;
}

/** The history as one page that loads nothing and runs nothing: a chart for each metric of each arm, by environment. */
export function renderHistory(environments: readonly EnvironmentTrends[], version: string): string {
  const sections = environments.map(
    (environment) => markup`<section><h2>${conditionWords(environment)}</h2>
<div class="trends">${environment.trends.map(figure)}</div></section>`,
  );
  const main = markup`<header><h1>Every run's metrics, by environment</h1>
<p class="dim">One dot a run: the median of its samples; the bar goes from the least to the most. Runs stand side by side in the order
they were made, whatever time lay between them. A broken line marks a change point: a split of the series by ranks that one random
order of its runs in a hundred, at most, has as sharp; series of fewer than ten runs have none.</p></header>
${sections.length === 0 ? markup`<p>No run has samples of what was asked for.</p>` : sections}`;
  return htmlDocument({ title: 'drydock history', version, style: STYLE, main });
}

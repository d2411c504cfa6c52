import { BENCH_METRICS } from '../../bench/metrics.ts';
import { jsonText } from '../../json/text.ts';
import type { BenchRecord } from '../../model/bench.ts';
import type { RunRecord } from '../../model/record.ts';
import { benchTables, type BenchCell, type BenchRow, type BenchTable } from '../rows/bench-rows.ts';
import { benchHeadline, benchNotes, benchNotices, benchVerdict, failedRows, placeRows } from '../rows/bench-summary.ts';
import { plural } from '../text/format.ts';
import { seriesSection } from './series.ts';
import { markup, type Markup } from '../text/markup.ts';
import { placeClass } from '../rows/place-class.ts';
import { dotsSvg } from '../charts/dots.ts';

/** What containers did: verdict, places, failed rows, a table a workload, single values and time series. */
export function benchSection({ bench, environment }: RunRecord): Markup | undefined {
  if (bench === undefined) return undefined;
  const { accelerator } = environment;
  const verdict = benchVerdict(bench);
  const tables = benchTables(bench, accelerator);
  return markup`<section class="bench"><h2>Containers</h2>
<p><strong>${benchHeadline(bench)}</strong></p>
${verdict.length === 0 ? undefined : markup`<ul>${verdict.map((words) => markup`<li>${words}</li>`)}</ul>`}
${placesOf(bench)}
${failuresOf(bench)}
${tables.length === 0 ? markup`<p>No workload left a figure.</p>` : tables.map(tableOf)}
${benchNotes(bench, accelerator).map((note) => markup`<p class="dim">${note}</p>`)}
${repeatsOf(bench)}
${seriesSection(bench)}
${noticesOf(bench)}
${imagesOf(bench)}</section>
`;
}

function placesOf(bench: BenchRecord): Markup {
  const items = placeRows(bench).map(
    ({ name, kind, status, why, runs }) =>
      markup`<div><dt>${name}</dt><dd>${kind}${status === 'absent' ? markup`, <span class="warning">absent</span>: ${why}` : markup`: ${why}<span class="dim">${runs}</span>`}</dd></div>`,
  );
  return markup`<h3>Places, ${plural(bench.rounds, 'round')}</h3><dl class="facts">${items}</dl>`;
}

function failuresOf(bench: BenchRecord): Markup | undefined {
  const rows = failedRows(bench);
  if (rows.length === 0) return undefined;
  const items = rows.map(
    ({ workload, place, round, headline, hint, detail, logPath }) =>
      markup`<li><span class="worse">${workload}</span> on ${place}, round ${round}: ${headline}.${hint === '' ? undefined : ` ${hint}.`} ${logPath === '' ? undefined : markup`Log: ${logLink(logPath)}`}${detail.length === 0 ? undefined : markup`<details><summary>${plural(detail.length, 'line')} of detail</summary><pre>${detail.join('\n')}</pre></details>`}</li>`,
  );
  return markup`<h3>Failed rows</h3><ul class="failed">${items}</ul>`;
}

/** A link only to what can be nothing but a file below this page; other paths are shown as they are. */
function logLink(logPath: string): Markup {
  const isBelow = /^[\w-][\w.+-]*(\/[\w-][\w.+-]*)*$/.test(logPath);
  return isBelow ? markup`<a href="${logPath}"><code>${logPath}</code></a>` : markup`<code>${logPath}</code>`;
}

// On a narrow screen each row becomes a block with its column names beside it; the roles then keep the table's meaning.
function tableOf({ workload, baseline, candidate, host, rows }: BenchTable): Markup {
  const columns = [
    'Better',
    ...(host === undefined ? [] : [host]),
    ...[baseline, candidate, 'Change', 'Ratio', '95 % interval', 'p', 'Verdict'],
  ];
  const head = columns.map(
    (column) =>
      markup`<th scope="col" role="columnheader" class="${column === 'Better' || column === 'Verdict' ? '' : 'num'}">${column}</th>`,
  );
  return markup`<table class="scores" role="table">
<caption>${workload}: ${candidate} against ${baseline}, medians</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Metric</th>${head}</tr></thead>
${rows.map((row) => rowOf(row, { baseline, candidate, host }, columns.length + 1))}
</table>`;
}

function rowOf(row: BenchRow, names: Pick<BenchTable, 'baseline' | 'candidate' | 'host'>, columns: number): Markup {
  const cell = (label: string, text: string, classes = 'num'): Markup =>
    markup`<td role="cell" class="${classes}" data-label="${label}">${text}</td>`;
  const figure = (label: string, { value, spread }: BenchCell): Markup =>
    markup`<td role="cell" class="num" data-label="${label}">${value}${spread === '' ? undefined : markup`<span class="spread">${spread}</span>`}</td>`;
  const hostCells = names.host === undefined || row.host === undefined ? [] : [figure(names.host, row.host)];
  const verdict = row.verdict === 'not scored' ? 'verdict incomparable' : `verdict ${row.verdict}`;
  return markup`<tbody role="rowgroup">
<tr class="figures" role="row"><th scope="row" role="rowheader">${row.metric}</th>
${[cell('Better', row.better, ''), ...hostCells, figure(names.baseline, row.baseline), figure(names.candidate, row.candidate)]}
${cell('Change', row.change)}${cell('Ratio', row.ratio)}${cell('95 % interval', row.interval)}${cell('p', row.p)}
${cell('Verdict', row.verdict, verdict)}</tr>
<tr class="words" role="row"><td role="cell" colspan="${columns}"><p>${row.meaning}. ${row.reason}</p><p>${row.endPoints}</p>${row.notes.length === 0 ? undefined : markup`<p>${row.notes.join(' · ')}</p>`}</td></tr>
</tbody>`;
}

function repeatsOf(bench: BenchRecord): Markup | undefined {
  const runs = bench.sessions.flatMap(({ place, round, runs: all }) => all.map((run) => ({ place, round, run })));
  const ids = [...new Set(runs.flatMap(({ run }) => Object.keys(run.repeats ?? {})))];
  if (ids.length === 0) return undefined;
  const figures = ids.map((id) => {
    const known = BENCH_METRICS.find((metric) => metric.id === id);
    const unit =
      known?.unit ??
      Object.values(bench.measurements)
        .flat()
        .find(({ metric }) => metric === id)?.unit ??
      's';
    const rows = bench.places
      .filter(({ status }) => status === 'measured')
      .map(({ name }) => ({
        name,
        place: placeClass(bench, name),
        values: [...runs]
          .sort((a, b) => a.round - b.round)
          .flatMap(({ place, run }) => (place === name ? (run.repeats?.[id] ?? []) : [])),
      }));
    const title = known?.title ?? id;
    return markup`<figure><figcaption>${title}</figcaption>${dotsSvg(title, unit, rows)}</figure>`;
  });
  return markup`<h3>Every single start</h3><p class="dim">One dot a repetition, all rounds, from a zero that all places share. A session's
sample is the median of its own repetitions; the test compares those, for repetitions of one session are no independent samples.</p>
<div class="multiples">${figures}</div>`;
}

function noticesOf(bench: BenchRecord): Markup | undefined {
  const notices = benchNotices(bench);
  if (notices.length === 0) return undefined;
  return markup`<h3>What the workloads noticed</h3><ul>${notices.map((words) => markup`<li>${words}</li>`)}</ul>`;
}

function imagesOf({ images }: BenchRecord): Markup | undefined {
  const entries = Object.entries(images);
  if (entries.length === 0) return undefined;
  const items = entries.map(([name, made]) => markup`<li>${name}: <code>${jsonText(made)}</code></li>`);
  return markup`<details><summary>${plural(entries.length, 'container image')}, and what each was made of</summary><ul>${items}</ul></details>`;
}

import type { BenchRecord, Series } from '../../model/bench.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import {
  eventSpans,
  SERIES_CHARTS,
  stretchesOf,
  subjectsOf,
  totalOf,
  watchedPlaces,
  watchedWorkloads,
  type Quantity,
  type QuantityShown,
  type WatchedPlace,
} from '../rows/bench-series.ts';
import { formatBytes, plural } from '../text/format.ts';
import { placeClass } from '../rows/place-class.ts';
import { markup, type Markup } from '../text/markup.ts';
import { seriesStrokes, seriesSvg, type SeriesBlock, type SeriesPanel } from '../charts/series.ts';

/** What the thesis read off its figures 4-3 to 4-6, of its VM before the change. */
const THESIS =
  'The thesis read off its own charts (VMware, Linux 3.10, yum, ten minutes): fedora at about 10 % CPU for two minutes, ubuntu about 2 % for its first seconds, disk reads up to 1.5 MB/s, writes up to 3 MB/s, and a network that follows the work. Other hardware, another package manager and another repository: its figures stand beside ours, they are no reference to meet.';

/** The four time-series charts of every workload that was watched for its own sake, what they sum up to, what looking cost. */
export function seriesSection(bench: BenchRecord): Markup | undefined {
  const watched = watchedWorkloads(bench);
  return watched.length === 0 ? undefined : markup`${watched.map((workload) => watchedSection(bench, workload))}`;
}

function watchedSection(bench: BenchRecord, workload: WorkloadName): Markup {
  const places = watchedPlaces(bench, workload);
  const subjects = subjectsOf(places);
  const untilSec = Math.max(
    1,
    ...places.flatMap(({ run, series }) => [
      ...series.map(({ points }) => points.at(-1)?.atSec ?? 0),
      ...run.events.map(({ atSec }) => atSec),
    ]),
  );
  const charts = SERIES_CHARTS.map(({ title, shown }) => {
    const blocks = blocksOf(bench, places, subjects, shown);
    const label = `${title} of ${workload} over ${untilSec.toFixed(0)} s at ${places.map(({ place }) => place).join(', ')}; ${plural(subjects.length, 'subject')}. The figures are in the table below.`;
    const options = { untilSec, label, axis: 'seconds since the workload began' };
    return markup`<figure><figcaption>${title}. ${roundWords(bench, places)}</figcaption>
${legendOf(bench, places, subjects)}
<div class="wide">${seriesSvg(blocks, { ...options, widthPx: 1120 })}</div>
<div class="narrow">${seriesSvg(blocks, { ...options, widthPx: 366 })}</div></figure>`;
  });
  return markup`<h3>${workload}, second by second</h3>
<p class="dim">After the thesis's figures 4-3 to 4-6: the same three containers, one at work. Each point is the mean over the second before
it; 1 CPU is one whole processor; a line is broken where a sample is missing. The VMs share axes, the host has axes of its own on the same time.</p>
${charts}
${totalsTable(places, workload)}
<p class="dim">${THESIS}</p>
${costWords(places).map((words) => markup`<p>${words}</p>`)}`;
}

/** Which round is drawn: it is one round, not the mean of all. */
function roundWords({ rounds }: BenchRecord, places: readonly WatchedPlace[]): string {
  if (rounds === 1) return 'The only round.';
  const drawn = [...new Set(places.map(({ round }) => round))];
  const [only] = drawn;
  return drawn.length === 1
    ? `Round ${only ?? 1} of ${rounds}; the others are not drawn.`
    : `Of ${rounds} rounds, ${places.map(({ place, round }) => `${place}: round ${round}`).join(', ')}; the others are not drawn.`;
}

function strokeOf(subjects: readonly string[], subject: string): string {
  return `stroke-${Math.max(0, subjects.indexOf(subject)) % seriesStrokes}`;
}

function blocksOf(
  bench: BenchRecord,
  places: readonly WatchedPlace[],
  subjects: readonly string[],
  shown: readonly QuantityShown[],
): readonly SeriesBlock[] {
  const groups = [places.filter(({ kind }) => kind === 'vm'), places.filter(({ kind }) => kind === 'host')];
  return groups
    .filter((group) => group.length > 0)
    .map((group) => ({
      strips: group.map(({ place, run }) => ({
        name: run.status === 'done' ? place : `${place} (failed)`,
        place: placeClass(bench, place),
        events: eventSpans(run),
      })),
      panels: shown.map(({ quantity, title, unit }): SeriesPanel => {
        const lines = group.flatMap(({ place, series }) =>
          series.map((one) => ({
            place: placeClass(bench, place),
            subject: strokeOf(subjects, one.subject),
            name: `${one.subject} on ${place}`,
            stretches: stretchesOf(one, quantity),
          })),
        );
        const without = group.filter(({ series }) => series.every((one) => stretchesOf(one, quantity).length === 0));
        const note = without.length === 0 ? '' : `not to be had on ${without.map(({ place }) => place).join(', ')}`;
        return { title, unit, note, lines: lines.filter(({ stretches }) => stretches.length > 0) };
      }),
    }));
}

/** Colour says where, stroke says what. */
function legendOf(bench: BenchRecord, places: readonly WatchedPlace[], subjects: readonly string[]): Markup {
  const sample = (classes: string, name: string): Markup =>
    markup`<li><svg width="28" height="10" viewBox="0 0 28 10" role="img" aria-label="${`stroke of ${name}`}"><path class="line ${classes}" d="M0 5H28"/></svg>${name}</li>`;
  return markup`<ul class="legend">${places.map(({ place }) => sample(`${placeClass(bench, place)} stroke-1`, place))}</ul>
<ul class="legend">${subjects.map((subject) => sample(`at-any ${strokeOf(subjects, subject)}`, subject))}</ul>`;
}

const TOTALS: readonly { readonly head: string; readonly cell: (series: Series) => string }[] = [
  { head: 'CPUs, peak', cell: (series) => totalOf(series, 'cpus')?.peak.toFixed(2) ?? 'none' },
  { head: 'mean', cell: (series) => totalOf(series, 'cpus')?.mean.toFixed(2) ?? 'none' },
  { head: 'Memory, peak', cell: (series) => peakBytes(series, 'memoryBytes') },
  { head: 'Read', cell: (series) => sumBytes(series, 'diskReadBytesPerSec') },
  { head: 'peak', cell: (series) => perSec(peakBytes(series, 'diskReadBytesPerSec')) },
  { head: 'Written', cell: (series) => sumBytes(series, 'diskWriteBytesPerSec') },
  { head: 'peak', cell: (series) => perSec(peakBytes(series, 'diskWriteBytesPerSec')) },
  { head: 'Received', cell: (series) => sumBytes(series, 'networkReceiveBytesPerSec') },
  { head: 'Sent', cell: (series) => sumBytes(series, 'networkSendBytesPerSec') },
];

function peakBytes(series: Series, quantity: Quantity): string {
  const total = totalOf(series, quantity);
  return total === undefined ? 'none' : formatBytes(total.peak);
}

function perSec(bytes: string): string {
  return bytes === 'none' ? bytes : `${bytes}/s`;
}

function sumBytes(series: Series, quantity: Quantity): string {
  const total = totalOf(series, quantity);
  return total === undefined ? 'none' : `${total.hasGaps ? '≥ ' : ''}${formatBytes(total.sum)}`;
}

function totalsTable(places: readonly WatchedPlace[], workload: string): Markup {
  const head = TOTALS.map(({ head: words }) => markup`<th scope="col" class="num">${words}</th>`);
  const rows = places.flatMap(({ place, series }) =>
    series.map(
      (one) =>
        markup`<tr><th scope="row">${one.subject}</th><td>${place}</td>${TOTALS.map(({ cell }) => markup`<td class="num">${cell(one)}</td>`)}</tr>`,
    ),
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${`Totals of ${workload}`}"><table><caption>What each did in the drawn round: peaks are of one second; ≥ where samples are missing; none where the kernel has no such counter</caption>
<thead><tr><th scope="col">Subject</th><th scope="col">Place</th>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** What looking cost, a sentence for all places. */
function costWords(places: readonly WatchedPlace[]): readonly string[] {
  const costs = places.map(({ place, run: { sampler } }) => {
    if (sampler === undefined) return `${place} not measured`;
    const { samples, cpuSecPerSample, cpuShare } = sampler;
    return `${place} ${(cpuSecPerSample * 1000).toFixed(2)} ms of processor time a sample, ${(cpuShare * 100).toFixed(2)} % of one CPU over ${plural(samples, 'sample')}`;
  });
  return costs.length === 0 ? [] : [`What looking cost: ${costs.join('; ')}. It is part of the machine's line.`];
}

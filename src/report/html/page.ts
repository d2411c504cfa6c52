import type { Score } from '../../model/verdicts/measure.ts';
import type { RunRecord, StageRecord } from '../../model/record.ts';
import { environmentFacts, type Fact } from '../rows/environment-facts.ts';
import { formatInstant, plural, shortDigest } from '../text/format.ts';
import { durationText } from '../../text/duration.ts';
import { ablationSection } from './ablation.ts';
import { benchSection } from './bench.ts';
import { calibrationSection } from './calibration.ts';
import { armsSection, configSection, dockerSection } from './evidence.ts';
import { scoresSection } from './scores.ts';
import { processesSection, type ProcessLogs } from './processes.ts';
import { htmlDocument } from './document.ts';
import { costliestSection, timelinesSection, type Timelines } from './timelines.ts';
import { markup, type Markup } from '../text/markup.ts';
import { metricName } from '../text/metric-names.ts';
import { reproduceCommand } from '../rows/reproduce.ts';
import { timeWords } from '../rows/run-time.ts';
import { headline } from '../rows/score-rows.ts';
import { samplesSvg } from '../charts/samples.ts';

/** What a page shows beside the record, and what it runs. */
export interface PageParts {
  /** Text of browser/zoom.js, which zooms the timelines. */
  readonly script: string;
  readonly timelines?: Timelines;
  readonly processes?: ProcessLogs;
}

/**
 * The report page: one file that loads nothing and runs nothing but its own chart script (its content security policy
 * forbids all else), in the order a reader doubts: result, conditions, where the time went, every sample, proofs, provenance.
 */
export function renderHtml(
  record: RunRecord,
  { script, timelines = new Map(), processes = new Map() }: PageParts,
): string {
  const main = markup`<header>
<p class="run">drydock ${record.drydockVersion} · run <span class="mono">${record.id}</span> · ${formatInstant(record.startedAt)}</p>
<h1>${headline(record)}</h1>
<p class="dim">${record.profile.name}: ${record.profile.description}</p>
</header>
${section('Scores', scoresSection(record))}${ablationSection(record)}${calibrationSection(record)}
${benchSection(record)}${section('Conditions', factList(environmentFacts(record)))}
${section('Boot timelines', timelinesSection(record, timelines))}
${processesSection(record, processes)}${section('Every sample', samplesSection(record))}
${section('Costliest steps', costliestSection(record))}
${section('Docker at work', dockerSection(record))}
${section('Kernel configuration against check-config.sh', configSection(record))}
${section('Arms', armsSection(record))}
${section('Findings and boot warnings', noticesSection(record))}
${section('Stages', stagesSection(record))}
${section('Guest packages', packagesSection(record))}
${section('Run it again', markup`<pre>${reproduceCommand(record)}</pre><p class="dim">Figures compare only with runs on the same accelerator and CPU. This run's raw data is in <code>record.json</code> beside this page.</p>`)}`;
  const title = `${record.profile.name}: drydock run ${record.id}`;
  return htmlDocument({ title, version: record.drydockVersion, script, main });
}

/** A part of a page under its own heading. */
export function section(title: string, content: Markup): Markup {
  return markup`<section><h2>${title}</h2>
${content}
</section>`;
}

/** Facts in two columns: what, and the value with its reason. */
export function factList(facts: readonly Fact[]): Markup {
  const items = facts.map(
    ({ name, value, why }) =>
      markup`<div><dt>${name}</dt><dd>${value}${why === undefined ? undefined : markup`<span class="dim">${why}</span>`}</dd></div>`,
  );
  return markup`<dl class="facts">${items}</dl>`;
}

function samplesSection(record: RunRecord): Markup {
  const drawn = record.scores.flatMap((score) => {
    const svg = samplesSvg(score);
    return svg === undefined ? [] : [sampleFigure(score, svg)];
  });
  const exact = record.scores.filter((score) => score.p === null).map((score) => metricName(score.metric));
  if (drawn.length === 0) return markup`<p>No metric was sampled.</p>`;
  return markup`<p class="dim">One dot per boot; in each band the boots go down in the order they were taken, so a drift shows as a
slant; the line is the median. Left: the values of both arms on one axis, which spans the samples and does not start at zero.
Right: each boot's deviation from its own arm's median, for the noise.${
    exact.length === 0 ? undefined : ` Known exactly, so not drawn: ${exact.join(', ')}.`
  }</p>
<div class="multiples">${drawn}</div>`;
}

function sampleFigure(score: Score, svg: Markup): Markup {
  return markup`<figure><figcaption>${metricName(score.metric)}: <span class="verdict ${score.verdict}">${score.verdict}</span></figcaption>
${svg}</figure>`;
}

function noticesSection(record: RunRecord): Markup {
  const findings = record.findings.map(
    ({ level, message }) =>
      markup`<li><span class="${level === 'warning' ? 'warning' : 'dim'}">${level}</span>: ${message}</li>`,
  );
  const warnings = record.boots.flatMap((boot) =>
    boot.warnings.map(
      (warning) => markup`<li><span class="warning">boot ${boot.order + 1}, ${boot.arm}</span>: ${warning}</li>`,
    ),
  );
  const all = [...findings, ...warnings];
  return all.length === 0
    ? markup`<p>The stages found nothing to report and no boot log showed a gap.</p>`
    : markup`<ul>${all}</ul>`;
}

function stagesSection(record: RunRecord): Markup {
  const row = (
    stage: StageRecord,
  ): Markup => markup`<tr><th scope="row">${stage.name}</th><td>${stage.arm ?? 'all'}</td>
<td>${stage.cached ? 'from cache' : 'ran'}</td><td class="num">${durationText(stage.durationMs / 1000)}</td>
<td class="mono" title="${stage.fingerprint}">${shortDigest(stage.fingerprint)}</td></tr>`;
  const { totalSec } = record.time;
  const cached = record.stages.filter((stage) => stage.cached).length;
  return markup`<p>${plural(record.stages.length, 'stage')}, ${cached} from cache. The run took ${durationText(totalSec)}: ${timeWords(record)}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Stages"><table>
<thead><tr><th scope="col">Stage</th><th scope="col">Arm</th><th scope="col">Result</th><th scope="col" class="num">Time</th><th scope="col">Fingerprint</th></tr></thead>
<tbody>${record.stages.map(row)}</tbody></table></div>`;
}

function packagesSection(record: RunRecord): Markup {
  const packages = Object.entries(record.guest.packages).sort(([a], [b]) => (a < b ? -1 : 1));
  if (packages.length === 0) return markup`<p>No package versions were recorded.</p>`;
  const items = packages.map(([name, version]) => markup`<li><code>${name} ${version}</code></li>`);
  return markup`<details><summary>${plural(packages.length, 'package')} in the guest image</summary><ul class="packages">${items}</ul></details>`;
}

import { timelineOfSummary } from '../../bootlog/timeline/boot-evidence.ts';
import { markerName } from '../../bootlog/reading/markers.ts';
import { MARKER_IDS } from '../../model/boots/boot.ts';
import type { MarkerId } from '../../model/boots/boot.ts';
import type { RunRecord } from '../../model/record.ts';
import type { BootTimeline } from '../../model/boots/timeline.ts';
import { formatSeconds, plural, secondsDigits } from '../text/format.ts';
import { markup, type Markup } from '../text/markup.ts';
import { medianBoot, type MedianBoot } from '../rows/median-boot.ts';
import { armsBaselineFirst } from '../rows/score-rows.ts';
import { phaseClasses, phasesOf, timelineSvg, type TimelineBlock } from '../charts/timeline.ts';

/** Timelines by the boot's position in the run; a boot without one is drawn from what the record holds. */
export type Timelines = ReadonlyMap<number, BootTimeline>;

interface ArmBoot {
  readonly arm: string;
  readonly median: MedianBoot;
}

interface DrawnBoot extends ArmBoot {
  readonly timeline: BootTimeline;
}

/** One chart of each arm's median boot, A above B on one scale, how well its clocks are known, and its figures as tables. */
export function timelinesSection(record: RunRecord, timelines: Timelines): Markup {
  const shown = medianBoots(record).map((one): DrawnBoot => {
    const { boot } = one.median;
    const own = timelines.get(boot.order);
    return { ...one, timeline: own?.arm === boot.arm ? own : timelineOfSummary(boot, record.environment.boot) };
  });
  if (shown.length === 0) return markup`<p>No boot was measured, so there is no timeline.</p>`;
  return markup`${timelineFigure(shown)}
<ul class="clocks dim">${shown.map(clockNote)}</ul>
<div class="pair">${phaseTable(shown)}${markerTable(shown)}</div>`;
}

/** The ten or so costliest steps of each arm's median boot. */
export function costliestSection(record: RunRecord): Markup {
  const tables = medianBoots(record).map(({ arm, median: { boot } }) => {
    if (boot.costliest.length === 0)
      return markup`<div><h3>${arm}</h3><p>No costly step was found in its log.</p></div>`;
    const rows = boot.costliest.map(
      (step) =>
        markup`<tr><td class="num">${secondsDigits(step.deltaSec, 0.02)}</td><td class="num">${secondsDigits(step.atSec, 0.02)}</td><td class="message mono">${step.message}</td></tr>`,
    );
    return markup`<div><table><caption>${arm}: boot ${boot.order + 1} of ${record.boots.length}</caption>
<thead><tr><th scope="col" class="num">Cost, s</th><th scope="col" class="num">At, s</th><th scope="col">Message at its end</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
  });
  return markup`<p class="dim">Cost is the time since the line before on the guest's clock (the delta column of
<code>scripts/show_delta</code>): the message names what was printed after the wait, not always what caused it.</p>
<div class="pair">${tables}</div>`;
}

function medianBoots(record: RunRecord): readonly ArmBoot[] {
  return armsBaselineFirst(record).flatMap(({ name }) => {
    const median = medianBoot(record, name);
    return median === undefined ? [] : [{ arm: name, median }];
  });
}

/** Where the kernel hands over to the guest's own init, on the chart's axis. */
function handOverSec({ instants }: BootTimeline): number {
  const at = (id: MarkerId): number | undefined => instants.find(({ name }) => name === markerName(id))?.atSec;
  return at('systemd-start') ?? at('init-exec') ?? at('initmem-freed') ?? 0;
}

const BUTTONS: readonly (readonly [string, string, string])[] = [
  ['in', '+', 'Zoom in'],
  ['out', '−', 'Zoom out'],
  ['left', '←', 'Earlier'],
  ['right', '→', 'Later'],
  ['kernel', 'kernel', 'Up to the hand-over to the guest’s init'],
  ['reset', 'whole boot', 'Show the whole boot'],
];

function timelineFigure(shown: readonly DrawnBoot[]): Markup {
  const endSec = Math.max(...shown.map(({ timeline }) => timeline.endSec));
  const kernelSec = Math.max(...shown.map(({ timeline }) => handOverSec(timeline))) * 1.06;
  // Enlarging pays only where the kernel's part is squeezed into a corner of the whole.
  const isSqueezed = kernelSec > 0 && kernelSec < endSec * 0.5;
  const whole = 'From the start of QEMU to Docker ready, the median boot of each arm on one scale.';
  const buttons = BUTTONS.filter(([act]) => act !== 'kernel' || isSqueezed).map(
    ([act, text, title]) => markup`<button type="button" data-act="${act}" title="${title}">${text}</button>`,
  );
  const enlarged =
    (): Markup => markup`<noscript><figure><figcaption>The same boots up to the hand-over to the guest’s init, enlarged.</figcaption>
${drawings(shown, kernelSec, 'The same boots, enlarged.')}</figure></noscript>`;
  return markup`<figure class="zoomable" data-kernel="${kernelSec}"><figcaption>${whole}<span class="zoom-hint"> Click into the chart, then turn the wheel or press + and − to zoom; drag, pinch or use the arrow keys to move.</span></figcaption>
<div class="zoom">${buttons}<output></output></div>
<div class="chart">${drawings(shown, endSec, whole)}</div></figure>
${isSqueezed ? enlarged() : undefined}`;
}

function drawings(shown: readonly DrawnBoot[], untilSec: number, caption: string): Markup {
  const blocks = shown.map(({ arm, timeline, median: { boot, basis, boots } }): TimelineBlock => {
    const median = boots === 1 ? 'its only boot' : `median of ${boots} by ${basis}`;
    return { title: arm, note: `${boot.kernelRelease} · boot ${boot.order + 1} · ${median}`, timeline };
  });
  const phaseClass = phaseClasses(shown.map(({ timeline }) => timeline));
  const isPlaced = shown.every(({ timeline }) => timeline.zero === 'qemu-start');
  const ends = shown.map(({ arm, timeline }) => `${arm} ends at ${formatSeconds(timeline.endSec)}`).join('; ');
  const options = {
    untilSec: untilSec > 0 ? untilSec : 1,
    label: `${caption} ${ends}. The figures are in the tables below.`,
    axis: isPlaced ? 'seconds since QEMU was started' : 'seconds; not every boot is on the host’s clock',
    phaseClass,
  };
  return markup`<div class="wide">${timelineSvg(blocks, { ...options, widthPx: 1120 })}</div>
<div class="narrow">${timelineSvg(blocks, { ...options, widthPx: 366 })}</div>`;
}

/** What the axis is worth for one boot: how its clocks were put onto it, and how far off they can be. */
function clockNote({ arm, timeline: { fit, systemdClock, notes } }: DrawnBoot): Markup {
  const sentences: string[] = [];
  if (fit.basis !== 'none') {
    const asked = fit.exchanges === 0 ? '' : `, ${fit.exchanges} of them printed at the host’s request`;
    const rate = fit.basis === 'offset' ? 'its rate is taken to be the host’s' : `its rate is ${fit.rate.toFixed(6)}`;
    sentences.push(
      `the kernel’s clock starts ${formatSeconds(fit.offsetSec)} after QEMU and ${rate}, by ${plural(fit.points, 'console line')}${asked}; no clock that agrees with them is further than ${formatSeconds(fit.errorSec)} from this`,
    );
  }
  if (systemdClock?.basis === 'measured' && systemdClock.errorSec !== undefined)
    sentences.push(
      `systemd’s clock is ${formatSeconds(systemdClock.offsetSec)} behind the kernel’s, give or take ${formatSeconds(systemdClock.errorSec)}`,
    );
  return markup`<li><strong>${arm}</strong>: ${[...sentences, ...notes].join('. ')}.</li>`;
}

function phaseTable(shown: readonly DrawnBoot[]): Markup {
  const classes = phaseClasses(shown.map(({ timeline }) => timeline));
  const rows = [...classes].map(([name, className]) => {
    const cells = shown.map(({ timeline }) => {
      const phases = phasesOf(timeline).filter((phase) => phase.name === name);
      const costSec = phases.reduce((sum, phase) => sum + phase.endSec - phase.startSec, 0);
      return markup`<td class="num">${phases.length === 0 ? 'no such phase' : secondsDigits(costSec)}</td>`;
    });
    return markup`<tr><th scope="row"><span class="swatch ${className}"></span>${name}</th>${cells}</tr>`;
  });
  if (rows.length === 0) return markup`<p>No phases were found in the logs.</p>`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Phases"><table><caption>Phases of these boots, seconds</caption>
<thead><tr><th scope="col">Phase</th>${armHeads(shown)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function markerTable(shown: readonly ArmBoot[]): Markup {
  const cell = (id: MarkerId, { median: { boot } }: ArmBoot): Markup => {
    const marker = boot.markers[id];
    return marker === undefined
      ? markup`<td class="num dim">not found</td>`
      : markup`<td class="num" title="line ${marker.line}: ${marker.text}">${secondsDigits(marker.atSec, 0.02)}</td>`;
  };
  const seen = MARKER_IDS.filter((id) => shown.some(({ median }) => median.boot.markers[id] !== undefined));
  if (seen.length === 0) return markup`<p>No marker was found in the logs.</p>`;
  const rows = seen.map(
    (id) => markup`<tr><th scope="row">${markerName(id)}</th>${shown.map((armBoot) => cell(id, armBoot))}</tr>`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Markers"><table><caption>Markers of these boots, seconds on the guest's clock</caption>
<thead><tr><th scope="col">Marker</th>${armHeads(shown)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function armHeads(shown: readonly ArmBoot[]): readonly Markup[] {
  return shown.map(({ arm }) => markup`<th scope="col" class="num">${arm}</th>`);
}

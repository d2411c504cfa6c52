import type { MarkerId } from '../model/boot.ts';
import type { RunRecord } from '../model/record.ts';
import { formatSeconds, secondsDigits } from './format.ts';
import { markup, type Markup } from './markup.ts';
import { bootEndSec, markerIds, markerNames, medianBoot, type MedianBoot } from './median-boot.ts';
import { armsBaselineFirst } from './score-rows.ts';
import { phaseClasses, timelineSvg, type TimelineRow } from './svg-timeline.ts';

interface ArmBoot {
  readonly arm: string;
  readonly median: MedianBoot;
}

/** Charts of each arm's median boot on one scale, the kernel's part enlarged, and the same instants as tables. */
export function timelinesSection(record: RunRecord): Markup {
  const shown = medianBoots(record);
  if (shown.length === 0) return markup`<p>No boot was measured, so there is no timeline.</p>`;
  const endSec = Math.max(...shown.map(({ median }) => bootEndSec(median.boot)));
  const handOverSec = Math.max(
    ...shown.map(({ median: { boot } }) => {
      const { markers } = boot;
      return (markers['systemd-start'] ?? markers['init-exec'] ?? markers['initmem-freed'])?.atSec ?? 0;
    }),
  );
  // Enlarging pays only where the kernel's part is squeezed into a corner of the whole.
  const enlarge = handOverSec > 0 && handOverSec < endSec * 0.5;
  return markup`${timelineFigure(
    shown,
    endSec,
    'From the kernel’s first line to Docker ready, the median boot of each arm on one scale.',
  )}
${enlarge ? timelineFigure(shown, handOverSec * 1.06, 'The same boots up to the hand-over to the guest’s init, enlarged.') : undefined}
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

function timelineFigure(shown: readonly ArmBoot[], untilSec: number, caption: string): Markup {
  const rows = shown.map(({ arm, median: { boot, basis, boots } }): TimelineRow => {
    const median = boots === 1 ? 'its only boot' : `median of ${boots} by ${basis}`;
    return { title: arm, note: `${boot.kernelRelease} · boot ${boot.order + 1} · ${median}`, boot };
  });
  const phaseClass = phaseClasses(shown.map(({ median }) => median.boot));
  const label = `${caption} ${shown.map(({ arm, median }) => `${arm} ends at ${formatSeconds(bootEndSec(median.boot))}`).join('; ')}. The figures are in the tables below.`;
  const draw = (widthPx: number): Markup => timelineSvg(rows, { untilSec, widthPx, label, phaseClass });
  return markup`<figure><figcaption>${caption}</figcaption>
<div class="wide">${draw(1120)}</div>
<div class="narrow">${draw(366)}</div></figure>`;
}

function phaseTable(shown: readonly ArmBoot[]): Markup {
  const classes = phaseClasses(shown.map(({ median }) => median.boot));
  const rows = [...classes].map(([name, className]) => {
    const cells = shown.map(({ median: { boot } }) => {
      const phases = boot.phases.filter((phase) => phase.name === name);
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
  const seen = markerIds.filter((id) => shown.some(({ median }) => median.boot.markers[id] !== undefined));
  if (seen.length === 0) return markup`<p>No marker was found in the logs.</p>`;
  const rows = seen.map(
    (id) => markup`<tr><th scope="row">${markerNames[id]}</th>${shown.map((armBoot) => cell(id, armBoot))}</tr>`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Markers"><table><caption>Markers of these boots, seconds on the guest's clock</caption>
<thead><tr><th scope="col">Marker</th>${armHeads(shown)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function armHeads(shown: readonly ArmBoot[]): readonly Markup[] {
  return shown.map(({ arm }) => markup`<th scope="col" class="num">${arm}</th>`);
}

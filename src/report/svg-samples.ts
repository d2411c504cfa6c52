import type { Score, Unit } from '../model/measure.ts';
import { formatBytes, formatValue, spreadOf } from './format.ts';
import { markup, type Markup } from './markup.ts';
import { metricName } from './metric-names.ts';
import { fitText, linearScale, niceTicks, px, textWidth, tickDecimals, type Scale } from './svg-scale.ts';

const widthPx = 352;
const edge = 8;
const titleHeight = 18;
const bandHeight = 34;
const rowHeight = titleHeight + bandHeight;
const axisHeight = 20;

/**
 * Every sample of one metric, both arms on one axis. Inside an arm's band the samples go down in the order they were
 * taken, so a drift shows as a slant; the line is the median. `undefined` when there is nothing to draw: a quantity that
 * is exact, or no samples.
 */
export function samplesSvg(score: Score): Markup | undefined {
  const arms = [score.baseline, score.candidate];
  const samples = arms.flatMap((arm) => arm.samples).filter((sample) => Number.isFinite(sample));
  if (score.p === null || samples.length === 0) return undefined;
  const heightPx = rowHeight * arms.length + axisHeight;
  const x = sampleScale(samples);
  const rows = arms.map((arm, index) => drawArm(arm, index, score.unit, x));
  return markup`<svg class="samples" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx}" height="${heightPx}" role="img" aria-label="${describe(score)}">
${drawAxis(samples, score.unit, x, heightPx)}
${rows}
</svg>`;
}

function drawArm(arm: Score['baseline'], index: number, unit: Unit, x: Scale): Markup {
  const top = rowHeight * index;
  const bandTop = top + titleHeight;
  const step = bandHeight / (arm.samples.length + 1);
  const dots = arm.samples.map((sample, order) =>
    Number.isFinite(sample)
      ? markup`<circle class="dot" cx="${px(x(sample))}" cy="${px(bandTop + step * (order + 1))}" r="3.2"><title>${formatValue(sample, unit)}</title></circle>`
      : markup``,
  );
  const figures =
    arm.samples.length === 0
      ? 'no samples'
      : `median ${formatValue(arm.median, unit, spreadOf(arm.samples))}, n = ${arm.samples.length}`;
  const name = fitText(arm.arm, 12, widthPx - edge * 2 - textWidth(figures, 11) - 8);
  const median = Number.isFinite(arm.median)
    ? markup`<path class="median" d="M${px(x(arm.median))} ${px(bandTop)}V${px(bandTop + bandHeight)}"/>`
    : undefined;
  return markup`<g class="${index === 0 ? 'baseline' : 'candidate'}">
<text class="row-title" x="${edge}" y="${px(top + 13)}">${name}</text>
<text class="note" x="${widthPx - edge}" y="${px(top + 13)}" text-anchor="end">${figures}</text>
<rect class="band" x="0" y="${px(bandTop)}" width="${widthPx}" height="${bandHeight}"/>
${median}
${dots}
</g>`;
}

function drawAxis(samples: readonly number[], unit: Unit, x: Scale, heightPx: number): Markup {
  const [low, high] = extent(samples);
  const ticks = niceTicks(low, high, 4, unit === 'bytes' ? 2 : 10);
  const decimals = tickDecimals(ticks);
  const texts = ticks.map((tick) => {
    const at = x(tick);
    const anchor = at < 26 ? 'start' : at > widthPx - 26 ? 'end' : 'middle';
    const text = unit === 'bytes' ? formatBytes(tick) : `${tick.toFixed(decimals)} s`;
    const shown = anchor === 'start' ? Math.min(at, edge) : anchor === 'end' ? Math.max(at, widthPx - edge) : at;
    return markup`<path class="grid" d="M${px(at)} ${titleHeight}V${px(heightPx - axisHeight + 3)}"/><text class="tick" x="${px(shown)}" y="${px(heightPx - 4)}" text-anchor="${anchor}">${text}</text>`;
  });
  return markup`${texts}`;
}

function sampleScale(samples: readonly number[]): Scale {
  return linearScale(extent(samples), [edge + 6, widthPx - edge - 6]);
}

// The axis spans the samples, with a little room so that equal samples do not fill it with noise.
function extent(samples: readonly number[]): readonly [number, number] {
  const low = Math.min(...samples);
  const high = Math.max(...samples);
  const room = (high - low) * 0.04 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

function describe(score: Score): string {
  const arms = [score.baseline, score.candidate].map((arm) => {
    if (arm.samples.length === 0) return `${arm.arm}: no samples`;
    const values = arm.samples.map((sample) => formatValue(sample, score.unit)).join(', ');
    return `${arm.arm}: ${values}; median ${formatValue(arm.median, score.unit, spreadOf(arm.samples))}`;
  });
  return `${metricName(score.metric)}, every sample. ${arms.join('. ')}`;
}

import type { Score, Unit } from '../../model/verdicts/measure.ts';
import { tickBase, tickTexts } from './axis-ticks.ts';
import { formatValue, spreadOf } from '../text/format.ts';
import { markup, type Markup } from '../text/markup.ts';
import { metricName } from '../text/metric-names.ts';
import { fitText, linearScale, niceTicks, px, textWidth, tickDecimals, type Scale } from './scale.ts';

type Arm = Score['baseline'];

interface Tick {
  readonly value: number;
  readonly text: string;
}

/** One of the two plots of a metric, sharing the rows of the arms. */
interface Panel {
  readonly left: number;
  readonly right: number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
  /** What of a sample this panel shows. */
  readonly value: (sample: number, arm: Arm) => number;
}

const widthPx = 352;
const edge = 8;
const panelWidth = 168;
const panelGap = widthPx - panelWidth * 2;
const titleHeight = 18;
const bandHeight = 34;
const rowHeight = titleHeight + bandHeight + 2;
const axisHeight = 20;

/**
 * Every sample of one metric. On the left both arms on one axis of values; on the right each sample's deviation from its
 * own arm's median, so that noise and drift show even where the arms are far apart. In each band the samples go down in
 * the order they were taken; the line is the median. `undefined` when there is nothing to draw: a quantity that is
 * exact, or no samples.
 */
export function samplesSvg(score: Score): Markup | undefined {
  const arms = [score.baseline, score.candidate];
  const samples = arms.flatMap((arm) => arm.samples).filter((sample) => Number.isFinite(sample));
  if (score.p === null || samples.length === 0) return undefined;
  const heightPx = rowHeight * arms.length + axisHeight;
  const panels = [valuePanel(samples, score.unit), deviationPanel(arms)];
  return markup`<svg class="samples" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx}" height="${heightPx}" role="img" aria-label="${describe(score)}">
${arms.map((arm, index) => drawArm(arm, index, score.unit, panels))}
${panels.map((panel) => drawAxis(panel, arms.length, heightPx))}
</svg>`;
}

function valuePanel(samples: readonly number[], unit: Unit): Panel {
  const low = Math.min(...samples);
  const high = Math.max(...samples);
  // A little room, so that the axis of equal samples is not filled with nothing.
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 1;
  const domain: readonly [number, number] = [low - room, high + room];
  return {
    left: 0,
    right: panelWidth,
    domain,
    ticks: fittingTicks(domain, tickBase(unit), (ticks) => tickTexts(ticks, unit)),
    value: (sample) => sample,
  };
}

function deviationPanel(arms: readonly Arm[]): Panel {
  const value = (sample: number, arm: Arm): number => (sample / arm.median - 1) * 100;
  const sizes = arms.flatMap((arm) => arm.samples.map((sample) => Math.abs(value(sample, arm))));
  // Never finer than 0.1 %: below that dots would fly apart over nothing.
  const most = Math.max(0.1, ...sizes.filter((size) => Number.isFinite(size))) * 1.12;
  const domain: readonly [number, number] = [-most, most];
  const deviations = (ticks: readonly number[]): readonly string[] =>
    ticks.map((tick) =>
      Math.abs(tick) < 1e-9 ? '0' : `${tick > 0 ? '+' : '−'}${Math.abs(tick).toFixed(tickDecimals(ticks))} %`,
    );
  return {
    left: panelWidth + panelGap,
    right: widthPx,
    domain,
    ticks: fittingTicks(domain, 10, deviations),
    value,
  };
}

/** As many round ticks as have room for their texts side by side. */
function fittingTicks(
  domain: readonly [number, number],
  base: 10 | 2,
  textsOf: (ticks: readonly number[]) => readonly string[],
): readonly Tick[] {
  const ticksOf = (most: number): readonly Tick[] => {
    const values = niceTicks(...domain, most, base);
    const texts = textsOf(values);
    return values.map((value, index) => ({ value, text: texts[index] ?? '' }));
  };
  for (let most = 6; most > 1; most -= 1) {
    const ticks = ticksOf(most);
    const apart = (ticks[1]?.value ?? Infinity) - (ticks[0]?.value ?? 0);
    const step = (apart / (domain[1] - domain[0])) * (panelWidth - edge * 2);
    if (ticks.length > 1 && ticks.every(({ text }) => textWidth(text, 11) + 4 <= step)) return ticks;
  }
  // One text at the most has always room.
  return ticksOf(1).slice(0, 1);
}

function drawArm(arm: Arm, index: number, unit: Unit, panels: readonly Panel[]): Markup {
  const top = rowHeight * index;
  const bandTop = top + titleHeight;
  const figures =
    arm.samples.length === 0
      ? 'no samples'
      : `median ${formatValue(arm.median, unit, spreadOf(arm.samples))}, n = ${arm.samples.length}`;
  const name = fitText(arm.arm, 12, widthPx - textWidth(figures, 11) - 8);
  return markup`<g class="${index === 0 ? 'baseline' : 'candidate'}">
<text class="row-title" x="0" y="${px(top + 13)}">${name}</text>
<text class="note" x="${widthPx}" y="${px(top + 13)}" text-anchor="end">${figures}</text>
${panels.map((panel) => drawBand(panel, arm, bandTop, unit))}
</g>`;
}

function drawBand(panel: Panel, arm: Arm, bandTop: number, unit: Unit): Markup {
  const x = panelScale(panel);
  const step = bandHeight / (arm.samples.length + 1);
  const grid = panel.ticks.map(
    ({ value }) => markup`<path class="grid" d="M${px(x(value))} ${px(bandTop)}v${bandHeight}"/>`,
  );
  const middle = panel.value(arm.median, arm);
  const median = Number.isFinite(middle)
    ? markup`<path class="median" d="M${px(x(middle))} ${px(bandTop)}v${bandHeight}"/>`
    : undefined;
  const dots = arm.samples.map((sample, order) => {
    const value = panel.value(sample, arm);
    if (!Number.isFinite(value)) return markup``;
    return markup`<circle class="dot" cx="${px(x(value))}" cy="${px(bandTop + step * (order + 1))}" r="3"><title>${formatValue(sample, unit)}</title></circle>`;
  });
  return markup`<rect class="band" x="${panel.left}" y="${px(bandTop)}" width="${panel.right - panel.left}" height="${bandHeight}"/>
${grid}
${median}
${dots}`;
}

function drawAxis(panel: Panel, rows: number, heightPx: number): Markup {
  const x = panelScale(panel);
  const bottom = rowHeight * rows;
  const texts = panel.ticks.map(({ value, text }) => {
    const half = textWidth(text, 11) / 2;
    const at = Math.min(panel.right - half, Math.max(panel.left + half, x(value)));
    return markup`<path class="axis" d="M${px(x(value))} ${px(bottom - 2)}v4"/><text class="tick" x="${px(at)}" y="${px(heightPx - 5)}" text-anchor="middle">${text}</text>`;
  });
  return markup`${texts}`;
}

function panelScale({ domain, left, right }: Panel): Scale {
  return linearScale(domain, [left + edge, right - edge]);
}

function describe(score: Score): string {
  const arms = [score.baseline, score.candidate].map((arm) => {
    if (arm.samples.length === 0) return `${arm.arm}: no samples`;
    const values = arm.samples.map((sample) => formatValue(sample, score.unit)).join(', ');
    return `${arm.arm}: ${values}; median ${formatValue(arm.median, score.unit, spreadOf(arm.samples))}`;
  });
  return `${metricName(score.metric)}, every sample. ${arms.join('. ')}`;
}

import type { Trend } from '../../model/verdicts/trend.ts';
import { tickBase, tickTexts } from './axis-ticks.ts';
import { formatValue } from '../text/format.ts';
import { markup, type Markup } from '../text/markup.ts';
import { metricName } from '../text/metric-names.ts';
import { linearScale, niceTicks, px, textWidth } from './scale.ts';

const widthPx = 540;
const heightPx = 170;
const top = 8;
const bottom = 24;
const right = 10;
const dotRadius = 3.5;

/**
 * One metric run by run, oldest on the left: the dot is a run's median, its bar goes from the least sample to the most, the
 * broken line stands before the first run after a change. The axis spans the samples and does not start at zero.
 */
export function trendSvg(trend: Trend): Markup {
  const { points, unit, changePoints } = trend;
  const low = Math.min(...points.map((point) => point.least));
  const high = Math.max(...points.map((point) => point.most));
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 1;
  const ticks = niceTicks(low - room, high + room, 5, tickBase(unit));
  const texts = tickTexts(ticks, unit);
  const left = Math.max(...texts.map((text) => textWidth(text, 11))) + 8;
  const x = linearScale([0, Math.max(1, points.length - 1)], [left + 8, widthPx - right - 8]);
  const y = linearScale([low - room, high + room], [heightPx - bottom, top]);
  const grid = ticks.map(
    (tick, index) => markup`<path class="grid" d="M${px(left)} ${px(y(tick))}H${widthPx - right}"/>
<text class="tick" x="${px(left - 6)}" y="${px(y(tick) + 4)}" text-anchor="end">${texts[index] ?? ''}</text>`,
  );
  const line = points
    .map((point, index) => `${index === 0 ? 'M' : 'L'}${px(x(index))} ${px(y(point.median))}`)
    .join('');
  const marks = points.map((point, index) => {
    const words = `${point.run}: median ${formatValue(point.median, unit)}, ${formatValue(point.least, unit)} to ${formatValue(point.most, unit)}, n = ${String(point.samples)}`;
    return markup`<path class="spread" d="M${px(x(index))} ${px(y(point.least))}V${px(y(point.most))}"/>
<circle class="dot" cx="${px(x(index))}" cy="${px(y(point.median))}" r="${dotRadius}"><title>${words}</title></circle>`;
  });
  const changes = changePoints.map(({ run }) => {
    const at = x(points.findIndex((point) => point.run === run) - 0.5);
    return markup`<path class="change" d="M${px(at)} ${top}V${heightPx - bottom}"/>`;
  });
  const day = (index: number): string => points.at(index)?.startedAt.slice(0, 10) ?? '';
  const last =
    points.length < 2
      ? undefined
      : markup`<text class="tick" x="${widthPx - right}" y="${heightPx - 6}" text-anchor="end">${day(-1)}</text>`;
  return markup`<svg class="trend" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx}" height="${heightPx}" role="img" aria-label="${describe(trend)}">
${grid}
${changes}
<path class="line" d="${line}"/>
${marks}
<text class="tick" x="${px(left)}" y="${heightPx - 6}">${day(0)}</text>
${last}
</svg>`;
}

function describe({ metric, arm, points, unit, changePoints }: Trend): string {
  const medians = points.map((point) => formatValue(point.median, unit)).join(', ');
  const changes = changePoints.map(({ run }) => run).join(', ');
  return `${metricName(metric)} of ${arm}, medians by run: ${medians}. ${changes === '' ? 'No change point' : `Changed at ${changes}`}.`;
}

import { BENCH_METRICS } from '../../bench/metrics.ts';
import { METRICS } from '../../bootlog/reading/metrics.ts';
import { VIRTUAL_METRICS } from '../../bootlog/reading/virtual-metrics.ts';

const KNOWN = [...METRICS, ...VIRTUAL_METRICS, ...BENCH_METRICS];

/** What a metric is called in a report; an id that drydock does not define itself is shown in its own words. */
export function metricName(id: string): string {
  const known = KNOWN.find((metric) => metric.id === id);
  if (known !== undefined) return known.title;
  const words = id.replaceAll('_', ' ').trim();
  return words === '' ? id : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether a metric is of the virtual clock; figures of the two clocks never stand in one table. */
export function isVirtual(id: string): boolean {
  return VIRTUAL_METRICS.some((metric) => metric.id === id);
}

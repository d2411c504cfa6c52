import { METRICS } from '../bootlog/metrics.ts';

/** What a metric is called in a report; an id that drydock does not define itself is shown in its own words. */
export function metricName(id: string): string {
  const known = METRICS.find((metric) => metric.id === id);
  if (known !== undefined) return known.title;
  const words = id.replaceAll('_', ' ').trim();
  return words === '' ? id : words.charAt(0).toUpperCase() + words.slice(1);
}

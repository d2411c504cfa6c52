import type { EndPoint, MetricFinding } from '../../model/boots/analysis.ts';
import type { BootMarkers, MarkerId } from '../../model/boots/boot.ts';
import type { Boot, BootLine } from '../../model/boots/bootlog.ts';
import { METRICS, secondsBetween } from './metrics.ts';
import type { MetricEnds } from './metrics.ts';
import { hasOldInitrd } from './old-initrd.ts';

/** Every metric that a log can yield, with its value in this boot and the lines at both ends, or why there is none. */
export function metricFindings(boot: Boot, markers: BootMarkers): MetricFinding[] {
  return METRICS.flatMap(({ id, title, endPoints, ends }): MetricFinding[] => {
    if (ends === undefined) return [];
    const valueSec = secondsBetween(ends, markers) ?? null;
    const from = startOf(ends, boot, markers);
    const to = markerEnd(ends.to, markers);
    const why = valueSec === null ? reason(ends, from, to, markers) : null;
    return [{ id, title, unit: 's', endPoints, valueSec, from, to, why }];
  });
}

function startOf({ from, to }: MetricEnds, boot: Boot, markers: BootMarkers): EndPoint | null {
  if (from === 'clock-start') return { what: `start of the ${boot.clock} clock`, atSec: 0, line: null, text: null };
  if (from !== 'line-before') return markerEnd(from, markers);
  const end = markers[to];
  if (end === undefined) return null;
  const before = lineBefore(boot, end.line);
  // A text that went through show_delta keeps its cost column even where the line before has been left out.
  const atSec = Math.round((end.atSec - end.deltaSec) * 1e6) / 1e6;
  const told = before !== undefined && before.atSec === atSec ? before : undefined;
  return { what: 'the line before', atSec, line: told?.line ?? null, text: told?.message ?? null };
}

/** The line that a cost counts from: the one with the latest stamp so far, not always the last one. */
function lineBefore(boot: Boot, lineNumber: number): BootLine | undefined {
  let latest: BootLine | undefined;
  for (const line of boot.lines) {
    if (line.line >= lineNumber) break;
    if (latest === undefined || line.atSec >= latest.atSec) latest = line;
  }
  return latest;
}

function markerEnd(id: MarkerId, markers: BootMarkers): EndPoint | null {
  const marker = markers[id];
  return marker === undefined ? null : { what: id, atSec: marker.atSec, line: marker.line, text: marker.text };
}

function reason(ends: MetricEnds, from: EndPoint | null, to: EndPoint | null, markers: BootMarkers): string {
  const missing = [from === null ? ends.from : undefined, to === null ? ends.to : undefined].filter(
    (id) => id !== undefined && id !== 'line-before',
  );
  if (missing.length > 0) return `${missing.join(' and ')} not found`;
  if (from !== null && to !== null && to.atSec < from.atSec) return 'its end is stamped before its start';
  if (hasOldInitrd(markers))
    return "the kernel ran an old-style initrd's /linuxrc before init; the phases have its time";
  return 'the log shows no initrd';
}

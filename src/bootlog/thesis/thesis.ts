import type { ThesisReading } from '../../model/boots/analysis.ts';
import type { Boot } from '../../model/boots/bootlog.ts';

/** A figure of the thesis: the metric, the log line it was read from, and the column. */
interface ThesisLine {
  readonly metric: string;
  /** How the line begins. */
  readonly wanted: string;
  readonly column: 'timestamp' | 'cost';
}

/** Chapter 5: where each of its four figures stands in its logs. Two of them are not what drydock's own metrics measure. */
const THESIS_LINES: readonly ThesisLine[] = [
  { metric: 'initrd_release', wanted: 'Freeing initrd memory', column: 'cost' },
  { metric: 'kernel_init', wanted: 'Freeing unused kernel memory', column: 'timestamp' },
  { metric: 'total_boot', wanted: 'IPv6: ADDRCONF(NETDEV_UP): docker0: link is not ready', column: 'timestamp' },
  { metric: 'module_loading', wanted: 'loop: module loaded', column: 'cost' },
];

/** Reads the thesis's four figures from a boot the way the thesis did; one whose line is missing has no value. */
export function thesisReadings(boot: Boot): ThesisReading[] {
  return THESIS_LINES.map(({ metric, wanted, column }) => {
    const line = boot.lines.find(({ message }) => message.startsWith(wanted));
    if (line === undefined) return { metric, wanted, column, valueSec: null, line: null };
    return { metric, wanted, column, valueSec: column === 'cost' ? line.deltaSec : line.atSec, line: line.line };
  });
}

import type { Boot } from '../model/bootlog.ts';

/** A figure of the thesis: the metric, the log line it was read from, and the column. */
interface ThesisLine {
  readonly metric: string;
  readonly pattern: RegExp;
  readonly column: 'timestamp' | 'delta';
}

/** Chapter 5: where each of its four figures stands in its logs. Two of them are not what drydock's own metrics measure. */
const THESIS_LINES: readonly ThesisLine[] = [
  { metric: 'initrd_release', pattern: /^Freeing initrd memory/, column: 'delta' },
  { metric: 'kernel_init', pattern: /^Freeing unused kernel memory/, column: 'timestamp' },
  { metric: 'total_boot', pattern: /^IPv6: ADDRCONF\(NETDEV_UP\): docker0: link is not ready/, column: 'timestamp' },
  { metric: 'module_loading', pattern: /^loop: module loaded/, column: 'delta' },
];

export interface ThesisFigure {
  readonly sec: number;
  /** 1-based line of the text it was read from. */
  readonly line: number;
}

/** Reads the thesis's four figures from a boot the way the thesis did; a figure whose line is missing is absent. */
export function thesisFigures(boot: Boot): Record<string, ThesisFigure> {
  const figures: Record<string, ThesisFigure> = {};
  for (const { metric, pattern, column } of THESIS_LINES) {
    const line = boot.lines.find(({ message }) => pattern.test(message));
    if (line !== undefined) figures[metric] = { sec: column === 'delta' ? line.deltaSec : line.atSec, line: line.line };
  }
  return figures;
}

/** Before over after for every figure that both boots hold. */
export function thesisRatios(before: Boot, after: Boot): Record<string, number> {
  const [from, to] = [thesisFigures(before), thesisFigures(after)];
  const ratios: Record<string, number> = {};
  for (const [metric, { sec }] of Object.entries(from)) {
    const other = to[metric];
    if (other !== undefined && other.sec > 0) ratios[metric] = sec / other.sec;
  }
  return ratios;
}

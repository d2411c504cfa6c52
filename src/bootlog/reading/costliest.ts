import type { CostlyStep } from '../../model/boots/boot.ts';
import type { Boot } from '../../model/boots/bootlog.ts';

/** As many rows as table 4-1 of the thesis. */
const DEFAULT_COUNT = 22;

/**
 * The boot's hot list: the lines with the largest cost, largest first, the earlier one first among equals. A line's cost
 * is the time since the line before it, so it names where time went, not always what spent it.
 */
export function costliestSteps(boot: Boot, count: number = DEFAULT_COUNT): CostlyStep[] {
  return boot.lines
    .filter((line) => line.deltaSec > 0)
    .sort((a, b) => b.deltaSec - a.deltaSec || a.line - b.line)
    .slice(0, count)
    .map(({ atSec, deltaSec, line, message }) => ({ atSec, deltaSec, line, message }));
}

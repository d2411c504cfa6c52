import { Fault } from '../../host/fault.ts';
import type { ConsoleLog } from '../console/console.ts';

const TAIL_LINES = 25;
/** Longer lines are shown without their middle: a report is read by people. */
const TAIL_CHARS = 200;

function shortened(line: string): string {
  return line.length <= TAIL_CHARS ? line : `${line.slice(0, TAIL_CHARS / 4)} … ${line.slice(-TAIL_CHARS / 2)}`;
}

/**
 * The guest's clock shows what no clock can show, so no figure can be read from it.
 *
 * @param flaw the predicate of a sentence about the clock
 */
export function clockFault(flaw: string, console: ConsoleLog): Fault {
  return new Fault({
    kind: 'bad-clock',
    headline: `The guest's clock is not usable: it ${flaw}`,
    hint: "Every time of this boot is read from the kernel's clock. Check the kernel's clock source (tsc=, clocksource=, CONFIG_X86_TSC) and what its patches change in printk or sched_clock.",
    consoleTail: console.tail(TAIL_LINES).map(shortened),
    logPath: console.path,
  });
}

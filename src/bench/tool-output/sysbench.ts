import { OutputError, positive } from './output-error.ts';

const TOOL = 'sysbench';
const MIB = 1024 ** 2;

/**
 * Reads `sysbench cpu run` of sysbench 1.0: the line `events per second:  1011.75` below `CPU speed:`
 * (sysbench's src/tests/cpu/sb_cpu.c). One event is one search for primes up to `--cpu-max-prime`.
 * @throws OutputError that names what is missing
 */
export function parseSysbenchCpu(text: string): { readonly eventsPerSec: number } {
  complete(text);
  const found = /^ *events per second: +(\S+)$/m.exec(text);
  return { eventsPerSec: positive(TOOL, '"events per second"', found?.[1]) };
}

/**
 * Reads `sysbench memory run` of sysbench 1.0: the line `20615.00 MiB transferred (20575.86 MiB/sec)`, and which way
 * (sysbench's src/tests/memory/sb_memory.c).
 * @throws OutputError that names what is missing
 */
export function parseSysbenchMemory(text: string): {
  readonly operation: 'read' | 'write';
  readonly bytesPerSec: number;
} {
  complete(text);
  const operation = /^ *operation: (\w+)$/m.exec(text)?.[1];
  if (operation !== 'read' && operation !== 'write')
    throw new OutputError(TOOL, 'does not say "operation: read" or "write"');
  const found = /^\S+ MiB transferred \((\S+) MiB\/sec\)$/m.exec(text);
  return { operation, bytesPerSec: positive(TOOL, '"MiB/sec"', found?.[1]) * MIB };
}

/** The statistics of threads are the last that it writes. */
function complete(text: string): void {
  if (text.trim() === '') throw new OutputError(TOOL, 'is empty');
  if (!/^ *execution time \(avg\/stddev\): .+\n/m.test(text)) {
    throw new OutputError(TOOL, 'has no "execution time", its last line: it was cut short or its run failed');
  }
}

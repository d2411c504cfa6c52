import type { Host } from '../../host/host.ts';
import type { Json } from '../../model/json.ts';
import { field } from './qmp.ts';
import type { Qmp } from './qmp.ts';
import type { Liveness } from './hang-detector.ts';

/** USER_HZ on every Linux that QEMU's Debian build runs on; /proc/<pid>/stat counts in it (proc(5)). */
const TICKS_PER_SEC = 100;

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function elements(value: Json): readonly Json[] {
  return isList(value) ? value : [];
}

function count(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

/** Fields 14 and 15 of /proc/<pid>/stat, user and system time; the command name before them may hold anything. */
export function cpuSecondsOf(procStat: string): number {
  const fields = procStat.slice(procStat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SEC;
}

/**
 * Second field of /proc/<tid>/schedstat (Documentation/scheduler/sched-stats.rst): nanoseconds that a thread was ready to run
 * and had no processor. Absent where the kernel does not count it, which reads as none.
 */
export function waitedSecondsOf(schedstat: string): number {
  return Number(schedstat.trim().split(' ')[1] ?? 0) / 1e9;
}

/** Reads what moves in the guest: disk requests (QMP) and the processor time QEMU has used or stood in line for (/proc). */
export async function sampleLiveness(host: Host, qmp: Qmp): Promise<Liveness> {
  const [blocks, cpus] = await Promise.all([qmp.execute('query-blockstats'), qmp.execute('query-cpus-fast')]);
  const diskOperations = elements(blocks)
    .map((device) => field(device, 'stats'))
    .map((stats) => count(field(stats, 'rd_operations')) + count(field(stats, 'wr_operations')))
    .reduce((sum, operations) => sum + operations, 0);
  // The thread's own /proc entry shows the whole process, and that is what is wanted: TCG may run both CPUs on one.
  const threads = [...new Set(elements(cpus).map((cpu) => count(field(cpu, 'thread-id'))))];
  const stat = await host.files.readText(`/proc/${String(threads[0] ?? 0)}/stat`);
  const waits = await Promise.all(
    threads.map((thread) => host.files.readText(`/proc/${String(thread)}/schedstat`).catch(() => '')),
  );
  const waitedSec = waits.map(waitedSecondsOf).reduce((sum, sec) => sum + sec, 0);
  return { diskOperations, cpuSec: cpuSecondsOf(stat) + waitedSec };
}

/** Where each processor is, from `info registers -a` (target/i386/cpu-dump.c): one sentence per processor. */
export function describeRegisters(infoRegisters: string): readonly string[] {
  const lines: string[] = [];
  let processor = '?';
  for (const line of infoRegisters.split('\n')) {
    processor = /^CPU#(\d+)/.exec(line)?.[1] ?? processor;
    const [, address, halted] = /^[ER]IP=([0-9a-f]+) .*HLT=(\d)/.exec(line) ?? [];
    if (address === undefined) continue;
    lines.push(`processor ${processor} ${halted === '1' ? 'is halted' : 'runs'} at ${address}`);
  }
  return lines;
}

/** What the virtual processors do at this moment, for the report of a hang. */
export async function describeProcessors(qmp: Qmp): Promise<readonly string[]> {
  const status = field(await qmp.execute('query-status'), 'status');
  const registers = await qmp.humanCommand('info registers -a');
  const state = typeof status === 'string' ? status : 'in an unknown state';
  return [`QEMU says the guest is ${state}`, ...describeRegisters(registers)];
}

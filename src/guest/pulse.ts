import type { Host } from '../host/host.ts';
import type { Json } from '../model/json.ts';
import { field } from './qmp.ts';
import type { Qmp } from './qmp.ts';
import type { Pulse } from './silence.ts';

/** USER_HZ on every Linux that QEMU's Debian build runs on; /proc/<pid>/stat counts in it (proc(5)). */
const TICKS_PER_SEC = 100;

function elements(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function count(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

/** Fields 14 and 15 of /proc/<pid>/stat, user and system time; the command name before them may hold anything. */
export function cpuSecondsOf(procStat: string): number {
  const fields = procStat.slice(procStat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SEC;
}

/** Reads what moves in the guest: disk requests (QMP) and QEMU's processor time (/proc). */
export async function takePulse(host: Host, qmp: Qmp): Promise<Pulse> {
  const [blocks, cpus] = await Promise.all([qmp.execute('query-blockstats'), qmp.execute('query-cpus-fast')]);
  const diskOperations = elements(blocks)
    .map((device) => field(device, 'stats'))
    .map((stats) => count(field(stats, 'rd_operations')) + count(field(stats, 'wr_operations')))
    .reduce((sum, operations) => sum + operations, 0);
  // The thread's own /proc entry shows the whole process, and that is what is wanted: TCG may run both CPUs on one.
  const thread = count(field(elements(cpus)[0], 'thread-id'));
  const stat = await host.files.readText(`/proc/${String(thread)}/stat`);
  return { diskOperations, cpuSec: cpuSecondsOf(stat) };
}

/** What the virtual processors do at this moment, for the report of a hang: running or halted, and where. */
export async function describeProcessors(qmp: Qmp): Promise<readonly string[]> {
  const status = await qmp.execute('query-status');
  const registers = await qmp.humanCommand('info registers -a');
  const sights = [...registers.matchAll(/^(?:CPU#(\d+)|[^\n]*RIP=([0-9a-f]+)[^\n]*?(?:HLT=(\d))?)\r?$/gm)];
  const lines: string[] = [`QEMU says the guest is ${String(field(status, 'status') ?? 'in an unknown state')}`];
  let cpu = '0';
  for (const [, number, instruction, halted] of sights) {
    if (number !== undefined) cpu = number;
    if (instruction !== undefined) {
      lines.push(`CPU ${cpu}: ${halted === '1' ? 'halted' : 'running'} at RIP ${instruction}`);
    }
  }
  return lines;
}

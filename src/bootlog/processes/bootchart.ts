import type { CpuSample, DiskSample, ProcessLog } from '../../model/boots/processes.ts';
import { addCpu, closeSpans, endSpan, gapWarnings, openSpan } from './spans.ts';
import type { OpenSpan } from './spans.ts';

/** bootchart's stamps and proc(5)'s clock ticks are hundredths of a second. */
const TICKS_A_SEC = 100;
const SECTOR_BYTES = 512;

/** The text files of a bootchart tarball, by name without folder. */
export type BootchartFiles = ReadonlyMap<string, string>;

interface Block {
  readonly atSec: number;
  readonly lines: readonly string[];
}

/** Whether a figure of the kernel was read whole: what is none in a damaged log is `NaN`, negative or beyond all counting. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * What every log consists of: a line with the uptime in hundredths of a second, what was read then, an empty line. The
 * uptime never goes back, so a block that is earlier than the one before it is damaged and left out.
 */
function blocksOf(text: string): readonly Block[] {
  let beforeSec = 0;
  return text.split(/\n{2,}/).flatMap((block) => {
    const [stamp = '', ...lines] = block.split('\n').filter((line) => line !== '');
    const atSec = Number(stamp) / TICKS_A_SEC;
    if (!/^\d{1,15}$/.test(stamp) || atSec < beforeSec) return [];
    beforeSec = atSec;
    return [{ atSec, lines }];
  });
}

/** A process as one sample shows it. */
interface Sighting {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  /** User and system time since its start. */
  readonly cpuSec: number;
  readonly isKernelThread: boolean;
  readonly isZombie: boolean;
  /** Absent in taskstats.log, which has no starts. */
  readonly startTick: number | undefined;
}

/** PF_KTHREAD (include/linux/sched.h). */
const KERNEL_THREAD = 0x00200000;

/** A line of /proc/<pid>/stat (proc(5)); the name may hold spaces and parentheses. */
function readStat(line: string): Sighting | undefined {
  const parts = /^(\d{1,10}) \((.*)\) (\S) (.+)$/.exec(line);
  if (parts === null) return undefined;
  const [, pid = '', name = '', state = '', rest = ''] = parts;
  // `rest` begins with field 4, ppid; 9 flags, 14 utime, 15 stime, 22 starttime.
  const fields = rest.split(' ').map(Number);
  const [ppid, flags, user, system, startTick] = [4, 9, 14, 15, 22].map((field) => fields[field - 4]);
  if (ppid === undefined || flags === undefined || user === undefined || system === undefined) return undefined;
  if (startTick === undefined || ![ppid, flags, user, system, startTick].every(isCount)) return undefined;
  return {
    pid: Number(pid),
    ppid,
    name,
    cpuSec: (user + system) / TICKS_A_SEC,
    isKernelThread: Math.floor(flags / KERNEL_THREAD) % 2 === 1,
    isZombie: state === 'Z',
    startTick,
  };
}

/** A line of bootchart2's taskstats.log: pid, ppid, name, then ns on the processor, waiting for disks, waiting for swap. */
function readTaskstats(line: string): Sighting | undefined {
  const parts = /^(\d{1,10}) (\d{1,10}) (.+) (\d{1,20}) (\d+) (\d+)$/.exec(line);
  if (parts === null) return undefined;
  const [, pid, ppid, name = '', cpuNs] = parts;
  if (![pid, ppid, cpuNs].map(Number).every(isCount)) return undefined;
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    name: name.replace(/^\((.*)\)$/, '$1'),
    cpuSec: Number(cpuNs) / 1e9,
    isKernelThread: Number(ppid) === 2 || Number(pid) === 2,
    isZombie: false,
    startTick: undefined,
  };
}

/** Follows processes from block to block. taskstats.log holds only those that did something, so absence ends nothing there. */
function followProcesses(blocks: readonly Block[], isTaskstats: boolean): readonly OpenSpan[] {
  const spans: OpenSpan[] = [];
  let alive = new Map<number, OpenSpan>();
  let beforeSec = 0;
  for (const { atSec, lines } of blocks) {
    const seen = new Map<number, OpenSpan>();
    for (const line of lines) {
      const sighting = isTaskstats ? readTaskstats(line) : readStat(line);
      if (sighting === undefined) continue;
      const { pid, ppid, startTick } = sighting;
      const known = alive.get(pid);
      let span = known?.startTick === startTick ? known : undefined;
      const isNew = span === undefined;
      if (span === undefined) {
        const startSec = startTick === undefined ? atSec : Math.min(atSec, startTick / TICKS_A_SEC);
        const startErrorSec = startTick === undefined ? Math.max(0, atSec - beforeSec) : 1 / TICKS_A_SEC;
        span = openSpan({ pid, ppid, startSec, startErrorSec });
        span.startTick = startTick;
        spans.push(span);
      }
      span.name = sighting.name;
      span.isKernelThread = sighting.isKernelThread;
      addCpu(span, sighting.cpuSec - span.cpuSec, isNew ? 0 : beforeSec, atSec);
      if (sighting.isZombie) endSpan(span, atSec, beforeSec);
      seen.set(pid, span);
    }
    if (isTaskstats) seen.forEach((span, pid) => alive.set(pid, span));
    else {
      for (const span of alive.values()) if (seen.get(span.pid) !== span) endSpan(span, atSec, beforeSec);
      alive = seen;
    }
    beforeSec = atSec;
  }
  return spans;
}

function cpuOf(blocks: readonly Block[]): readonly CpuSample[] {
  const samples: CpuSample[] = [];
  let before: { atSec: number; ticks: readonly number[] } = { atSec: 0, ticks: [] };
  for (const { atSec, lines } of blocks) {
    const line = lines.find((one) => one.startsWith('cpu '));
    if (line === undefined) continue;
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    if (!ticks.every(isCount)) continue;
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks.map(
      (value, index) => Math.max(0, value - (before.ticks[index] ?? 0)),
    );
    const all = user + nice + system + idle + iowait + irq + softirq + steal;
    if (all > 0) {
      const parts = { user: (user + nice) / all, system: (system + irq + softirq) / all, iowait: iowait / all };
      samples.push({ startSec: before.atSec, endSec: atSec, ...parts });
    }
    before = { atSec, ticks };
  }
  return samples;
}

/** Whole disks of /proc/diskstats: a partition's sectors are its disk's, too. */
function disksOf(blocks: readonly Block[]): readonly DiskSample[] {
  const samples: DiskSample[] = [];
  const before = new Map<string, { atSec: number; read: number; written: number; busyMs: number }>();
  for (const { atSec, lines } of blocks) {
    const rows = lines.map((line) => line.trim().split(/\s+/)).filter((row) => row.length >= 13);
    const names = rows.map((row) => row[2] ?? '');
    for (const row of rows) {
      const device = row[2] ?? '';
      const isPart = names.some(
        (name) => name !== device && device.startsWith(name) && /^p?\d+$/.test(device.slice(name.length)),
      );
      if (isPart || /^(loop|ram|zram)\d/.test(device)) continue;
      const now = { atSec, read: Number(row[5]), written: Number(row[9]), busyMs: Number(row[12]) };
      if (![now.read, now.written, now.busyMs].every(isCount)) continue;
      const last = before.get(device) ?? { atSec: 0, read: 0, written: 0, busyMs: 0 };
      before.set(device, now);
      const [read, written, busyMs] = [now.read - last.read, now.written - last.written, now.busyMs - last.busyMs];
      if (!(read >= 0 && written >= 0 && busyMs >= 0) || read + written + busyMs === 0 || atSec <= last.atSec) continue;
      samples.push({
        device,
        startSec: last.atSec,
        endSec: atSec,
        readBytes: read * SECTOR_BYTES,
        writeBytes: written * SECTOR_BYTES,
        busy: Math.min(1, busyMs / 1000 / (atSec - last.atSec)),
      });
    }
  }
  return samples;
}

/**
 * Reads the files of a bootchart or bootchart2 tarball: `proc_ps.log` or `taskstats.log`, `proc_stat.log`,
 * `proc_diskstats.log` (formats: bootchart2's collector/collector.c and pybootchartgui/parsing.py).
 *
 * @throws RangeError when neither process log is among them or neither holds a sample
 */
export function parseBootchart(files: BootchartFiles): ProcessLog {
  const blocks = (name: string): readonly Block[] => blocksOf(files.get(name) ?? '');
  const fromPs = blocks('proc_ps.log');
  const isTaskstats = fromPs.length === 0;
  const samples = isTaskstats ? blocks('taskstats.log') : fromPs;
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) {
    throw new RangeError('This tarball holds neither a proc_ps.log nor a taskstats.log with a sample in it');
  }
  return {
    source: 'bootchart2',
    clock: 'uptime',
    startSec: first.atSec,
    endSec: last.atSec,
    samples: samples.length,
    hasEvents: false,
    processes: closeSpans(followProcesses(samples, isTaskstats)),
    cpu: cpuOf(blocks('proc_stat.log')),
    disks: disksOf(blocks('proc_diskstats.log')),
    warnings: [
      ...(isTaskstats ? ['taskstats.log tells no ends, and starts only as first sightings.'] : []),
      ...(files.has('kernel_pacct')
        ? ['kernel_pacct was not read: its times are whole seconds of the wall clock.']
        : []),
      ...gapWarnings(samples.map(({ atSec }) => atSec)),
    ],
  };
}

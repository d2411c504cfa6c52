import type { CpuSample, DiskSample, ProcessLog } from '../../model/boots/processes.ts';
import { addCpu, closeSpans, endSpan, gapWarnings, openSpan } from './spans.ts';
import type { OpenSpan } from './spans.ts';

const SECTOR_BYTES = 512;
const HEAD = /^drydock-collector (\d+) hz (\d+) tick (\d{1,9}) cpus (\d+) pid (\d+) events ([01])$/;

/** Why a log ended, where that is before it was asked to; see src/initrd/collector/collector.c. */
const EARLY_ENDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    term: 'The collector was ended by a signal',
    time: 'The collector stopped at its limit of time',
    size: 'The collector stopped at its limit of size',
  }),
);

/** Whether the text begins as a log of drydock's collector does. */
export function isCollectorLog(text: string): boolean {
  return text.startsWith('drydock-collector ');
}

interface Reading {
  readonly tick: number;
  readonly spans: OpenSpan[];
  /** By pid: the last process that had it. */
  readonly byPid: Map<number, OpenSpan>;
  readonly stamps: number[];
  readonly cpu: CpuSample[];
  readonly disks: DiskSample[];
  /** Now, on the log's clock; the sample before this one; the last one that looked at kernel threads. */
  atSec: number;
  sampleSec: number;
  sampleBeforeSec: number;
  kernelLookSec: number;
  /** CLOCK_BOOTTIME less CLOCK_MONOTONIC. */
  suspendedSec: number;
  collectorCpuSec: number | undefined;
  end: string | undefined;
  lostEvents: number;
  tableFull: boolean;
  unread: number;
}

function begin(reading: Reading, span: OpenSpan): OpenSpan {
  reading.spans.push(span);
  reading.byPid.set(span.pid, span);
  return span;
}

/** When the process was seen last before now. */
function lookBefore(reading: Reading, span: OpenSpan): number {
  return span.isKernelThread ? reading.kernelLookSec : reading.sampleBeforeSec;
}

function readProcess(reading: Reading, fields: readonly number[], name: string): void {
  const [pid = 0, ppid = 0, startTick = 0, kernel = 0] = fields;
  const known = reading.byPid.get(pid);
  const isSame = known !== undefined && (known.startTick === undefined || known.startTick === startTick);
  if (known !== undefined && !isSame) endSpan(known, reading.atSec, lookBefore(reading, known));
  // A process that is older than the suspension started later than this difference says, never before the clock began.
  const startSec = Math.max(0, Math.min(reading.atSec, startTick / reading.tick - reading.suspendedSec));
  const span = isSame ? known : begin(reading, openSpan({ pid, ppid, startSec, startErrorSec: 1 / reading.tick }));
  span.startTick = startTick;
  span.name = name;
  span.isKernelThread = kernel === 1;
}

/** Parts of 1 of what all processors did (proc(5): user, nice, system, idle, iowait, irq, softirq, steal, in ticks). */
function readCpu(reading: Reading, ticks: readonly number[]): void {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks;
  const all = user + nice + system + idle + iowait + irq + softirq + steal;
  if (all === 0) return;
  reading.cpu.push({
    startSec: reading.stamps.length < 2 ? 0 : reading.sampleBeforeSec,
    endSec: reading.sampleSec,
    user: (user + nice) / all,
    system: (system + irq + softirq) / all,
    iowait: iowait / all,
  });
}

function readDisk(reading: Reading, [read = 0, written = 0, busyMs = 0]: readonly number[], device: string): void {
  const startSec = reading.stamps.length < 2 ? 0 : reading.sampleBeforeSec;
  const endSec = reading.sampleSec;
  reading.disks.push({
    device,
    startSec,
    endSec,
    readBytes: read * SECTOR_BYTES,
    writeBytes: written * SECTOR_BYTES,
    busy: endSec > startSec ? Math.min(1, busyMs / 1000 / (endSec - startSec)) : 0,
  });
}

/** Takes a stamp of an event, which may be read after a sample that it came before. */
function stampOf(reading: Reading, us: number): number {
  reading.atSec = Math.max(reading.atSec, us / 1e6);
  return us / 1e6;
}

function readFork(reading: Reading, atSec: number, pid: number, ppid: number): void {
  const known = reading.byPid.get(pid);
  // A sample may have seen it before its fork was read; its start is known to a tick then.
  if (known?.startTick !== undefined && known.endSec === undefined && known.startSec >= atSec - 2 / reading.tick) {
    known.startSec = atSec;
    known.startErrorSec = 0;
    return;
  }
  if (known !== undefined) endSpan(known, atSec, lookBefore(reading, known));
  begin(reading, openSpan({ pid, ppid, startSec: atSec, startErrorSec: 0 }));
}

function readState(reading: Reading, span: OpenSpan, state: string, ticks: number): void {
  const before = lookBefore(reading, span);
  // The first figure is everything since the start.
  const isFirst = span.cpuSec === 0 && span.lookedSec === span.startSec;
  addCpu(span, ticks / reading.tick, isFirst ? 0 : before, reading.atSec);
  if (state === 'Z') endSpan(span, reading.atSec, before);
}

interface RecordForm {
  /** How many whole numbers it begins with. */
  readonly numbers: number;
  /** `rest`: what stands after the numbers. `false`: it makes no sense here. */
  read(reading: Reading, numbers: readonly number[], rest: string): boolean;
}

/** A record about a process, by its pid. */
function aboutProcess(
  numbers: number,
  read: (reading: Reading, span: OpenSpan, numbers: readonly number[], rest: string) => void,
): RecordForm {
  return {
    numbers,
    read: (reading, fields, rest) => {
      const span = reading.byPid.get(fields[0] ?? 0);
      if (span !== undefined) read(reading, span, fields, rest);
      return span !== undefined;
    },
  };
}

function always(
  numbers: number,
  read: (reading: Reading, numbers: readonly number[], rest: string) => void,
): RecordForm {
  return {
    numbers,
    read: (reading, fields, rest) => {
      read(reading, fields, rest);
      return true;
    },
  };
}

/** The records by their letters, as the head of src/initrd/collector/collector.c has them. */
const RECORDS: ReadonlyMap<string, RecordForm> = new Map(
  Object.entries<RecordForm>({
    T: {
      numbers: 2,
      read: (reading, [monotonicUs = 0, boottimeUs = 0]) => {
        // No monotonic clock goes back.
        if (monotonicUs / 1e6 < reading.sampleSec) return false;
        reading.sampleBeforeSec = reading.stamps.length === 0 ? monotonicUs / 1e6 : reading.sampleSec;
        reading.sampleSec = stampOf(reading, monotonicUs);
        // The two clocks are read one after the other; what they differ by then is no suspension.
        const suspendedUs = boottimeUs - monotonicUs;
        reading.suspendedSec = suspendedUs < 100_000 ? 0 : suspendedUs / 1e6;
        reading.stamps.push(reading.sampleSec);
        return true;
      },
    },
    C: always(8, readCpu),
    D: always(3, readDisk),
    P: always(4, readProcess),
    S: aboutProcess(1, (reading, span, _, rest) => {
      const [state = '', ticks = ''] = rest.split(' ');
      readState(reading, span, state, /^\d{1,15}$/.test(ticks) ? Number(ticks) : 0);
    }),
    I: aboutProcess(3, (_reading, span, [, read = 0, written = 0]) => {
      span.readBytes = (span.readBytes ?? 0) + read;
      span.writeBytes = (span.writeBytes ?? 0) + written;
    }),
    G: aboutProcess(1, (reading, span) => {
      endSpan(span, reading.atSec, lookBefore(reading, span));
    }),
    f: always(3, (reading, [us = 0, pid = 0, ppid = 0]) => {
      readFork(reading, stampOf(reading, us), pid, ppid);
    }),
    e: always(2, (reading, [us = 0]) => {
      stampOf(reading, us);
    }),
    x: always(3, (reading, [us = 0, pid = 0]) => {
      const atSec = stampOf(reading, us);
      const span = reading.byPid.get(pid);
      if (span === undefined) return;
      span.endSec = Math.max(atSec, span.startSec);
      span.endErrorSec = 0;
    }),
    L: always(0, (reading) => {
      reading.lostEvents += 1;
    }),
    W: always(0, (reading) => {
      reading.tableFull = true;
    }),
    M: always(1, (reading, [us = 0]) => {
      stampOf(reading, us);
    }),
    A: always(3, (reading, [userUs = 0, systemUs = 0]) => {
      reading.collectorCpuSec = (userUs + systemUs) / 1e6;
      reading.kernelLookSec = reading.sampleSec;
    }),
    E: always(0, (reading, _, why) => {
      reading.end = why;
    }),
  }),
);

/** Whether the line was a record and could be read. */
function readRecord(reading: Reading, line: string): boolean {
  const words = line.split(' ');
  const form = RECORDS.get(words[0] ?? '');
  if (form === undefined) return false;
  const numbers = words.slice(1, 1 + form.numbers);
  if (numbers.length < form.numbers || !numbers.every((word) => /^\d{1,15}$/.test(word))) return false;
  return form.read(reading, numbers.map(Number), words.slice(1 + form.numbers).join(' '));
}

function warningsOf(reading: Reading): readonly string[] {
  const { end, sampleSec } = reading;
  const early = end === undefined ? undefined : EARLY_ENDS.get(end);
  return [
    ...(end === undefined
      ? [
          `The collector's log has no end: the collector was killed, or the log was read while it ran (last sample ${sampleSec.toFixed(2)} s).`,
        ]
      : []),
    ...(early === undefined ? [] : [`${early} at ${sampleSec.toFixed(2)} s; what came later was not seen.`]),
    ...(reading.lostEvents > 0
      ? [`The kernel dropped process events ${reading.lostEvents} times: short processes may be missing.`]
      : []),
    ...(reading.tableFull ? ["There were more processes than the collector's table holds; some are missing."] : []),
    ...(reading.unread > 0 ? [`${reading.unread} lines of the collector's log could not be read.`] : []),
    ...gapWarnings(reading.stamps),
  ];
}

/**
 * Reads a log of drydock's collector (format: the head of src/initrd/collector/collector.c). A log that is cut short is read as far
 * as it goes, and says so in its warnings.
 *
 * @throws RangeError when the text does not begin as such a log
 */
export function parseCollectorLog(text: string): ProcessLog {
  const lines = text.split('\n');
  const head = HEAD.exec(lines[0] ?? '');
  if (head === null || head[1] !== '1') throw new RangeError("This is not a log of drydock's collector, version 1");
  const reading: Reading = {
    tick: Math.max(1, Number(head[3])),
    spans: [],
    byPid: new Map(),
    stamps: [],
    cpu: [],
    disks: [],
    atSec: 0,
    sampleSec: 0,
    sampleBeforeSec: 0,
    kernelLookSec: 0,
    suspendedSec: 0,
    collectorCpuSec: undefined,
    end: undefined,
    lostEvents: 0,
    tableFull: false,
    unread: 0,
  };
  for (const line of lines.slice(1)) {
    if (line !== '' && !readRecord(reading, line)) reading.unread += 1;
  }
  return {
    source: 'drydock',
    clock: 'monotonic',
    startSec: reading.stamps[0] ?? 0,
    endSec: reading.sampleSec,
    samples: reading.stamps.length,
    hasEvents: head[6] === '1',
    processes: closeSpans(reading.spans),
    cpu: reading.cpu,
    disks: reading.disks,
    ...(reading.collectorCpuSec === undefined ? {} : { collectorCpuSec: reading.collectorCpuSec }),
    warnings: warningsOf(reading),
  };
}

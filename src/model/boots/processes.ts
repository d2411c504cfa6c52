/** A stretch in which a process used the processor: `cpuShare` 1 is one processor, all of the time. */
export interface ProcessActivity {
  readonly startSec: number;
  readonly endSec: number;
  readonly cpuShare: number;
}

/** One process of a boot, from the first to the last sign of it; seconds on its log's clock. */
export interface ProcessSpan {
  readonly pid: number;
  /** Who started it, as first seen: what has lost its parent belongs to process 1 later. */
  readonly ppid: number;
  /** The last name it had; a process that nobody saw by name has its parent's in brackets. */
  readonly name: string;
  readonly isKernelThread: boolean;
  readonly startSec: number;
  /** It may have started so much earlier, for want of an exact event. */
  readonly startErrorSec: number;
  /** Absent: it was there when the log ended. */
  readonly endSec?: number;
  /** It may have ended so much earlier: the time between two samples, 0 for an exact event. */
  readonly endErrorSec?: number;
  /** User and system time, as far as samples saw it. */
  readonly cpuSec: number;
  /**
   * From storage, not from the page cache; Linux counts what the children did that a process has waited for as its own,
   * so these do not add up. Absent where the log does not tell.
   */
  readonly readBytes?: number;
  readonly writeBytes?: number;
  readonly activity: readonly ProcessActivity[];
}

/** What all processors did between two samples, as parts of 1; the rest was idle. */
export interface CpuSample {
  readonly startSec: number;
  readonly endSec: number;
  readonly user: number;
  readonly system: number;
  readonly iowait: number;
}

export interface DiskSample {
  readonly device: string;
  readonly startSec: number;
  readonly endSec: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Part of the time in which a request was under way, 0 to 1. */
  readonly busy: number;
}

/** What a collector saw of a boot's processes. */
export interface ProcessLog {
  readonly source: 'drydock' | 'bootchart2' | 'systemd-bootchart';
  /** `monotonic`: CLOCK_MONOTONIC; `uptime`: /proc/uptime, which counts a suspended machine's time, too. Both near printk's. */
  readonly clock: 'monotonic' | 'uptime';
  /** First and last sample. */
  readonly startSec: number;
  readonly endSec: number;
  readonly samples: number;
  /** Whether starts and ends come from the kernel's own events rather than from samples. */
  readonly hasEvents: boolean;
  readonly processes: readonly ProcessSpan[];
  readonly cpu: readonly CpuSample[];
  readonly disks: readonly DiskSample[];
  /** Processor time that the looking itself has cost. */
  readonly collectorCpuSec?: number;
  /** What a reader must know: an early end, lost events, gaps. */
  readonly warnings: readonly string[];
}

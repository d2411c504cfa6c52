import type { Json } from './json.ts';
import type { Finding } from './finding.ts';
import type { Measurement, Score } from './verdicts/measure.ts';

/** What can be run in containers, in the order in which it is run and shown; density last, because it fills the machine. */
export const WORKLOAD_NAMES = [
  'package-install',
  'cpu',
  'memory',
  'disk',
  'network',
  'container-start',
  'density',
] as const;
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

/** A named instant of a workload: a container's start, a command's begin or end. */
export interface BenchEvent {
  /** Since the workload's begin, seconds on drydock's monotonic clock. */
  readonly atSec: number;
  readonly label: string;
  /** Role of the container it happened in; absent: the machine. */
  readonly container?: string;
}

/**
 * What one subject did in the second before `atSec`; rates are means over that second. `null`: not to be had on this kernel,
 * or not for this second; a point of `null`s alone is a gap, across which nothing is to be drawn.
 */
export interface SeriesPoint {
  /** Since the workload's begin, seconds on drydock's monotonic clock. */
  readonly atSec: number;
  /** Processors kept busy: 1 is one whole CPU, 2 both of two. */
  readonly cpus: number | null;
  /** Runnable tasks, 1-minute average (/proc/loadavg); machines only. */
  readonly load: number | null;
  readonly memoryBytes: number | null;
  readonly diskReadBytesPerSec: number | null;
  readonly diskWriteBytesPerSec: number | null;
  readonly networkReceiveBytesPerSec: number | null;
  readonly networkSendBytesPerSec: number | null;
}

/** One subject's samples, oldest first. */
export interface Series {
  /** `machine`, or the container's role in the workload: `fedora`, `ubuntu`, `docker-dd-agent`. */
  readonly subject: string;
  readonly points: readonly SeriesPoint[];
}

/** What looking cost the machine that was looked at. */
export interface SamplerCost {
  readonly samples: number;
  /** Processor time of the sampler, user and system, for each sample, seconds. */
  readonly cpuSecPerSample: number;
  /** The same as a share of one CPU over the time that was watched. */
  readonly cpuShare: number;
}

/** A workload that did not come to its end; a row, not the run's failure. */
export interface BenchFailure {
  readonly headline: string;
  readonly hint: string;
  readonly detail: readonly string[];
  /** File with the whole story, relative to the run's folder. */
  readonly logPath: string;
}

/** One workload, once, at one place. */
export interface WorkloadRun {
  readonly workload: WorkloadName;
  readonly status: 'done' | 'failed';
  /**
   * When it began, ISO 8601 in UTC, by the wall clock of drydock's machine: the instant from which events and series count.
   * Absent: not recorded; its series cannot be compared with those of other programs.
   */
  readonly startedAt?: string;
  readonly durationSec: number;
  /** One value a metric: the sample that this session gives. Empty for a failed run. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Single values behind a metric that is a median (each container's start). */
  readonly repeats?: Readonly<Record<string, readonly number[]>>;
  readonly events: readonly BenchEvent[];
  /** Kept for workloads that are watched for their own sake (package-install); others stand in the session's folder. */
  readonly series?: readonly Series[];
  readonly sampler?: SamplerCost;
  readonly warnings: readonly string[];
  readonly failure?: BenchFailure;
}

/** One place from its start (a boot, for a VM) to its end, with every workload that was asked for. */
export interface BenchSession {
  readonly order: number;
  /** 0-based; a round has one session at every place. */
  readonly round: number;
  /** `host`, or an arm's name. */
  readonly place: string;
  readonly kernelRelease: string;
  readonly dockerVersion: string;
  readonly storageDriver: string;
  readonly cgroupVersion: '1' | '2';
  /** Session id and boot id where the place was booted for it. */
  readonly bootId?: string;
  readonly runs: readonly WorkloadRun[];
}

/** A place that took part, or why it did not. */
export interface BenchPlace {
  /** `host`, or an arm's name. */
  readonly name: string;
  /** `host`: the physical machine. */
  readonly kind: 'host' | 'vm';
  readonly status: 'measured' | 'absent';
  /** How it was reached, or why it is absent: one sentence. */
  readonly why: string;
}

/** All that containers did in a run, as kept in `record.json`. */
export interface BenchRecord {
  readonly rounds: number;
  /** How long package-install was to be watched, where that was asked for; absent: as the profile says. */
  readonly minutes?: number;
  readonly workloads: readonly WorkloadName[];
  readonly places: readonly BenchPlace[];
  /** Image name → what it was made of, with digests and package versions. */
  readonly images: Readonly<Record<string, Json>>;
  readonly sessions: readonly BenchSession[];
  /** Samples by place, one per session. */
  readonly measurements: Readonly<Record<string, readonly Measurement[]>>;
  /** Candidate against baseline. */
  readonly scores: readonly Score[];
  /** Candidate and baseline against the host, where that is sound; empty under TCG for what the processor bounds. */
  readonly againstHost: readonly Score[];
  readonly findings: readonly Finding[];
}

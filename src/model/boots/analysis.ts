import type { BootPhase, CostlyStep, MarkerId } from './boot.ts';
import type { BootClock, InitcallReport, PresenceFinding } from './bootlog.ts';

/**
 * What `drydock analyze --json` prints: one object for one text. All times are seconds on the boot's own clock (see
 * `BootAnalysis.clock`), all lines are 1-based physical lines of the text. What a log does not hold is `null` or
 * `found: false`, never zero. A change that breaks readers changes `format`.
 */
export interface LogAnalysis {
  readonly format: 'drydock-analysis/1';
  /** The file as it was named, or `standard input`. */
  readonly source: string;
  readonly bootsInText: number;
  /** What holds for the text as a whole: several boots, a restarted clock. */
  readonly warnings: readonly string[];
  /** The boots that were asked for, in the order of the text. */
  readonly boots: readonly BootAnalysis[];
}

export interface BootAnalysis {
  /** 1-based position in the text. */
  readonly boot: number;
  /** From the `Linux version` line; `null` when that line is missing. */
  readonly kernelRelease: string | null;
  readonly clock: BootClock;
  /** Stamped lines of this boot, and the instants and line numbers of the first and the last of them. */
  readonly lines: number;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly startSec: number;
  readonly endSec: number;
  /** Overflow, dropped messages, odd clocks: to be read before the figures. */
  readonly warnings: readonly string[];
  /** Every marker that drydock knows, in the order in which a boot passes them. */
  readonly markers: readonly MarkerFinding[];
  readonly metrics: readonly MetricFinding[];
  /** The figures of the thesis's chapter 5, read from this boot the way the thesis read them. */
  readonly thesisReadings: readonly ThesisReading[];
  readonly phases: readonly BootPhase[];
  /** The costliest lines, largest cost first (table 4-1 of the thesis). */
  readonly hotList: readonly CostlyStep[];
  readonly startup: StartupFinding | null;
  readonly presence: readonly PresenceFinding[];
  /** `null` when the boot ran without `initcall_debug`. */
  readonly initcalls: InitcallReport | null;
}

export type MarkerFinding =
  | {
      readonly id: MarkerId;
      readonly found: true;
      readonly atSec: number;
      /** The line's cost: seconds since the line before it. */
      readonly deltaSec: number;
      readonly line: number;
      readonly text: string;
    }
  | { readonly id: MarkerId; readonly found: false };

/** One end of a metric: an instant and, unless it is the start of the clock, the line that tells it. */
export interface EndPoint {
  readonly what: string;
  readonly atSec: number;
  readonly line: number | null;
  readonly text: string | null;
}

export interface MetricFinding {
  readonly id: string;
  readonly title: string;
  readonly unit: 's';
  /** Both ends as the metric is defined. */
  readonly endPoints: string;
  readonly valueSec: number | null;
  /** Both ends as they stand in this log. */
  readonly from: EndPoint | null;
  readonly to: EndPoint | null;
  /** Why there is no value; `null` when there is one. */
  readonly why: string | null;
}

export interface ThesisReading {
  /** The metric's id in drydock; its own end points may differ from the thesis's. */
  readonly metric: string;
  /** How the line begins that the thesis read, and which column of it. */
  readonly wanted: string;
  readonly column: 'timestamp' | 'cost';
  readonly valueSec: number | null;
  readonly line: number | null;
}

/** systemd's own account of the boot, with the line it stands in. */
export interface StartupFinding {
  readonly line: number;
  readonly text: string;
  readonly spans: readonly {
    readonly name: 'firmware' | 'loader' | 'kernel' | 'initrd' | 'userspace';
    readonly sec: number;
  }[];
  readonly totalSec: number;
}

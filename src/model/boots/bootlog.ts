/** One kernel line of a boot log. */
export interface BootLine {
  /** 1-based physical line of the text that was parsed; a console line that held two printks yields two of these. */
  readonly line: number;
  /** Seconds on the boot's clock. */
  readonly atSec: number;
  /**
   * Seconds since the latest line before it on the same clock, 0 for the first. A line stamped earlier than that (another
   * CPU's clock, or one that was set back) costs 0 and does not move the reference. Text that already went through show_delta keeps its own column.
   */
  readonly deltaSec: number;
  /** Severity 0 (emerg) to 7 (debug), when the text carries it. */
  readonly level?: number;
  /** PRINTK_CALLER: `T<pid>` in task context, `C<cpu>` otherwise. */
  readonly caller?: string;
  /** Host seconds of a grabserial stamp before the line. */
  readonly hostSec?: number;
  readonly message: string;
  /** The whole physical line as it stood in the text, without its line end. */
  readonly raw: string;
}

/** Text that carries no stamp of the boot's clock: firmware, loader, shell, continuation lines. */
export interface OtherLine {
  readonly line: number;
  readonly text: string;
}

/**
 * Whose clock `atSec` is on: the kernel's printk stamps, a journal or syslog daemon's wall clock (seconds since the boot's
 * first line), or the host that stamped the serial line (grabserial).
 */
export type BootClock = 'printk' | 'journal' | 'host';

export interface Boot {
  /** 0-based position in the text. */
  readonly index: number;
  readonly clock: BootClock;
  readonly lines: readonly BootLine[];
  /** From the `Linux version` line; absent when that line is missing. */
  readonly kernelRelease?: string;
  /** What a reader must know before believing this boot's numbers: overflow, dropped messages, odd clocks. */
  readonly warnings: readonly string[];
}

export interface BootLog {
  readonly boots: readonly Boot[];
  readonly other: readonly OtherLine[];
  /** What holds for the text as a whole, e.g. several boots in it. */
  readonly warnings: readonly string[];
}

/** An initcall, an async function or a driver probe, timed by the kernel under `initcall_debug`. */
export interface InitcallSpan {
  readonly kind: 'initcall' | 'async' | 'probe';
  /** Symbol without its `+0x0/0x..`, or the device of a probe. */
  readonly name: string;
  readonly module?: string;
  readonly pid?: number;
  readonly startSec: number;
  readonly endSec: number;
  /** Real microseconds, corrected where the kernel divided by 1024. */
  readonly usecs: number;
  /** `usecs` less those of the spans directly inside it. */
  readonly selfUsecs: number;
  readonly returned: number;
  /** Index of the enclosing span in the same list; absent at the top. */
  readonly parent?: number;
  readonly depth: number;
  readonly line: number;
}

export interface InitcallReport {
  /** In the order in which they started. */
  readonly spans: readonly InitcallSpan[];
  /** Started but never returned: where a hanging boot stands. */
  readonly unfinished: readonly {
    readonly name: string;
    readonly pid: number;
    readonly atSec: number;
    readonly line: number;
  }[];
  /** True when the stated durations were divided by 1024 and have been corrected. */
  readonly corrected: boolean;
  readonly warnings: readonly string[];
}

/** Whether a subsystem spoke in a boot, and how often. */
export interface PresenceFinding {
  readonly id: string;
  readonly title: string;
  readonly lines: number;
  readonly first?: { readonly line: number; readonly atSec: number; readonly message: string };
}

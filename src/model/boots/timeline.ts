/**
 * Where a guest clock stands on the host's: host = `offsetSec` + `rate` × guest, host seconds counted from the start of
 * QEMU.
 *
 * `line`: offset and rate come from several console lines. `offset`: one line only, the rate is taken to be 1. `none`:
 * nothing stands on both clocks, or what does contradicts itself; `reason` says which.
 */
export type ClockFit =
  | {
      readonly basis: 'line' | 'offset';
      readonly offsetSec: number;
      readonly rate: number;
      /** No clock that agrees with all the evidence is further than this from the fit, at any instant of the boot. */
      readonly errorSec: number;
      /** Console lines that stand on both clocks. */
      readonly points: number;
      /** Lines that the guest printed because the host had asked, so that they bound the fit from below. */
      readonly exchanges: number;
      /** 95 % of the console lines arrived within this much of the fit: the transport's usual delay. */
      readonly delay95Sec: number;
    }
  | { readonly basis: 'none'; readonly points: number; readonly exchanges: number; readonly reason: string };

/** One instant that QEMU or drydock saw from outside the guest. */
export interface MachineEvent {
  /** `qemu-started`, `monitor-connected`, `first-console-byte`, or a QMP event's own name: at `RESUME` the guest begins. */
  readonly name: string;
  /** Host seconds since the start of QEMU. */
  readonly atSec: number;
  /** Who stamped it: drydock on its monotonic clock, or QEMU on the host's wall clock (mapped, good to about 1 ms). */
  readonly stampedBy: 'drydock' | 'qemu';
  /** Data of a QMP event as JSON text, when it had any. */
  readonly detail?: string;
}

/** How systemd's clock (CLOCK_MONOTONIC) relates to printk's: printk = monotonic + `offsetSec`. */
export interface SystemdClock {
  /** `measured`: both were read together in the guest. `assumed`: taken to be the same, which the kernel does not promise. */
  readonly basis: 'measured' | 'assumed';
  readonly offsetSec: number;
  /** Half the width of what the readings leave open; absent when nothing was measured. */
  readonly errorSec?: number;
}

export type TimelineLaneId = 'machine' | 'kernel' | 'initcalls' | 'userspace' | 'units' | 'docker';

/** A stretch of the boot, in host seconds since the start of QEMU. */
export interface TimelineSpan {
  readonly name: string;
  readonly startSec: number;
  readonly endSec: number;
  /** On the critical chain: the boot waited for it. Only units have it. */
  readonly critical?: boolean;
  /** Nesting below the top level; only initcalls have it. */
  readonly depth?: number;
  readonly detail?: string;
}

export interface TimelineLane {
  readonly id: TimelineLaneId;
  readonly title: string;
  readonly spans: readonly TimelineSpan[];
}

/** A named instant in host seconds since the start of QEMU. */
export interface TimelineInstant {
  readonly name: string;
  readonly atSec: number;
}

/** One boot on one axis; `timeline.json` of the boot's folder. */
export interface BootTimeline {
  readonly schema: 1;
  readonly arm: string;
  readonly order: number;
  /**
   * What the seconds count from. `qemu-start`: the host's clock since QEMU was started. `kernel-clock`: nothing placed the
   * guest on the host's clock, so the seconds are the guest's own.
   */
  readonly zero: 'qemu-start' | 'kernel-clock';
  /** The last instant that belongs to the boot. */
  readonly endSec: number;
  readonly fit: ClockFit;
  readonly systemdClock?: SystemdClock;
  readonly lanes: readonly TimelineLane[];
  readonly instants: readonly TimelineInstant[];
  readonly events: readonly MachineEvent[];
  /** What a reader must know before believing positions: sentences. */
  readonly notes: readonly string[];
}

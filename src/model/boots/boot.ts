/**
 * Instants of one boot that drydock looks for by content, in the order in which a boot passes them. Every marker names the line
 * it came from. A marker that is not in the log is absent from `BootMarkers`, never zero.
 */
export const MARKER_IDS = [
  'kernel-start', // first line the kernel printed ("Linux version")
  'initrd-unpack', // "Trying to unpack rootfs image as initramfs..." / "Unpacking initramfs..."
  'initrd-freed', // "Freeing initrd memory: ..."
  'initrd-mounted', // "VFS: Mounted root (ext2 filesystem) on device 1:0.": an old-style initrd, whose /linuxrc runs now
  'initrd-left', // "Trying to move old root to /initrd ...": that /linuxrc has ended, and the real root is mounted
  'initmem-freed', // first "Freeing unused kernel [image (initmem) ]memory: ..." = end of kernel init
  'init-exec', // "Run /init as init process" (first process: the initrd's, or the root's without one)
  'hand-over', // "drydock: hand-over": the initrd would mount the root now (boots on the virtual clock end here)
  'systemd-start', // first "systemd[1]:" line of the guest's own init ("systemd 252... running in system mode")
  'modules-begin', // "drydock: modules begin"
  'modules-end', // "drydock: modules end"
  'startup-finished', // "systemd[1]: Startup finished in ..."
  'docker0-up', // "drydock: docker0 up" (or the thesis's "IPv6: ADDRCONF(NETDEV_UP): docker0: ...")
  'ready', // "drydock: ready" (a container has run and docker0 is up)
] as const;
export type MarkerId = (typeof MARKER_IDS)[number];

export interface Marker {
  readonly id: MarkerId;
  /** Seconds on the guest's printk clock. */
  readonly atSec: number;
  /** The line's cost: seconds since the line before it on the same clock (scripts/show_delta's column). */
  readonly deltaSec: number;
  /** 1-based line number in the text that was parsed. */
  readonly line: number;
  readonly text: string;
}

export type BootMarkers = Readonly<Partial<Record<MarkerId, Marker>>>;

/** One line of the boot hot list (thesis table 4-1). */
export interface CostlyStep {
  readonly atSec: number;
  readonly deltaSec: number;
  readonly line: number;
  readonly message: string;
}

/** A stretch of the boot named by what happens in it; consecutive phases share an end. */
export interface BootPhase {
  readonly name: string;
  readonly startSec: number;
  readonly endSec: number;
}

/** What a boot on the virtual clock left behind. It ends at the hand-over: there is no Docker, no SSH and no boot id. */
export type VirtualBoot = Omit<BootSummary, 'bootId' | 'hostReadySec' | 'excluded' | 'repeated'>;
/** Where a boot's guest clock stands on the host's; the terms are those of `ClockFit` in model/timeline.ts. */
export interface HostClock {
  readonly offsetSec: number;
  readonly rate: number;
  readonly errorSec: number;
  readonly points: number;
  readonly exchanges: number;
  readonly delay95Sec: number;
}

/** How far a guest's time of day is from the host's, asked after the boot. */
export interface WallClock {
  /** Guest less host, in seconds. */
  readonly offsetSec: number;
  /** Half of the time from question to answer: `offsetSec` is no further off than this. */
  readonly errorSec: number;
}

/** A figure that was measured and does not count. */
export interface ExcludedFigure {
  readonly metric: string;
  /** As it was measured, in the metric's unit. */
  readonly value: number;
  /** What the guest's own clock says instead, host seconds; absent where the two clocks could not be compared. */
  readonly fittedSec?: number;
  /** A clause. */
  readonly reason: string;
}

/** What one measured boot left behind, as kept in the run record. */
export interface BootSummary {
  readonly arm: string;
  /** 0-based position in the interleaved order of the whole run. */
  readonly order: number;
  readonly kernelRelease: string;
  readonly bootId: string;
  /** Host monotonic seconds from the QEMU process start to the `ready` marker's arrival on the console. */
  readonly hostReadySec: number;
  /** Absent where nothing stood on both clocks, and in records older than this field. */
  readonly hostClock?: HostClock;
  /** Absent where the guest did not say, and in records older than this field. */
  readonly wallClock?: WallClock;
  readonly markers: BootMarkers;
  readonly phases: readonly BootPhase[];
  readonly costliest: readonly CostlyStep[];
  /** Values of the metrics this boot yields, by metric id; a metric whose marker was not found is absent. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Figures that this boot yielded and that do not count, because drydock or the machine stood still: not in `metrics`. */
  readonly excluded?: readonly ExcludedFigure[];
  /** The boot was made twice, and this is the second one: the figures that did not count in the first. */
  readonly repeated?: readonly ExcludedFigure[];
  /** Things the log showed that a reader must know: overflowed ring, clock restart, dropped messages. */
  readonly warnings: readonly string[];
}

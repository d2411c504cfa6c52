import { z } from 'zod';
import type { Immutable } from '../immutable.ts';

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

const markerIdSchema = z.enum(MARKER_IDS);
const markerSchema = z.strictObject({
  id: markerIdSchema.describe('its name'),
  atSec: z.number().describe("seconds on the guest's printk clock"),
  deltaSec: z
    .number()
    .describe(
      "the line's cost: seconds since the line before it on the same clock (as in the kernel's scripts/show_delta)",
    ),
  line: z.int().describe('1-based line number in the log'),
  text: z.string().describe('the line'),
});
export type Marker = Immutable<z.infer<typeof markerSchema>>;

const bootMarkersSchema = z.partialRecord(markerIdSchema, markerSchema);
export type BootMarkers = Immutable<z.infer<typeof bootMarkersSchema>>;

/** One line of the boot hot list (thesis table 4-1). */
const costlyStepSchema = z.strictObject({
  atSec: z.number().describe("seconds on the guest's printk clock"),
  deltaSec: z.number().describe('seconds since the line before it'),
  line: z.int().describe('1-based line number in the log'),
  message: z.string().describe('the line without its stamp'),
});
export type CostlyStep = Immutable<z.infer<typeof costlyStepSchema>>;

/** A stretch of the boot named by what happens in it; consecutive phases share an end. */
const bootPhaseSchema = z.strictObject({
  name: z.string().describe('what happens in it'),
  startSec: z.number().describe("seconds on the guest's printk clock"),
  endSec: z.number().describe("seconds on the guest's printk clock; the next phase starts there"),
});
export type BootPhase = Immutable<z.infer<typeof bootPhaseSchema>>;

const hostClockSchema = z
  .strictObject({
    offsetSec: z.number().describe('seconds from the start of QEMU to the start of the printk clock'),
    rate: z.number().describe('host seconds per guest second'),
    errorSec: z.number().describe('no clock that agrees with the evidence is further from this one'),
    points: z.int().describe('console lines on both clocks'),
    exchanges: z.int().describe("lines printed at the host's request"),
    delay95Sec: z.number().describe('19 of 20 console lines arrive at most this late'),
  })
  .describe(
    "the guest's printk clock on the host's: host = offset + rate × guest, since the start of QEMU; absent where no line " +
      'was on both clocks, and in older records',
  );
export type HostClock = Immutable<z.infer<typeof hostClockSchema>>;

const wallClockSchema = z
  .strictObject({
    offsetSec: z.number().describe('guest less host'),
    errorSec: z.number().describe('half of the time from question to answer: offsetSec is no further off than this'),
  })
  .describe(
    "the guest's time of day against the host's, read after the boot; absent where the guest did not answer, and in older records",
  );
export type WallClock = Immutable<z.infer<typeof wallClockSchema>>;

const excludedFigureSchema = z.strictObject({
  metric: z.string().describe('its metric'),
  value: z.number().describe("as it was measured, in the metric's unit"),
  fittedSec: z
    .exactOptional(z.number())
    .describe("host seconds by the guest's own clock; absent where the two clocks could not be compared"),
  reason: z.string().describe('a clause'),
});
/** A figure that was measured and does not count. */
export type ExcludedFigure = Immutable<z.infer<typeof excludedFigureSchema>>;

/** What one measured boot left behind, as kept in the journal and in the run record. */
export const bootSummarySchema = z.strictObject({
  arm: z.string().describe('the arm that was booted'),
  order: z.int().describe('0-based position in the interleaved order of the whole run'),
  kernelRelease: z.string().describe('`uname -r`'),
  bootId: z.string().describe('`/proc/sys/kernel/random/boot_id`'),
  hostReadySec: z
    .number()
    .describe('host monotonic seconds from the start of QEMU to the arrival of `drydock: ready` on the console'),
  hostClock: z.exactOptional(hostClockSchema),
  wallClock: z.exactOptional(wallClockSchema),
  markers: bootMarkersSchema.describe('named instants of the boot; one that is not in the log is absent'),
  phases: z.array(bootPhaseSchema).describe('the boot, divided by what happens in it'),
  costliest: z.array(costlyStepSchema).describe('the log lines that cost most time'),
  metrics: z
    .record(z.string(), z.number())
    .describe('metric id → value; a metric whose marker is not in the log is absent'),
  excluded: z
    .exactOptional(z.array(excludedFigureSchema))
    .describe('measured but not in `metrics`, because drydock or the machine stood still'),
  repeated: z
    .exactOptional(z.array(excludedFigureSchema))
    .describe('this is the second attempt; the figures that did not count in the first'),
  warnings: z
    .array(z.string())
    .describe('what a reader of the log must know: overflowed ring buffer, clock restart, dropped messages'),
});
export type BootSummary = Immutable<z.infer<typeof bootSummarySchema>>;

/** What a boot on the virtual clock left behind. It ends at the hand-over: there is no Docker, no SSH and no boot id. */
export const virtualBootSchema = bootSummarySchema.omit({
  bootId: true,
  hostReadySec: true,
  excluded: true,
  repeated: true,
});
export type VirtualBoot = Immutable<z.infer<typeof virtualBootSchema>>;

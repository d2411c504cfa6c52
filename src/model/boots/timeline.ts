import { z } from 'zod';
import type { Immutable } from '../immutable.ts';

const clockFitSchema = z.union([
  z.strictObject({
    basis: z.enum(['line', 'offset']),
    offsetSec: z.number(),
    rate: z.number(),
    /** No clock that agrees with all the evidence is further than this from the fit, at any instant of the boot. */
    errorSec: z.number(),
    /** Console lines that stand on both clocks. */
    points: z.int(),
    /** Lines that the guest printed because the host had asked, so that they bound the fit from below. */
    exchanges: z.int(),
    /** 95 % of the console lines arrived within this much of the fit: the transport's usual delay. */
    delay95Sec: z.number(),
  }),
  z.strictObject({ basis: z.literal('none'), points: z.int(), exchanges: z.int(), reason: z.string() }),
]);
/**
 * Where a guest clock stands on the host's: host = `offsetSec` + `rate` × guest, host seconds counted from the start of
 * QEMU.
 *
 * `line`: offset and rate come from several console lines. `offset`: one line only, the rate is taken to be 1. `none`:
 * nothing stands on both clocks, or what does contradicts itself; `reason` says which.
 */
export type ClockFit = Immutable<z.infer<typeof clockFitSchema>>;

const machineEventSchema = z.strictObject({
  /** `qemu-started`, `monitor-connected`, `first-console-byte`, or a QMP event's own name: at `RESUME` the guest begins. */
  name: z.string(),
  /** Host seconds since the start of QEMU. */
  atSec: z.number(),
  /** Who stamped it: drydock on its monotonic clock, or QEMU on the host's wall clock (mapped, good to about 1 ms). */
  stampedBy: z.enum(['drydock', 'qemu']),
  /** Data of a QMP event as JSON text, when it had any. */
  detail: z.exactOptional(z.string()),
});
/** One instant that QEMU or drydock saw from outside the guest. */
export type MachineEvent = Immutable<z.infer<typeof machineEventSchema>>;

const systemdClockSchema = z.strictObject({
  /** `measured`: both were read together in the guest. `assumed`: taken to be the same, which the kernel does not promise. */
  basis: z.enum(['measured', 'assumed']),
  offsetSec: z.number(),
  /** Half the width of what the readings leave open; absent when nothing was measured. */
  errorSec: z.exactOptional(z.number()),
});
/** How systemd's clock (CLOCK_MONOTONIC) relates to printk's: printk = monotonic + `offsetSec`. */
export type SystemdClock = Immutable<z.infer<typeof systemdClockSchema>>;

const spanSchema = z.strictObject({
  name: z.string(),
  startSec: z.number(),
  endSec: z.number(),
  /** On the critical chain: the boot waited for it. Only units have it. */
  critical: z.exactOptional(z.boolean()),
  /** Nesting below the top level; only initcalls have it. */
  depth: z.exactOptional(z.int()),
  detail: z.exactOptional(z.string()),
});
/** A stretch of the boot, in host seconds since the start of QEMU. */
export type TimelineSpan = Immutable<z.infer<typeof spanSchema>>;

const laneSchema = z.strictObject({
  id: z.enum(['machine', 'kernel', 'initcalls', 'userspace', 'units', 'docker']),
  title: z.string(),
  spans: z.array(spanSchema),
});
export type TimelineLane = Immutable<z.infer<typeof laneSchema>>;
export type TimelineLaneId = TimelineLane['id'];

const instantSchema = z.strictObject({ name: z.string(), atSec: z.number() });
/** A named instant in host seconds since the start of QEMU. */
export type TimelineInstant = Immutable<z.infer<typeof instantSchema>>;

/** `timeline.json` of a boot's folder. */
export const timelineSchema = z.strictObject({
  schema: z.literal(1),
  arm: z.string(),
  order: z.int(),
  /**
   * What the seconds count from. `qemu-start`: the host's clock since QEMU was started. `kernel-clock`: nothing placed the
   * guest on the host's clock, so the seconds are the guest's own.
   */
  zero: z.enum(['qemu-start', 'kernel-clock']),
  /** The last instant that belongs to the boot. */
  endSec: z.number(),
  fit: clockFitSchema,
  systemdClock: z.exactOptional(systemdClockSchema),
  lanes: z.array(laneSchema),
  instants: z.array(instantSchema),
  events: z.array(machineEventSchema),
  /** What a reader must know before believing positions: sentences. */
  notes: z.array(z.string()),
});
/** One boot on one axis. */
export type BootTimeline = Immutable<z.infer<typeof timelineSchema>>;

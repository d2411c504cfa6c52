import { z } from 'zod';
import type { BootTimeline } from '../model/boots/timeline.ts';

const seconds = z.number();

const fit = z.union([
  z.strictObject({
    basis: z.enum(['line', 'offset']),
    offsetSec: seconds,
    rate: z.number(),
    errorSec: seconds,
    points: z.int(),
    exchanges: z.int(),
    delay95Sec: seconds,
  }),
  z.strictObject({ basis: z.literal('none'), points: z.int(), exchanges: z.int(), reason: z.string() }),
]);

const span = z.strictObject({
  name: z.string(),
  startSec: seconds,
  endSec: seconds,
  critical: z.exactOptional(z.boolean()),
  depth: z.exactOptional(z.int()),
  detail: z.exactOptional(z.string()),
});

/** `timeline.json` of a boot's folder. */
export const timelineSchema: z.ZodType<BootTimeline> = z.strictObject({
  schema: z.literal(1),
  arm: z.string(),
  order: z.int(),
  zero: z.enum(['qemu-start', 'kernel-clock']),
  endSec: seconds,
  fit,
  systemdClock: z.exactOptional(
    z.strictObject({
      basis: z.enum(['measured', 'assumed']),
      offsetSec: seconds,
      errorSec: z.exactOptional(seconds),
    }),
  ),
  lanes: z.array(
    z.strictObject({
      id: z.enum(['machine', 'kernel', 'initcalls', 'userspace', 'units', 'docker']),
      title: z.string(),
      spans: z.array(span),
    }),
  ),
  instants: z.array(z.strictObject({ name: z.string(), atSec: seconds })),
  events: z.array(
    z.strictObject({
      name: z.string(),
      atSec: seconds,
      stampedBy: z.enum(['drydock', 'qemu']),
      detail: z.exactOptional(z.string()),
    }),
  ),
  notes: z.array(z.string()),
});

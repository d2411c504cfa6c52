import { z } from 'zod';
import type { BootMarkers, BootSummary } from '../model/boot.ts';
import type { RunRecord } from '../model/record.ts';

const marker = z.strictObject({
  id: z.enum([
    'kernel-start',
    'initrd-unpack',
    'initrd-freed',
    'initmem-freed',
    'init-exec',
    'systemd-start',
    'startup-finished',
    'modules-begin',
    'modules-end',
    'docker0-up',
    'ready',
  ]),
  atSec: z.number().describe("seconds on the guest's printk clock"),
  deltaSec: z.number().describe('seconds since the line before it'),
  line: z.int(),
  text: z.string(),
});

const bootSchema = z.strictObject({
  arm: z.string(),
  order: z.int(),
  kernelRelease: z.string(),
  bootId: z.string(),
  hostReadySec: z.number().describe('host monotonic seconds from the start of QEMU to `drydock: ready` on the console'),
  markers: z.partialRecord(marker.shape.id, marker) satisfies z.ZodType<BootMarkers>,
  phases: z.array(z.strictObject({ name: z.string(), startSec: z.number(), endSec: z.number() })),
  costliest: z.array(z.strictObject({ atSec: z.number(), deltaSec: z.number(), line: z.int(), message: z.string() })),
  metrics: z.record(z.string(), z.number()),
  warnings: z.array(z.string()),
});

/** One measured boot, as a journal and a record keep it. */
export const bootSummarySchema: z.ZodType<BootSummary> = bootSchema;

const unit = z.enum(['s', 'bytes']);
const armSamples = z.strictObject({ arm: z.string(), median: z.number(), samples: z.array(z.number()) });
const thesis = z.strictObject({ before: z.number(), after: z.number(), ratio: z.number(), endPoints: z.string() });
const score = z.strictObject({
  metric: z.string(),
  unit,
  baseline: armSamples,
  candidate: armSamples,
  ratio: z.number().describe('baseline median over candidate median'),
  ci95: z.tuple([z.number(), z.number()]),
  p: z.number().nullable().describe('two-sided permutation p; null for exact quantities'),
  verdict: z.enum(['better', 'worse', 'same', 'undecided', 'incomparable']),
  reason: z.string(),
  endPoints: z.string(),
  thesis: z.exactOptional(thesis),
});

const docker = z.strictObject({
  command: z.array(z.string()),
  exitCode: z.int(),
  stdout: z.string(),
  network: z.literal('bridge'),
  serverVersion: z.string(),
  storageDriver: z.string(),
  cgroupVersion: z.string(),
});

const configCheck = z.strictObject({
  rows: z.array(
    z.strictObject({
      section: z.enum(['necessary', 'optional', 'network', 'storage']),
      symbol: z.string(),
      value: z.enum(['enabled', 'module', 'missing']),
    }),
  ),
  disagreements: z.array(z.string()),
  missingNecessary: z.array(z.string()),
});

const arm = z.strictObject({
  name: z.string(),
  role: z.enum(['baseline', 'candidate']),
  kernelRelease: z.string(),
  kernelOrigin: z.string(),
  initrd: z.enum(['stock', 'busybox', 'none']),
  cmdline: z.string(),
  kernelSizeBytes: z.int(),
  initrdSizeBytes: z.int(),
  kernelSha256: z.string(),
  configSymbols: z.exactOptional(z.strictObject({ builtIn: z.int(), modules: z.int() })),
  patchProof: z.exactOptional(z.array(z.string())),
  docker: z.exactOptional(docker),
  configCheck: z.exactOptional(configCheck),
  reboot: z.exactOptional(
    z.strictObject({ bootIdBefore: z.string(), bootIdAfter: z.string(), unameRelease: z.string() }),
  ),
});

/** `record.json`; published as `docs/record.schema.json`. */
export const recordSchema: z.ZodType<RunRecord> = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  drydockVersion: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  profile: z.strictObject({ name: z.string(), description: z.string(), sha256: z.string() }),
  guest: z.strictObject({
    name: z.string(),
    reason: z.string(),
    imageSha256: z.string(),
    packages: z.record(z.string(), z.string()),
  }),
  environment: z.strictObject({
    accelerator: z.enum(['kvm', 'tcg']),
    acceleratorReason: z.string(),
    cpuModel: z.string(),
    cpuCount: z.int(),
    hostKernel: z.string(),
    hostOs: z.string(),
    qemuVersion: z.string(),
    guest: z.string(),
    guestCpus: z.int(),
    guestMemoryMb: z.int(),
  }),
  bootsPerArm: z.int(),
  bootOrder: z.array(z.string()),
  arms: z.array(arm),
  boots: z.array(bootSchema),
  measurements: z.record(
    z.string(),
    z.array(
      z.strictObject({
        metric: z.string(),
        unit,
        better: z.enum(['lower', 'higher']),
        clock: z.enum(['wall', 'virtual', 'none']),
        samples: z.array(z.number()),
      }),
    ),
  ),
  scores: z.array(score),
  stages: z.array(
    z.strictObject({
      name: z.string(),
      arm: z.exactOptional(z.string()),
      cached: z.boolean(),
      durationMs: z.number(),
      fingerprint: z.string(),
    }),
  ),
  findings: z.array(z.strictObject({ level: z.enum(['info', 'warning']), message: z.string() })),
  time: z.strictObject({ totalSec: z.number(), bootsSec: z.number(), outsideSec: z.number() }),
});

/** JSON Schema (draft 2020-12) of `record.json`. */
export function recordJsonSchema(): unknown {
  return z.toJSONSchema(recordSchema);
}

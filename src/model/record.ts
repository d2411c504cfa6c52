import { z } from 'zod';
import { benchRecordSchema } from './bench.ts';
import { bootSummarySchema, virtualBootSchema } from './boots/boot.ts';
import { environmentSchema } from './environment.ts';
import { findingSchema } from './finding.ts';
import type { Immutable } from './immutable.ts';
import { ablationSchema } from './verdicts/ablation.ts';
import { calibrationSchema } from './verdicts/calibration.ts';
import { measurementSchema, scoreSchema } from './verdicts/measure.ts';
import { stoppingRecordSchema } from './verdicts/stopping.ts';

/** The sections of `check-config.sh`, in its order. */
export const REQUIREMENT_SECTIONS = ['necessary', 'optional', 'network', 'storage'] as const;

const requirementRowSchema = z.strictObject({
  section: z.enum(REQUIREMENT_SECTIONS),
  symbol: z.string(),
  value: z.enum(['enabled', 'module', 'missing']),
});
/** One requirement of Docker's `check-config.sh`, judged on a built `.config`. */
export type RequirementRow = Immutable<z.infer<typeof requirementRowSchema>>;

export const dockerProofSchema = z
  .strictObject({
    command: z.array(z.string()),
    exitCode: z.int(),
    stdout: z
      .string()
      .describe(
        "what the container printed: its own eth0 address, default route and the answer of the bridge's gateway",
      ),
    network: z.literal('bridge'),
    serverVersion: z.string(),
    storageDriver: z.string(),
    cgroupVersion: z.string(),
  })
  .describe("what shows that Docker works on this kernel: the container's own output, not an exit code alone");
export type DockerProof = Immutable<z.infer<typeof dockerProofSchema>>;

export const configCheckSchema = z
  .strictObject({
    rows: z.array(requirementRowSchema),
    disagreements: z
      .array(z.string())
      .describe('symbols on which the two disagree; empty when they agree line by line'),
    missingNecessary: z.array(z.string()).describe('generally necessary symbols that are missing'),
  })
  .describe("check-config.sh of the guest's docker.io package and drydock's own check, on the same configuration");
export type ConfigCheck = Immutable<z.infer<typeof configCheckSchema>>;

const buildRecordSchema = z
  .strictObject({
    where: z.enum(['host', 'guest']),
    compiler: z.string().describe('e.g. `gcc 12.2.0`; in a guest the first line of `gcc --version`'),
    reason: z.string(),
  })
  .describe(
    'where and with what the kernel was built; absent for a kernel that was not built here, and in older records',
  );
export type BuildRecord = Immutable<z.infer<typeof buildRecordSchema>>;

export const rebootProofSchema = z
  .strictObject({ bootIdBefore: z.string(), bootIdAfter: z.string(), unameRelease: z.string() })
  .describe('proof of the reboot into this kernel: boot ids before and after, and `uname -r` after');

const armRecordSchema = z.strictObject({
  name: z.string(),
  role: z
    .enum(['baseline', 'candidate', 'variant'])
    .describe('`variant`: measured with the pair and not scored, a cell of an ablation'),
  kernelRelease: z.string(),
  kernelOrigin: z
    .string()
    .describe('e.g. `linux-image-6.1.0-49-amd64 6.1.176-1` or `linux-source-6.1 6.1.176-1 + docker-min fragments`'),
  build: z.exactOptional(buildRecordSchema),
  initrd: z.enum(['stock', 'stock-busybox', 'distribution', 'busybox', 'busybox-image', 'none']),
  cmdline: z.string(),
  kernelSizeBytes: z.int(),
  initrdSizeBytes: z.int(),
  kernelSha256: z.string(),
  configSymbols: z.exactOptional(z.strictObject({ builtIn: z.int(), modules: z.int() })),
  patchProof: z
    .exactOptional(z.array(z.string()))
    .describe("what shows that the profile's kernel patch is in the machine code, one sentence per witness"),
  docker: z.exactOptional(dockerProofSchema),
  configCheck: z.exactOptional(configCheckSchema),
  reboot: z.exactOptional(rebootProofSchema),
});
export type ArmRecord = Immutable<z.infer<typeof armRecordSchema>>;

const keptKernelRecordSchema = z
  .strictObject({
    arm: z.string(),
    disk: z.string().describe("file in the run's folder, a qcow2"),
    sha256: z.string(),
    reboot: rebootProofSchema,
  })
  .describe("the disk that boots an arm's kernel by itself, and the boot that proved it; absent: none was requested");
export type KeptKernelRecord = Immutable<z.infer<typeof keptKernelRecordSchema>>;

const stageRecordSchema = z.strictObject({
  name: z.string(),
  arm: z.exactOptional(z.string()),
  cached: z.boolean(),
  durationMs: z.number(),
  fingerprint: z.string(),
});
export type StageRecord = Immutable<z.infer<typeof stageRecordSchema>>;

/** The whole run as kept in `results/<run-id>/record.json`; published as `docs/record.schema.json`. */
export const recordSchema = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  drydockVersion: z.string(),
  startedAt: z.string().describe('ISO 8601, UTC'),
  finishedAt: z.string(),
  profile: z.strictObject({ name: z.string(), description: z.string(), sha256: z.string() }),
  guest: z.strictObject({
    name: z.string(),
    reason: z.string().describe('why this guest'),
    imageSha256: z.string(),
    packages: z.record(z.string(), z.string()).describe('package → version'),
  }),
  environment: environmentSchema,
  keptKernel: z.exactOptional(keptKernelRecordSchema),
  flags: z
    .exactOptional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])))
    .describe('flags that the command which repeats the run has as they were given; absent: none, or an older record'),
  bootsPerArm: z.int(),
  stopping: z.exactOptional(stoppingRecordSchema).describe('only for runs that boot until their intervals decide'),
  bootOrder: z
    .array(z.string())
    .describe('arm names in the order the boots ran, e.g. stock, docker-min, docker-min, stock'),
  arms: z.array(armRecordSchema),
  boots: z.array(bootSummarySchema),
  virtualBoots: z
    .exactOptional(z.array(virtualBootSchema))
    .describe('boots on the virtual clock; absent when there were none. Their metrics have ids of their own'),
  measurements: z.record(z.string(), z.array(measurementSchema)).describe('arm → its samples'),
  scores: z.array(scoreSchema),
  ablation: z.exactOptional(ablationSchema),
  calibration: z.exactOptional(calibrationSchema),
  bench: z.exactOptional(benchRecordSchema).describe('what containers did; absent where no workload was requested'),
  stages: z.array(stageRecordSchema),
  findings: z.array(findingSchema),
  time: z
    .strictObject({
      totalSec: z.number(),
      bootsSec: z.number(),
      benchesSec: z.exactOptional(z.number()),
      outsideSec: z.number().describe("drydock's own cost and uncached stages"),
    })
    .describe('seconds of this run spent in boots, in sessions of container work, and outside both'),
});
export type RunRecord = Immutable<z.infer<typeof recordSchema>>;

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
  section: z.enum(REQUIREMENT_SECTIONS).describe('heading of check-config.sh'),
  symbol: z.string().describe('without CONFIG_'),
  value: z.enum(['enabled', 'module', 'missing']).describe('what the configuration says'),
});
/** One requirement of Docker's `check-config.sh`, judged on a built `.config`. */
export type RequirementRow = Immutable<z.infer<typeof requirementRowSchema>>;

export const dockerProofSchema = z
  .strictObject({
    command: z.array(z.string()).describe('what ran in the guest'),
    exitCode: z.int().describe('its exit code'),
    stdout: z
      .string()
      .describe(
        "what the container printed: its own eth0 address, default route and the answer of the bridge's gateway",
      ),
    network: z.literal('bridge').describe("Docker's network that the container was on"),
    serverVersion: z.string().describe('version of dockerd'),
    storageDriver: z.string().describe('such as `overlay2`'),
    cgroupVersion: z.string().describe('`1` or `2`'),
  })
  .describe("what shows that Docker works on this kernel: the container's own output, not an exit code alone");
export type DockerProof = Immutable<z.infer<typeof dockerProofSchema>>;

export const configCheckSchema = z
  .strictObject({
    rows: z.array(requirementRowSchema).describe('one per symbol'),
    disagreements: z
      .array(z.string())
      .describe('symbols on which the two disagree; empty when they agree line by line'),
    missingNecessary: z.array(z.string()).describe('generally necessary symbols that are missing'),
    notCompared: z
      .exactOptional(z.string())
      .describe(
        "why the guest's check-config.sh was not run, so that nothing is known of disagreements; absent: it was run",
      ),
  })
  .describe("check-config.sh of the guest's docker.io package and drydock's own check, on the same configuration");
export type ConfigCheck = Immutable<z.infer<typeof configCheckSchema>>;

const buildRecordSchema = z
  .strictObject({
    where: z.enum(['host', 'guest']).describe('the machine that compiled it'),
    compiler: z.string().describe('e.g. `gcc 12.2.0`; in a guest the first line of `gcc --version`'),
    reason: z.string().describe('why there'),
  })
  .describe(
    'where and with what the kernel was built; absent for a kernel that was not built here, and in older records',
  );
export type BuildRecord = Immutable<z.infer<typeof buildRecordSchema>>;

export const rebootProofSchema = z
  .strictObject({
    bootIdBefore: z.string().describe('boot id before the reboot'),
    bootIdAfter: z.string().describe('boot id after it; it differs'),
    unameRelease: z.string().describe('`uname -r` after it'),
  })
  .describe('proof of the reboot into this kernel: boot ids before and after, and `uname -r` after');

const armRecordSchema = z.strictObject({
  name: z.string().describe('as in the profile'),
  role: z
    .enum(['baseline', 'candidate', 'variant'])
    .describe('`variant`: measured with the pair and not scored, a cell of an ablation'),
  kernelRelease: z.string().describe('`uname -r`'),
  kernelOrigin: z
    .string()
    .describe('e.g. `linux-image-6.1.0-49-amd64 6.1.176-1` or `linux-source-6.1 6.1.176-1 + docker-min fragments`'),
  build: z.exactOptional(buildRecordSchema),
  initrd: z
    .enum(['stock', 'stock-busybox', 'distribution', 'busybox', 'busybox-image', 'none'])
    .describe('what it boots with, as in the profile'),
  cmdline: z.string().describe('whole kernel command line of the measured boots'),
  kernelSizeBytes: z.int().describe('size of the file that QEMU loads'),
  initrdSizeBytes: z.int().describe('size of the file that QEMU loads; 0 without an initrd'),
  kernelSha256: z.string().describe('digest of the kernel image'),
  configSymbols: z
    .exactOptional(
      z.strictObject({
        builtIn: z.int().describe('symbols that are `y`'),
        modules: z.int().describe('symbols that are `m`'),
      }),
    )
    .describe('symbols of the final configuration'),
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
    arm: z.string().describe('the arm whose kernel is the default of the disk'),
    disk: z.string().describe("file in the run's folder, a qcow2"),
    sha256: z.string().describe('digest of the disk'),
    reboot: rebootProofSchema,
  })
  .describe("the disk that boots an arm's kernel by itself, and the boot that proved it; absent: none was requested");
export type KeptKernelRecord = Immutable<z.infer<typeof keptKernelRecordSchema>>;

const stageRecordSchema = z.strictObject({
  name: z.string().describe('such as `build`'),
  arm: z.exactOptional(z.string()).describe('the arm it was for; absent: for all'),
  cached: z.boolean().describe('its result came from the cache'),
  durationMs: z.number().describe('how long it took in this run'),
  fingerprint: z.string().describe('digest of everything that goes into it; its key in the cache'),
});
export type StageRecord = Immutable<z.infer<typeof stageRecordSchema>>;

/** The whole run as kept in `results/<run-id>/record.json`; published as `docs/record.schema.json`. */
export const recordSchema = z.strictObject({
  schema: z.literal(1).describe('version of this format'),
  id: z.string().describe("the run's id, the name of its folder"),
  drydockVersion: z.string().describe('version of drydock that made the run'),
  startedAt: z.string().describe('ISO 8601, UTC'),
  finishedAt: z.string().describe('ISO 8601, UTC'),
  profile: z
    .strictObject({
      name: z.string().describe('its name'),
      description: z.string().describe('its description'),
      sha256: z.string().describe('digest of its text'),
      path: z.exactOptional(z.string()).describe('where it was read; absent: in pipelines/, or an older record'),
    })
    .describe('the profile as it was run'),
  guest: z
    .strictObject({
      name: z.string().describe('name of its definition, or its path where it was given as a file'),
      reason: z.string().describe('why this guest'),
      imageSha256: z.string().describe('digest of its image'),
      packages: z.record(z.string(), z.string()).describe('package → version'),
    })
    .describe('the guest that was booted'),
  environment: environmentSchema.describe('what must match for two runs to be comparable'),
  keptKernel: z.exactOptional(keptKernelRecordSchema),
  flags: z
    .exactOptional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])))
    .describe('flags that the command which repeats the run has as they were given; absent: none, or an older record'),
  bootsPerArm: z.int().describe('measured boots per arm on the wall clock'),
  stopping: z.exactOptional(stoppingRecordSchema).describe('only for runs that boot until their intervals decide'),
  bootOrder: z
    .array(z.string())
    .describe('arm names in the order the boots ran, e.g. stock, docker-min, docker-min, stock'),
  arms: z.array(armRecordSchema).describe('the variants that were compared'),
  boots: z.array(bootSummarySchema).describe('measured boots on the wall clock'),
  virtualBoots: z
    .exactOptional(z.array(virtualBootSchema))
    .describe('boots on the virtual clock; absent when there were none. Their metrics have ids of their own'),
  measurements: z.record(z.string(), z.array(measurementSchema)).describe('arm → its samples'),
  scores: z.array(scoreSchema).describe('candidate against baseline, metric by metric'),
  ablation: z.exactOptional(ablationSchema).describe('only for runs with --ablate: what each change saves'),
  calibration: z.exactOptional(calibrationSchema).describe('only for `drydock calibrate`'),
  bench: z.exactOptional(benchRecordSchema).describe('what containers did; absent where no workload was requested'),
  stages: z.array(stageRecordSchema).describe('what was prepared, and what of it came from the cache'),
  findings: z.array(findingSchema).describe('what stages and boots noticed; none of it stopped the run'),
  time: z
    .strictObject({
      totalSec: z.number().describe('the whole run'),
      bootsSec: z.number().describe('measured boots'),
      benchesSec: z.exactOptional(z.number()).describe('sessions of container work'),
      outsideSec: z.number().describe("drydock's own cost and uncached stages"),
    })
    .describe('seconds of this run spent in boots, in sessions of container work, and outside both'),
});
export type RunRecord = Immutable<z.infer<typeof recordSchema>>;

import { z } from 'zod';
import { MARKER_IDS } from '../model/boots/boot.ts';
import type { BootMarkers, BootSummary, VirtualBoot } from '../model/boots/boot.ts';
import type { RunRecord } from '../model/record.ts';
import { benchSchemaOf } from './bench-schema.ts';

const marker = z.strictObject({
  id: z.enum(MARKER_IDS),
  atSec: z.number().describe("seconds on the guest's printk clock"),
  deltaSec: z.number().describe('seconds since the line before it'),
  line: z.int(),
  text: z.string(),
});

const excludedFigures = z.array(
  z.strictObject({
    metric: z.string(),
    value: z.number(),
    fittedSec: z.exactOptional(z.number()).describe("what the guest's own clock says instead"),
    reason: z.string(),
  }),
);

const bootSchema = z.strictObject({
  arm: z.string(),
  order: z.int(),
  kernelRelease: z.string(),
  bootId: z.string(),
  hostReadySec: z.number().describe('host monotonic seconds from the start of QEMU to `drydock: ready` on the console'),
  hostClock: z.exactOptional(
    z
      .strictObject({
        offsetSec: z.number(),
        rate: z.number(),
        errorSec: z.number().describe('no clock that agrees with the evidence is further from this one'),
        points: z.int().describe('console lines on both clocks'),
        exchanges: z.int().describe("lines printed at the host's request"),
        delay95Sec: z.number(),
      })
      .describe("the guest's printk clock on the host's: host = offset + rate × guest, since the start of QEMU"),
  ),
  wallClock: z.exactOptional(
    z
      .strictObject({
        offsetSec: z.number().describe('guest less host'),
        errorSec: z.number().describe('half of the time from question to answer'),
      })
      .describe("the guest's time of day against the host's, asked after the boot"),
  ),
  markers: z.partialRecord(marker.shape.id, marker) satisfies z.ZodType<BootMarkers>,
  phases: z.array(z.strictObject({ name: z.string(), startSec: z.number(), endSec: z.number() })),
  costliest: z.array(z.strictObject({ atSec: z.number(), deltaSec: z.number(), line: z.int(), message: z.string() })),
  metrics: z.record(z.string(), z.number()),
  excluded: z
    .exactOptional(excludedFigures)
    .describe('measured but not in `metrics`, because drydock or the machine stood still'),
  repeated: z.exactOptional(excludedFigures).describe('why this boot was made a second time'),
  warnings: z.array(z.string()),
});

const virtualBootSchema: z.ZodType<VirtualBoot> = bootSchema.omit({
  bootId: true,
  hostReadySec: true,
  excluded: true,
  repeated: true,
});

/** One measured boot, as a journal and a record keep it. */
export const bootSummarySchema: z.ZodType<BootSummary> = bootSchema;

const unit = z.enum(['s', 'bytes', 'bytes/s', 'ops/s', 'count']);
const armSamples = z.strictObject({ arm: z.string(), median: z.number(), samples: z.array(z.number()) });
const thesis = z.strictObject({ before: z.number(), after: z.number(), ratio: z.number(), endPoints: z.string() });
const effect = z.strictObject({
  relativeChange: z.number().describe('candidate median over baseline median, less 1'),
  relativeChange95: z.tuple([z.number(), z.number()]),
  cliffsDelta: z.number().nullable().describe('1 when every candidate sample is below every baseline sample'),
});
const outlier = z.strictObject({
  arm: z.string(),
  index: z.int().describe("0-based position among the arm's samples"),
  value: z.number(),
  mads: z.number().describe("distance from the arm's median in median absolute deviations"),
});
const verdict = z.enum(['better', 'worse', 'same', 'undecided', 'incomparable']);
const score = z.strictObject({
  metric: z.string(),
  unit,
  baseline: armSamples,
  candidate: armSamples,
  ratio: z.number().describe('baseline median over candidate median'),
  ci95: z.tuple([z.number(), z.number()]),
  p: z.number().nullable().describe('two-sided permutation p; null for exact quantities'),
  verdict,
  reason: z.string(),
  effect: z.exactOptional(effect),
  outliers: z.exactOptional(z.array(outlier)).describe('reported, and part of every figure'),
  endPoints: z.string(),
  thesis: z.exactOptional(thesis),
});

const saved = {
  effectSec: z.number().describe('seconds saved; negative when it costs'),
  ci95: z.tuple([z.number(), z.number()]),
  verdict: z.enum(['saves', 'costs', 'not told from zero']),
  reason: z.string(),
};
const measurement = z.strictObject({
  metric: z.string(),
  unit,
  better: z.enum(['lower', 'higher']),
  clock: z.enum(['wall', 'virtual', 'none']),
  samples: z.array(z.number()),
});

const ablation = z.strictObject({
  factors: z.array(z.string()),
  cells: z.record(z.string(), z.array(z.string())).describe('arm → changes that are on in it'),
  ledgers: z.array(
    z.strictObject({
      metric: z.string(),
      clock: z.enum(['wall', 'virtual', 'none']),
      endPoints: z.string(),
      baselineSec: z.number(),
      candidateSec: z.number(),
      totalSec: z.number(),
      total: z.strictObject(saved),
      factors: z.array(
        z.strictObject({
          ...saved,
          factor: z.string(),
          contexts: z.int(),
          shareSec: z.number().describe('precedence-constrained Shapley value; these sum to totalSec'),
          aloneSec: z.number().nullable(),
          lastSec: z.number().nullable(),
        }),
      ),
      interactions: z.array(
        z.strictObject({ ...saved, factors: z.tuple([z.string(), z.string()]), contexts: z.int() }),
      ),
    }),
  ),
});

const calibration = z.strictObject({
  noise: z.array(
    z.strictObject({
      metric: z.string(),
      clock: z.enum(['wall', 'virtual', 'none']),
      endPoints: z.string(),
      samples: z.int(),
      medianSec: z.number(),
      spread: z.number().describe('1.4826 × MAD / median'),
      range: z.number(),
      verdict: z.enum(['better', 'worse', 'same', 'undecided', 'incomparable']),
      falseAlarms: z.exactOptional(
        z.strictObject({
          splits: z.int(),
          bootsPerArm: z.int(),
          alarms: z.int(),
          share: z.number(),
          ci95: z.tuple([z.number(), z.number()]),
        }),
      ),
    }),
  ),
  looks: z.array(
    z.strictObject({
      ...saved,
      look: z.string(),
      metric: z.string(),
      clock: z.enum(['wall', 'virtual', 'none']),
      withoutSec: z.number(),
      withSec: z.number(),
    }),
  ),
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

const rebootProof = z.strictObject({ bootIdBefore: z.string(), bootIdAfter: z.string(), unameRelease: z.string() });

const arm = z.strictObject({
  name: z.string(),
  role: z.enum(['baseline', 'candidate', 'variant']),
  kernelRelease: z.string(),
  kernelOrigin: z.string(),
  build: z.exactOptional(
    z.strictObject({ where: z.enum(['host', 'guest']), compiler: z.string(), reason: z.string() }),
  ),
  initrd: z.enum(['stock', 'stock-busybox', 'distribution', 'busybox', 'busybox-image', 'none']),
  cmdline: z.string(),
  kernelSizeBytes: z.int(),
  initrdSizeBytes: z.int(),
  kernelSha256: z.string(),
  configSymbols: z.exactOptional(z.strictObject({ builtIn: z.int(), modules: z.int() })),
  patchProof: z.exactOptional(z.array(z.string())),
  docker: z.exactOptional(docker),
  configCheck: z.exactOptional(configCheck),
  reboot: z.exactOptional(rebootProof),
});

const stopping = z.strictObject({
  metrics: z.array(z.string()),
  maxBootsPerArm: z.int(),
  budgetMinutes: z.exactOptional(z.number()),
  looks: z.array(
    z.strictObject({
      bootsPerArm: z.int(),
      nominalP: z.number().describe('a test at this look needed a p below this'),
      spentAlpha: z.number(),
      verdicts: z.array(z.strictObject({ candidate: z.string(), metric: z.string(), verdict })),
    }),
  ),
  spentAlpha: z.number(),
  stoppedBy: z.enum(['decided', 'most-boots', 'budget', 'nothing-to-decide']),
  reason: z.string(),
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
    guestDisk: z.exactOptional(z.string()),
    boot: z.exactOptional(z.enum(['direct', 'grub'])),
  }),
  keptKernel: z.exactOptional(
    z.strictObject({ arm: z.string(), disk: z.string(), sha256: z.string(), reboot: rebootProof }),
  ),
  bootsPerArm: z.int(),
  stopping: z.exactOptional(stopping),
  bootOrder: z.array(z.string()),
  arms: z.array(arm),
  boots: z.array(bootSchema),
  virtualBoots: z.exactOptional(z.array(virtualBootSchema)),
  measurements: z.record(z.string(), z.array(measurement)),
  scores: z.array(score),
  ablation: z.exactOptional(ablation),
  calibration: z.exactOptional(calibration),
  bench: z.exactOptional(benchSchemaOf(score, measurement)),
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
  time: z.strictObject({
    totalSec: z.number(),
    bootsSec: z.number(),
    benchesSec: z.exactOptional(z.number()),
    outsideSec: z.number(),
  }),
});

/** JSON Schema (draft 2020-12) of `record.json`. */
export function recordJsonSchema(): unknown {
  return z.toJSONSchema(recordSchema);
}

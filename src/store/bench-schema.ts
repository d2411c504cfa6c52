import { z } from 'zod';
import { WORKLOAD_NAMES } from '../model/bench.ts';
import type { BenchRecord } from '../model/bench.ts';
import type { Json } from '../model/json.ts';
import type { Measurement, Score } from '../model/verdicts/measure.ts';

const workload = z.enum(WORKLOAD_NAMES);

const rate = z.number().nullable();

const seriesPoint = z.strictObject({
  atSec: z.number().describe("since the workload's begin; rates are means over the second before"),
  cpus: rate.describe('processors kept busy: 1 is one whole CPU; null: not to be had on this kernel'),
  load: rate.describe('runnable tasks, 1-minute average; machines only'),
  memoryBytes: rate,
  diskReadBytesPerSec: rate,
  diskWriteBytesPerSec: rate,
  networkReceiveBytesPerSec: rate,
  networkSendBytesPerSec: rate,
});

const workloadRun = z.strictObject({
  workload,
  status: z.enum(['done', 'failed']),
  startedAt: z.exactOptional(z.string()).describe("wall clock of drydock's machine, ISO 8601, UTC"),
  durationSec: z.number(),
  metrics: z.record(z.string(), z.number()).describe('metric id → the sample that this session gives'),
  repeats: z.exactOptional(z.record(z.string(), z.array(z.number()))).describe('single values behind a median'),
  events: z.array(
    z.strictObject({
      atSec: z.number(),
      label: z.string(),
      container: z.exactOptional(z.string()).describe('role; absent: the machine'),
    }),
  ),
  series: z.exactOptional(
    z.array(
      z.strictObject({ subject: z.string().describe("`machine` or a container's role"), points: z.array(seriesPoint) }),
    ),
  ),
  sampler: z.exactOptional(
    z
      .strictObject({ samples: z.int(), cpuSecPerSample: z.number(), cpuShare: z.number() })
      .describe('what looking cost the machine that was looked at'),
  ),
  warnings: z.array(z.string()),
  failure: z.exactOptional(
    z.strictObject({
      headline: z.string(),
      hint: z.string(),
      detail: z.array(z.string()),
      logPath: z.string().describe("relative to the run's folder"),
    }),
  ),
});

/** A session as the journal and the record keep it. */
export const benchSessionSchema = z.strictObject({
  order: z.int(),
  round: z.int(),
  place: z.string(),
  kernelRelease: z.string(),
  dockerVersion: z.string(),
  storageDriver: z.string(),
  cgroupVersion: z.enum(['1', '2']),
  bootId: z.exactOptional(z.string()),
  runs: z.array(workloadRun),
});

const json: z.ZodType<Json> = z.json();

/**
 * The `bench` of a record.
 * @param score of any metric, as the record's own scores are
 * @param measurement likewise
 */
export function benchSchemaOf(score: z.ZodType<Score>, measurement: z.ZodType<Measurement>): z.ZodType<BenchRecord> {
  return z.strictObject({
    rounds: z.int(),
    minutes: z
      .exactOptional(z.number())
      .describe('how long package-install was to be watched, where that was asked for'),
    workloads: z.array(workload),
    places: z.array(
      z.strictObject({
        name: z.string(),
        kind: z.enum(['host', 'vm']),
        status: z.enum(['measured', 'absent']),
        why: z.string().describe('how it was reached, or why it is absent'),
      }),
    ),
    images: z.record(z.string(), json).describe('image → what it was made of, with digests and package versions'),
    sessions: z.array(benchSessionSchema),
    measurements: z.record(z.string(), z.array(measurement)).describe('samples by place, one per session'),
    scores: z.array(score).describe('candidate against baseline'),
    againstHost: z.array(score).describe('arms against the host (as the baseline), where that is sound'),
    findings: z.array(z.strictObject({ level: z.enum(['info', 'warning']), message: z.string() })),
  });
}

import { z } from 'zod';
import { findingSchema } from './finding.ts';
import type { Immutable } from './immutable.ts';
import { jsonSchema } from './json.ts';
import { measurementSchema, scoreSchema } from './verdicts/measure.ts';
import { workloadNameSchema } from './workloads.ts';

const benchEventSchema = z
  .strictObject({
    atSec: z.number().describe("seconds since the workload's start, on drydock's monotonic clock"),
    label: z.string().describe('what happened'),
    container: z.exactOptional(z.string()).describe('role of the container it happened in; absent: the machine'),
  })
  .describe("a named instant of a workload: a container's start, a command's start or end");
export type BenchEvent = Immutable<z.infer<typeof benchEventSchema>>;

const rate = z.number().nullable();

const seriesPointSchema = z
  .strictObject({
    atSec: z.number().describe("seconds since the workload's start, on drydock's monotonic clock"),
    cpus: rate.describe('processors kept busy: 1 is one whole CPU, 2 both of two'),
    load: rate.describe('runnable tasks, 1-minute average (/proc/loadavg); machines only'),
    memoryBytes: rate.describe('memory in use'),
    diskReadBytesPerSec: rate.describe('read from storage'),
    diskWriteBytesPerSec: rate.describe('written to storage'),
    networkReceiveBytesPerSec: rate.describe('received from the network'),
    networkSendBytesPerSec: rate.describe('sent to the network'),
  })
  .describe(
    'what one subject did in the second before atSec; rates are means over that second. null: not available on this kernel, ' +
      'or not for this second; a point where all values are null is a gap',
  );
export type SeriesPoint = Immutable<z.infer<typeof seriesPointSchema>>;

const seriesSchema = z
  .strictObject({
    subject: z.string().describe("`machine`, or the container's role in the workload, e.g. `fedora`"),
    points: z.array(seriesPointSchema).describe('one per second'),
  })
  .describe("one subject's samples, oldest first");
export type Series = Immutable<z.infer<typeof seriesSchema>>;

const samplerCostSchema = z
  .strictObject({
    samples: z.int().describe('how many were taken'),
    cpuSecPerSample: z.number().describe('processor time of the sampler per sample, user and system'),
    cpuShare: z.number().describe('the same as a share of one CPU over the time that was sampled'),
  })
  .describe('what sampling cost the sampled machine');
export type SamplerCost = Immutable<z.infer<typeof samplerCostSchema>>;

const benchFailureSchema = z.strictObject({
  headline: z.string().describe('one sentence that names the cause'),
  hint: z.string().describe('what to do next'),
  detail: z.array(z.string()).describe('facts that support the headline'),
  logPath: z.string().describe("file with the whole story, relative to the run's folder"),
});
/** A workload that did not come to its end; a row, not the run's failure. */
export type BenchFailure = Immutable<z.infer<typeof benchFailureSchema>>;

/** One workload, once, at one place. */
const workloadRunSchema = z.strictObject({
  workload: workloadNameSchema.describe('its name'),
  status: z.enum(['done', 'failed']).describe('how it ended'),
  startedAt: z
    .exactOptional(z.string())
    .describe(
      "start, ISO 8601 in UTC, by the wall clock of drydock's machine: events and series count from here. Absent: not " +
        'recorded; the series cannot be compared with those of other programs',
    ),
  durationSec: z.number().describe('how long it took'),
  metrics: z
    .record(z.string(), z.number())
    .describe('metric id → the sample that this session gives; empty for a failed run'),
  repeats: z
    .exactOptional(z.record(z.string(), z.array(z.number())))
    .describe("single values behind a metric that is a median (each container's start)"),
  events: z.array(benchEventSchema).describe('named instants, oldest first'),
  series: z
    .exactOptional(z.array(seriesSchema))
    .describe("kept for workloads whose course matters (package-install); others stand in the session's folder"),
  sampler: z.exactOptional(samplerCostSchema),
  warnings: z.array(z.string()).describe('what a reader of the figures must know'),
  failure: z.exactOptional(benchFailureSchema).describe('why it failed'),
});
export type WorkloadRun = Immutable<z.infer<typeof workloadRunSchema>>;

/** One place from its start (a boot, for a VM) to its end, with every requested workload. */
export const benchSessionSchema = z.strictObject({
  order: z.int().describe('0-based position among all sessions'),
  round: z.int().describe('0-based; a round has one session at every place'),
  place: z.string().describe("`host`, or an arm's name"),
  kernelRelease: z.string().describe('`uname -r` of the place'),
  dockerVersion: z.string().describe('version of dockerd'),
  storageDriver: z.string().describe('such as `overlay2`'),
  cgroupVersion: z.enum(['1', '2']).describe('version of control groups'),
  bootId: z.exactOptional(z.string()).describe('session id and boot id where the place was booted for it'),
  runs: z.array(workloadRunSchema).describe('one per workload'),
});
export type BenchSession = Immutable<z.infer<typeof benchSessionSchema>>;

const benchPlaceSchema = z.strictObject({
  name: z.string().describe("`host`, or an arm's name"),
  kind: z.enum(['host', 'vm']).describe('`host`: the physical machine'),
  status: z.enum(['measured', 'absent']).describe('whether it took part'),
  why: z.string().describe('how it was reached, or why it is absent: one sentence'),
});
/** A place that took part, or why it did not. */
export type BenchPlace = Immutable<z.infer<typeof benchPlaceSchema>>;

/** All that containers did in a run, as kept in `record.json`. */
export const benchRecordSchema = z.strictObject({
  rounds: z.int().describe('sessions per place'),
  minutes: z
    .exactOptional(z.number())
    .describe('how long package-install was to be sampled, where that was requested; absent: as the profile says'),
  workloads: z.array(workloadNameSchema).describe('what was run'),
  places: z.array(benchPlaceSchema).describe('the host and the arms'),
  images: z.record(z.string(), jsonSchema).describe('image → what it was made of, with digests and package versions'),
  sessions: z.array(benchSessionSchema).describe('in the order in which they were made'),
  measurements: z.record(z.string(), z.array(measurementSchema)).describe('samples by place, one per session'),
  scores: z.array(scoreSchema).describe('candidate against baseline'),
  againstHost: z
    .array(scoreSchema)
    .describe(
      'arms against the host (as the baseline), where that is sound; empty under TCG for what the processor bounds',
    ),
  findings: z.array(findingSchema).describe('what was noticed about this work'),
});
export type BenchRecord = Immutable<z.infer<typeof benchRecordSchema>>;

import type { ComparedMetric, Comparison } from '../../model/verdicts/comparison.ts';
import type { Environment } from '../../model/environment.ts';
import type { Measurement } from '../../model/verdicts/measure.ts';
import type { ArmRecord, RunRecord } from '../../model/record.ts';
import { judgeAcross, judgeBridged, judgeVirtual } from './across-runs.ts';
import { scoreMetric } from '../score.ts';
import type { ScoredMetric } from '../score.ts';
import { median } from '../summary.ts';

/** A run, and the arm of it that is compared. */
export interface RunSide {
  readonly record: RunRecord;
  readonly arm: string;
}

/** What must be the same for two runs' samples to be comparable, in words. */
const CONDITIONS: readonly (readonly [words: string, read: (environment: Environment) => string | number])[] = [
  ['accelerator', ({ accelerator }) => accelerator],
  ['CPU model', ({ cpuModel }) => cpuModel],
  ['QEMU version', ({ qemuVersion }) => qemuVersion],
  ['guest', ({ guest }) => guest],
  ['vCPUs', ({ guestCpus }) => guestCpus],
  ['guest memory in MB', ({ guestMemoryMb }) => guestMemoryMb],
  ['guest disk', ({ guestDisk }) => guestDisk ?? 'as installed'],
  ['boot loader', ({ boot }) => boot ?? 'direct'],
];
/** A CPU that counts instructions is QEMU's own: the host's has no part in it. */
const VIRTUAL_CONDITIONS = CONDITIONS.filter(([words]) =>
  ['QEMU version', 'guest', 'guest memory in MB'].includes(words),
);
/** What may differ, but may also be why figures do. */
const CIRCUMSTANCES: typeof CONDITIONS = [
  ['host kernel', ({ hostKernel }) => hostKernel],
  ['host CPUs', ({ cpuCount }) => cpuCount],
];

/** No figure of drydock spans more: a nanosecond over thirty years. Beyond it a ratio is no number, or its inverse is none. */
const MOST_RATIO = 1e18;

function differing(conditions: typeof CONDITIONS, before: RunRecord, after: RunRecord): readonly string[] {
  return conditions.flatMap(([words, read]) => {
    const [one, other] = [read(before.environment), read(after.environment)];
    return one === other ? [] : [`different ${words}: ${String(one)}, then ${String(other)}`];
  });
}

/** The baseline that both runs measured beside the compared arms, if it was one and the same. */
function bridgeOf(before: RunSide, after: RunSide): { arm: string | null; note: string } {
  const baseline = ({ record, arm }: RunSide): ArmRecord | undefined =>
    record.arms.find((one) => one.role === 'baseline' && one.name !== arm);
  const [one, other] = [baseline(before), baseline(after)];
  if (one === undefined || other === undefined) {
    return { arm: null, note: 'no baseline arm on both sides: times are compared directly, with room for drift' };
  }
  const same =
    one.name === other.name &&
    one.kernelSha256 === other.kernelSha256 &&
    one.initrd === other.initrd &&
    one.initrdSizeBytes === other.initrdSizeBytes &&
    one.cmdline === other.cmdline;
  if (same) {
    return {
      arm: one.name,
      note: `times are taken relative to ${one.name}, which both runs measured beside the compared arm`,
    };
  }
  return {
    arm: null,
    note: 'the baselines of the two runs differ (kernel, initrd or command line): times are compared directly, with room for drift',
  };
}

function measured(record: RunRecord, arm: string, metric: string): Measurement | undefined {
  return record.measurements[arm]?.find((one) => one.metric === metric);
}

/** Records keep end points with their scores; one without a score of the metric does not say. */
function endPointsOf(record: RunRecord, metric: string): string | undefined {
  return record.scores.find((score) => score.metric === metric)?.endPoints;
}

function whyNoRatio(samples: readonly number[]): string | undefined {
  const odd = samples.find((sample) => !(Number.isFinite(sample) && sample > 0));
  if (odd !== undefined) return `a sample of ${String(odd)}, of which no ratio can be taken`;
  const [least, most] = [Math.min(...samples), Math.max(...samples)];
  return least < most / MOST_RATIO
    ? `samples of ${String(least)} and ${String(most)}, of which no ratio can be taken`
    : undefined;
}

function whyIncomparable(
  metric: ScoredMetric,
  before: RunSide,
  after: RunSide,
  differences: readonly string[],
): string | undefined {
  const [one, other] = [before, after].map(({ record, arm }) => measured(record, arm, metric.id));
  if (one === undefined || other === undefined) {
    const lacking = one === undefined ? before : after;
    return `no samples of ${lacking.arm} in ${lacking.record.id}`;
  }
  if (one.clock !== other.clock) return `different clock: ${one.clock}, then ${other.clock}`;
  if (one.unit !== other.unit) return `different unit: ${one.unit}, then ${other.unit}`;
  const [from, to] = [before, after].map(({ record }) => endPointsOf(record, metric.id));
  if (from !== undefined && to !== undefined && from !== to) return `different end points: ${from}; then ${to}`;
  const flaw = whyNoRatio([...one.samples, ...other.samples]);
  if (flaw !== undefined) return flaw;
  if (one.samples.length === 0 || other.samples.length === 0) return 'no samples';
  // A file has its size on any machine.
  if (metric.exact) return undefined;
  const own = one.clock === 'virtual' ? differing(VIRTUAL_CONDITIONS, before.record, after.record) : differences;
  return own.length === 0 ? undefined : own.join('; ');
}

function compareMetric(
  metric: ScoredMetric,
  before: RunSide,
  after: RunSide,
  bridge: string | null,
  differences: readonly string[],
): ComparedMetric | undefined {
  const sides = [before, after].map(({ record, arm }) => measured(record, arm, metric.id));
  const [one, other] = sides;
  const known = one ?? other;
  if (known === undefined) return undefined;
  const figures = (side: Measurement | undefined) =>
    side === undefined || side.samples.length === 0 ? null : { median: median(side.samples), samples: side.samples };
  const frame = {
    metric: metric.id,
    unit: known.unit,
    clock: known.clock,
    before: figures(one),
    after: figures(other),
  };
  const reason = whyIncomparable(metric, before, after, differences);
  if (reason !== undefined || one === undefined || other === undefined) {
    const none = { ratio: null, ci95: null, p: null, method: null } as const;
    return { ...frame, ...none, verdict: 'incomparable', reason: reason ?? 'no samples' };
  }
  if (metric.exact) {
    const {
      ratio,
      ci95,
      verdict,
      reason: why,
    } = scoreMetric(metric, { arm: before.arm, samples: one.samples }, { arm: after.arm, samples: other.samples });
    return { ...frame, ratio, ci95, p: null, method: 'exact', verdict, reason: why };
  }
  if (known.clock === 'virtual') {
    return { ...frame, ...judgeVirtual(metric, { before: one.samples, after: other.samples }) };
  }
  const samples = { before: one.samples, after: other.samples };
  const shared = known.clock === 'wall' ? bridgeSamples(metric.id, before, after, bridge) : undefined;
  return shared === undefined
    ? { ...frame, ...judgeAcross({ ...metric, clock: known.clock }, samples) }
    : { ...frame, ...judgeBridged(metric, samples, shared) };
}

/** Only times need a bridge: memory and virtual time do not depend on how fast the machine was that day. */
function bridgeSamples(metric: string, before: RunSide, after: RunSide, bridge: string | null) {
  if (bridge === null) return undefined;
  const [one, other] = [before, after].map(({ record }) => measured(record, bridge, metric)?.samples ?? []);
  if (one === undefined || other === undefined || one.length === 0 || other.length === 0) return undefined;
  const compared = [before, after].flatMap(({ record, arm }) => measured(record, arm, metric)?.samples ?? []);
  const flaw = whyNoRatio([...one, ...other, ...compared]);
  return flaw === undefined ? { before: one, after: other, arm: bridge } : undefined;
}

/**
 * Compares an arm of one run with an arm of a later one, metric by metric in the order of the definitions. Two runs are not
 * interleaved, so a machine that changed between them looks like an effect; `across-runs.ts` says what is done about it.
 */
export function compareRuns(before: RunSide, after: RunSide, definitions: readonly ScoredMetric[]): Comparison {
  const differences = differing(CONDITIONS, before.record, after.record);
  const bridge = bridgeOf(before, after);
  const circumstances = differing(CIRCUMSTANCES, before.record, after.record);
  const image =
    before.record.guest.imageSha256 === after.record.guest.imageSha256
      ? []
      : ['the guest images are not the same bytes'];
  const side = ({ record, arm }: RunSide) => ({ run: record.id, arm, startedAt: record.startedAt });
  return {
    before: side(before),
    after: side(after),
    bridge: bridge.arm,
    differences,
    notes: [
      ...(before.record.id === after.record.id ? ['both sides are one run'] : []),
      bridge.note,
      ...circumstances,
      ...image,
    ],
    metrics: definitions.flatMap((metric) => compareMetric(metric, before, after, bridge.arm, differences) ?? []),
  };
}

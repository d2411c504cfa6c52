import { BENCH_METRICS, comparesWithHost } from '../../bench/metrics.ts';
import type { BenchMetricDefinition } from '../../bench/metrics.ts';
import type { BenchPlace, BenchRecord, BenchSession } from '../../model/bench.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { Accelerator } from '../../model/environment.ts';
import type { Finding } from '../../model/finding.ts';
import type { Json } from '../../model/json.ts';
import type { Measurement, Score } from '../../model/verdicts/measure.ts';
import { scoreAll } from '../../stats/score.ts';

interface ArmRole {
  readonly name: string;
  readonly role: 'baseline' | 'candidate' | 'variant';
}

interface BenchRecordInput {
  readonly arms: readonly ArmRole[];
  readonly accelerator: Accelerator;
  readonly rounds: number;
  readonly minutes: number | undefined;
  readonly workloads: readonly WorkloadName[];
  readonly places: readonly BenchPlace[];
  readonly images: Readonly<Record<string, Json>>;
  readonly sessions: readonly BenchSession[];
  readonly findings: readonly Finding[];
}

/** One sample per session in which the workload came to its end, in the order of the sessions. */
function measurementsAt(place: string, sessions: readonly BenchSession[]): readonly Measurement[] {
  const runs = sessions.filter((session) => session.place === place).flatMap((session) => session.runs);
  return BENCH_METRICS.flatMap(({ id, unit, better }): Measurement[] => {
    const samples = runs.flatMap((run) => run.metrics[id] ?? []);
    return samples.length === 0 ? [] : [{ metric: id, unit, better, clock: 'wall', samples }];
  });
}

function failures(sessions: readonly BenchSession[]): readonly Finding[] {
  return sessions.flatMap(({ place, round, runs }) =>
    runs.flatMap(({ workload, failure }): Finding[] =>
      failure === undefined
        ? []
        : [
            {
              level: 'warning',
              message: `${workload} failed on ${place}, round ${String(round + 1)}: ${failure.headline}`,
            },
          ],
    ),
  );
}

/** Puts together what `record.json` says of container work. */
export function benchRecord(input: BenchRecordInput): BenchRecord {
  const { arms, places, sessions, workloads } = input;
  const measurements = Object.fromEntries(places.map(({ name }) => [name, measurementsAt(name, sessions)]));
  const asked = (metric: BenchMetricDefinition): boolean => workloads.includes(metric.workload);
  const side = (arm: string) => ({ arm, measurements: measurements[arm] ?? [] });
  const findings: Finding[] = [...failures(sessions)];
  const compare = (
    metrics: readonly BenchMetricDefinition[],
    baseline: string,
    candidate: string,
  ): readonly Score[] => {
    const { scores, missing } = scoreAll(metrics.filter(asked), side(baseline), side(candidate), (metric) => {
      const least = metrics.find(({ id }) => id === metric.id)?.leastDifference;
      return least === undefined ? {} : { absoluteThreshold: least };
    });
    for (const { metric, reason } of missing) {
      if (!metrics.some(({ id }) => id === metric)) continue;
      findings.push({ level: 'info', message: `${candidate} against ${baseline}: no score for ${metric}: ${reason}` });
    }
    return scores;
  };
  const baseline = arms.find(({ role }) => role === 'baseline')?.name;
  const candidates = arms.filter(({ role }) => role === 'candidate').map(({ name }) => name);
  const hasHost = places.some(({ kind, status }) => kind === 'host' && status === 'measured');
  const scores =
    baseline === undefined ? [] : candidates.flatMap((candidate) => compare(BENCH_METRICS, baseline, candidate));
  const onHost = BENCH_METRICS.filter(({ bound }) => comparesWithHost(bound, input.accelerator));
  const scoredArms = [...(baseline === undefined ? [] : [baseline]), ...candidates];
  return {
    rounds: input.rounds,
    ...(input.minutes === undefined ? {} : { minutes: input.minutes }),
    workloads,
    places,
    images: input.images,
    sessions,
    measurements,
    scores,
    againstHost: hasHost ? scoredArms.flatMap((arm) => compare(onHost, 'host', arm)) : [],
    findings: [...input.findings, ...findings],
  };
}

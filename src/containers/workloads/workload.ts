import type { Clock } from '../../host/host.ts';
import type { BenchEvent, WorkloadRun } from '../../model/bench.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { Place } from '../place.ts';
import type { Sampler } from '../sampler/sampler.ts';

/** What a workload is given for one execution at one place. */
export interface WorkloadContext {
  readonly place: Place;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Watches machine and containers; the runner tells it which containers there are. */
  readonly sampler: Sampler;
  /** Role → image tag in the daemon. */
  readonly images: Readonly<Record<string, string>>;
  /** 0-based; the first round may do more (density). */
  readonly round: number;
  /** Told every event as it happens, so that those of a workload that fails are not lost. */
  event(event: BenchEvent): void;
  /** Appends to this execution's own log. */
  log(line: string): void;
  /** One line for people. */
  progress(message: string): void;
}

/** What a workload found; the caller adds name, status, duration and the sampler's part. */
export type WorkloadOutcome = Pick<WorkloadRun, 'metrics' | 'repeats' | 'warnings'>;

/** One kind of work, run in containers. Throws a `Fault` when it cannot come to its end; the caller makes that a failed row. */
export interface Workload {
  readonly name: WorkloadName;
  run(context: WorkloadContext): Promise<WorkloadOutcome>;
}

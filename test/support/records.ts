import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import type { Environment } from '../../src/model/environment.ts';
import type { Measurement } from '../../src/model/verdicts/measure.ts';
import type { RunRecord } from '../../src/model/record.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';

/** Samples by arm and metric. */
export type Samples = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

export interface RecordParts {
  readonly id?: string;
  readonly startedAt?: string;
  readonly environment?: Partial<Environment>;
  /** Digest of the baseline's kernel. */
  readonly baselineSha256?: string;
  readonly clock?: Measurement['clock'];
}

function measurement(metric: string, samples: readonly number[], clock: Measurement['clock']): Measurement {
  const known = METRICS.find(({ id }) => id === metric);
  if (known === undefined) throw new Error(`no metric ${metric}`);
  const { unit, better } = known;
  return { metric, unit, better, clock: known.clock === 'wall' ? clock : known.clock, samples };
}

/** The report's fixture with other samples: a valid record of two arms, stock and docker-min. */
export function recordWith(samples: Samples, parts: RecordParts = {}): RunRecord {
  const { id = 'a', startedAt = '2026-01-01T00:00:00.000Z', environment = {}, clock = 'wall' } = parts;
  return {
    ...fixtureRecord,
    id,
    startedAt,
    environment: { ...fixtureRecord.environment, ...environment },
    arms: fixtureRecord.arms
      .filter(({ name }) => samples[name] !== undefined)
      .map((arm) => (arm.role === 'baseline' ? { ...arm, kernelSha256: parts.baselineSha256 ?? 'b' } : arm)),
    boots: [],
    measurements: Object.fromEntries(
      Object.entries(samples).map(([arm, metrics]) => [
        arm,
        Object.entries(metrics).map(([metric, values]) => measurement(metric, values, clock)),
      ]),
    ),
    scores: [],
  };
}

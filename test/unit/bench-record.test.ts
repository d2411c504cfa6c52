import { describe, expect, test } from 'vitest';
import type { BenchSession } from '../../src/model/bench.ts';
import { benchRecord } from '../../src/pipeline/record/bench-record.ts';

/** A session of nothing but the network workload. */
function session(order: number, place: string, medianSec: number): BenchSession {
  const metrics = { network_latency_median: medianSec, network_latency_p99: 20 * medianSec };
  const run = { workload: 'network', status: 'done', durationSec: 30, metrics, events: [], warnings: [] } as const;
  const machine = { kernelRelease: '6.1.0', dockerVersion: '20.10.24', storageDriver: 'overlay2' };
  return { order, round: Math.floor(order / 2), place, ...machine, cgroupVersion: '2', runs: [run] };
}

function scoresOf(stock: readonly number[], small: readonly number[]) {
  const record = benchRecord({
    arms: [
      { name: 'stock', role: 'baseline' },
      { name: 'small', role: 'candidate' },
    ],
    accelerator: 'tcg',
    rounds: stock.length,
    minutes: undefined,
    workloads: ['network'],
    places: ['stock', 'small'].map((name) => ({ name, kind: 'vm', status: 'measured', why: 'booted' })),
    images: {},
    sessions: [
      ...stock.map((value, index) => session(2 * index, 'stock', value)),
      ...small.map((value, index) => session(2 * index + 1, 'small', value)),
    ],
    findings: [],
  });
  return Object.fromEntries(record.scores.map(({ metric, verdict }) => [metric, verdict]));
}

describe('the scores of container work', () => {
  test('tell round trips apart that differ by a fraction of the millisecond that boots must differ by', () => {
    const verdicts = scoresOf([0.000467, 0.000369, 0.000381, 0.00046], [0.000317, 0.00027, 0.000281, 0.0003]);
    expect(verdicts['network_latency_median']).toBe('better');
  });

  test('do not tell apart what sockperf itself cannot', () => {
    const verdicts = scoresOf(
      [0.0000203, 0.0000202, 0.0000204, 0.0000205],
      [0.0000199, 0.0000198, 0.0000197, 0.0000196],
    );
    expect(verdicts['network_latency_median']).not.toBe('better');
  });
});

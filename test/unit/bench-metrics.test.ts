import { describe, expect, test } from 'vitest';
import { BENCH_METRICS, comparesWithHost } from '../../src/bench/metrics.ts';
import { WORKLOAD_NAMES } from '../../src/model/workloads.ts';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';

describe('the metrics of container work', () => {
  test('have ids of their own', () => {
    const ids = [...BENCH_METRICS, ...METRICS].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('are of every workload, in the order in which they run', () => {
    expect([...new Set(BENCH_METRICS.map(({ workload }) => workload))]).toEqual(WORKLOAD_NAMES);
  });

  test('are the better the higher when they are rates or counts', () => {
    for (const { id, unit, better } of BENCH_METRICS) {
      expect(better, id).toBe(['bytes/s', 'ops/s', 'count'].includes(unit) ? 'higher' : 'lower');
    }
  });

  test('of emulated parts do not stand against the physical machine', () => {
    expect(comparesWithHost('cpu', 'tcg')).toBe(false);
    expect(comparesWithHost('disk', 'tcg')).toBe(true);
    expect(comparesWithHost('cpu', 'kvm')).toBe(true);
  });
});

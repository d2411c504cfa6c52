import { describe, expect, test } from 'vitest';
import { VIRTUAL_METRICS } from '../../src/bootlog/reading/virtual-metrics.ts';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import type { MetricDefinition } from '../../src/bootlog/reading/metrics.ts';
import { lookCost, noiseOf } from '../../src/stats/calibration.ts';
import { createRandom } from '../../src/stats/random.ts';

function metric(id: string): MetricDefinition {
  const found = [...METRICS, ...VIRTUAL_METRICS].find((one) => one.id === id);
  if (found === undefined) throw new Error(`no metric ${id}`);
  return found;
}

/** Roughly normal, standard deviation 1. */
function noise(random: () => number): number {
  return Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
}

describe('calibrating', () => {
  test('gives back the spread that was put in', () => {
    const random = createRandom(3);
    const boots = (): number[] => Array.from({ length: 100 }, () => 50 * (1 + 0.02 * noise(random)));
    const found = noiseOf(metric('total_boot'), boots(), boots());
    expect(found.spread).toBeGreaterThan(0.017);
    expect(found.spread).toBeLessThan(0.023);
    expect(found.samples).toBe(200);
  });

  test('counts as false alarms what our own verdicts make of one arm split in two: at most 5 %', () => {
    const random = createRandom(5);
    const boots = (): number[] => Array.from({ length: 8 }, () => 50 * (1 + 0.02 * noise(random)));
    const { falseAlarms } = noiseOf(metric('total_boot'), boots(), boots());
    expect(falseAlarms?.bootsPerArm).toBe(8);
    expect(falseAlarms?.share).toBeLessThanOrEqual(0.05);
    expect(falseAlarms?.ci95[1]).toBeGreaterThan(falseAlarms?.share ?? 1);
  });

  test('estimates no false alarms from boots that can decide nothing, nor where nothing is left to chance', () => {
    expect(noiseOf(metric('total_boot'), [50, 51, 52], [50, 51, 53]).falseAlarms).toBeUndefined();
    const same = Array.from({ length: 8 }, () => 1);
    expect(noiseOf(metric('kernel_init_virtual'), same, same).falseAlarms).toBeUndefined();
  });

  test('prices a way of looking against both identical arms, and says when it cannot be told from nothing', () => {
    const clean = [1, 1, 1, 1];
    const priced = lookCost('serial', metric('hand_over_virtual'), clean, [1.5, 1.5], 1e-6);
    expect(priced).toMatchObject({ verdict: 'costs', withoutSec: 1, withSec: 1.5 });
    expect(priced.effectSec).toBeCloseTo(-0.5, 9);
    expect(lookCost('none', metric('hand_over_virtual'), clean, [1, 1], 1e-6).verdict).toBe('undecided');
  });
});

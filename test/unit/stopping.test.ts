import { describe, expect, test } from 'vitest';
import type { BootSummary } from '../../src/model/boots/boot.ts';
import { bootOrder } from '../../src/pipeline/plan/boot-order.ts';
import { sampleFindings } from '../../src/pipeline/record/sample-findings.ts';
import { reasonToStop, stoppingRecord, stoppingRule } from '../../src/pipeline/run/stopping.ts';
import type { RoledArm } from '../../src/pipeline/run/stopping.ts';
import { scoreMetric } from '../../src/stats/score.ts';

const arms: readonly RoledArm[] = [
  { name: 'stock', role: 'baseline' },
  { name: 'docker-min', role: 'candidate' },
];

/** Boots in the run's own order; `value` gives both decision metrics from the arm and its boot's number. */
function boots(count: number, value: (arm: string, index: number) => number): BootSummary[] {
  const seen = new Map<string, number>();
  return bootOrder(
    arms.map(({ name }) => name),
    count,
  ).map(({ arm, order }) => {
    const index = seen.get(arm) ?? 0;
    seen.set(arm, index + 1);
    const sec = value(arm, index);
    return {
      ...{ arm, order, kernelRelease: '6.1', bootId: String(order), hostReadySec: sec },
      ...{ markers: {}, phases: [], costliest: [], warnings: [] },
      metrics: { kernel_init: sec / 10, total_boot: sec },
    };
  });
}

const wobble = (index: number): number => 1 + ((index * 7) % 5) / 500;
const apart = (arm: string, index: number): number => (arm === 'stock' ? 30 : 20) * wobble(index);
const noisy = (arm: string, index: number): number => (arm === 'stock' ? 30 : 29.4) * (1 + ((index * 7) % 5) / 20);

function ruleOf(most: number, budgetMinutes?: number) {
  const rule = stoppingRule({ boots: most, sequential: budgetMinutes === undefined ? {} : { budgetMinutes } });
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

describe('a run that boots until it knows', () => {
  test('is not what a fixed number of boots asks for', () => {
    expect(stoppingRule({ boots: 5 })).toBeUndefined();
  });

  test('stops at the first look that can tell two arms apart', () => {
    const rule = ruleOf(20);
    const stops = [2, 4, 6].map((count) => reasonToStop(rule, arms, boots(count, apart), 1));
    expect(stops).toEqual([undefined, undefined, 'decided']);
  });

  test('never stops within a round, so that every look has whole A B B A', () => {
    const rule = ruleOf(20);
    const all = boots(20, apart);
    for (let count = 0; count < 12; count += 1) {
      expect(reasonToStop(rule, arms, all.slice(0, count), 1)).toBeUndefined();
    }
    expect(reasonToStop(rule, arms, all.slice(0, 12), 1)).toBe('decided');
  });

  test('stops when the next round would overrun the budget, counting what is spent', () => {
    const rule = ruleOf(20, 10);
    const taken = boots(8, noisy);
    // Eight boots per arm took 400 s: two more take 100 s.
    expect(reasonToStop(rule, arms, taken, 400)).toBeUndefined();
    expect(reasonToStop(rule, arms, taken, 490)).toBe('budget');
  });

  test('stops at the most it may make, an odd number included', () => {
    expect(reasonToStop(ruleOf(8), arms, boots(8, noisy), 1)).toBe('most-boots');
    expect(reasonToStop(ruleOf(7), arms, boots(7, noisy), 1)).toBe('most-boots');
  });

  test('has nothing to wait for without a second arm, or where one arm lacks the metrics', () => {
    const one: readonly RoledArm[] = [{ name: 'stock', role: 'baseline' }];
    const own = boots(4, apart).filter((boot) => boot.arm === 'stock');
    expect(reasonToStop(ruleOf(20), one, own, 1)).toBe('nothing-to-decide');
    const lacking = boots(4, apart).map((boot) => (boot.arm === 'stock' ? boot : { ...boot, metrics: {} }));
    expect(reasonToStop(ruleOf(20), arms, lacking, 1)).toBe('nothing-to-decide');
  });

  test('goes on while one of the two metrics is open', () => {
    const mixed = boots(6, apart).map((boot, index) => ({
      ...boot,
      metrics: { ...boot.metrics, total_boot: noisy(boot.arm, index) },
    }));
    expect(reasonToStop(ruleOf(20), arms, mixed, 1)).toBeUndefined();
  });

  test('records its looks, what they spent and why it stopped, and scores by the last look', () => {
    const rule = ruleOf(20, 30);
    const taken = boots(6, apart);
    const record = stoppingRecord(rule, arms, taken, 'decided');
    expect(record).toMatchObject({
      metrics: ['kernel_init', 'total_boot'],
      maxBootsPerArm: 20,
      budgetMinutes: 30,
      stoppedBy: 'decided',
    });
    expect(record.looks.map(({ bootsPerArm }) => bootsPerArm)).toEqual([2, 4, 6]);
    expect(record.looks.at(-1)?.verdicts).toEqual([
      { candidate: 'docker-min', metric: 'kernel_init', verdict: 'better' },
      { candidate: 'docker-min', metric: 'total_boot', verdict: 'better' },
    ]);
    expect(record.reason).toBe(
      'stopped after 6 boots per arm of at most 20 or 30 min of boots: every decision metric was decided (3 looks, 2.08 % of the 5 % error spent)',
    );
    expect(record.spentAlpha).toBeCloseTo(0.0208, 4);
  });

  test('stops where it would have stopped, whatever part of its boots an interruption had kept', () => {
    const rule = ruleOf(20);
    const all = boots(20, (arm, index) => (arm === 'stock' ? 30 : 29) * (1 + ((index * 7) % 5) / 100));
    const end = (from: number): number => {
      let count = from;
      while (reasonToStop(rule, arms, all.slice(0, count), count) === undefined) count += 1;
      return count;
    };
    const whole = end(0);
    expect(whole).toBeGreaterThan(8);
    for (let kept = 0; kept <= whole; kept += 1) expect(end(kept)).toBe(whole);
  });
});

describe('what a reader must know of the samples', () => {
  const scored = (taken: readonly BootSummary[]) => {
    const samples = (arm: string) =>
      taken.filter((boot) => boot.arm === arm).flatMap((boot) => boot.metrics.total_boot ?? []);
    const metric = { id: 'total_boot', unit: 's', better: 'lower', exact: false, endPoints: 'x' } as const;
    return [
      scoreMetric(
        metric,
        { arm: 'stock', samples: samples('stock') },
        { arm: 'docker-min', samples: samples('docker-min') },
      ),
    ];
  };

  test('names the boot that stands out, by its place in the run', () => {
    const taken = boots(6, (arm, index) => apart(arm, index) * (arm === 'docker-min' && index === 3 ? 1.5 : 1));
    const late = taken.filter((boot) => boot.arm === 'docker-min')[3];
    const findings = sampleFindings(taken, scored(taken));
    expect(findings.map(({ level }) => level)).toEqual(['info']);
    const place = String((late?.order ?? 0) + 1);
    expect(findings[0]?.message).toMatch(/: total_boot \d+\.\d median absolute deviations above the median$/);
    expect(findings[0]?.message).toContain(`boot ${place}, docker-min, stands out among its arm's and is kept`);
  });

  test('says which boots lack a metric that others of the arm have, and finds the outlier all the same', () => {
    const taken = boots(6, (arm, index) => apart(arm, index) * (arm === 'stock' && index === 5 ? 1.5 : 1)).map(
      (boot) => (boot.order === 3 ? { ...boot, metrics: { kernel_init: 3 } } : boot),
    );
    const messages = sampleFindings(taken, scored(taken)).map(({ message }) => message);
    expect(messages[0]).toBe('stock: no total_boot in boot 4: it stands on 5 of 6 boots');
    expect(messages[1]).toMatch(/^boot 12, stock, stands out/);
    expect(messages).toHaveLength(2);
  });
});

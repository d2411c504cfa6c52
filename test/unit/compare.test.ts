import { describe, expect, test } from 'vitest';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import { jsonText } from '../../src/json/text.ts';
import type { ComparedMetric } from '../../src/model/verdicts/comparison.ts';
import type { RunRecord } from '../../src/model/record.ts';
import { comparisonMarkdown, comparisonTable } from '../../src/report/across-runs/comparison.ts';
import { compareRuns } from '../../src/stats/across-runs/compare.ts';
import { createRandom } from '../../src/stats/random.ts';
import { ratioInterval } from '../../src/stats/bootstrap.ts';
import { recordWith } from '../support/records.ts';
import type { RecordParts } from '../support/records.ts';

/** Eight boots around a median, 0.5 % apart. */
const around = (sec: number): number[] => [0, 1, -1, 2, -2, 3, -3, 0.5].map((step) => sec * (1 + step / 200));

function run(stockSec: number | undefined, candidateSec: number, parts: RecordParts = {}): RunRecord {
  const candidate = { total_boot: around(candidateSec), kernel_size: [4e6] };
  const samples = stockSec === undefined ? {} : { stock: { total_boot: around(stockSec), kernel_size: [8e6] } };
  return recordWith({ ...samples, 'docker-min': candidate }, parts);
}

function compared(before: RunRecord, after: RunRecord, metric = 'total_boot', arm = 'docker-min'): ComparedMetric {
  const found = compareRuns({ record: before, arm }, { record: after, arm }, METRICS).metrics.find(
    (one) => one.metric === metric,
  );
  if (found === undefined) throw new Error(`${metric} was not compared`);
  return found;
}

describe('two runs with one baseline', () => {
  test('are the same when the machine became a third slower for both arms', () => {
    expect(compared(run(40, 30), run(53, 39.75))).toMatchObject({ method: 'bridged', verdict: 'same', p: null });
  });

  test('show a candidate that became slower although the machine became faster', () => {
    const row = compared(run(40, 30), run(30, 25));
    expect(row).toMatchObject({ method: 'bridged', verdict: 'worse' });
    expect(row.ratio).toBeCloseTo(30 / 40 / (25 / 30), 9);
    expect(row.reason).toMatch(/^11\.1 % higher relative to stock/);
  });

  test('have an interval that is wider than that of either run, and turns over with the runs', () => {
    const [before, after] = [run(40, 30), run(41, 28)];
    const [row, turned] = [compared(before, after), compared(after, before)];
    expect(row.verdict).toBe('better');
    const width = ([low, high]: readonly [number, number]): number => Math.log(high / low);
    const own = width(ratioInterval(around(40), around(30)));
    expect(width(row.ci95 ?? [1, 1])).toBeGreaterThan(own);
    expect(turned.ci95?.[0]).toBeCloseTo(1 / (row.ci95?.[1] ?? 0), 9);
    expect(turned.verdict).toBe('worse');
  });

  test('with noise and drift alone end in a false verdict in at most 5 % of 300 comparisons', () => {
    const random = createRandom(41);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const noisy = (sec: number): number[] => Array.from({ length: 8 }, () => sec * Math.exp(0.015 * normal()));
    const one = (): RunRecord => {
      const slow = 1 + random() / 3;
      return recordWith({ stock: { total_boot: noisy(40 * slow) }, 'docker-min': { total_boot: noisy(30 * slow) } });
    };
    const verdicts = Array.from({ length: 300 }, () => compared(one(), one()).verdict);
    expect(verdicts.filter((verdict) => ['better', 'worse'].includes(verdict)).length / 300).toBeLessThanOrEqual(0.05);
  });
});

describe('two runs without a common baseline', () => {
  const parts: RecordParts = { baselineSha256: 'another' };
  test('leave room for 5 % of drift before a difference counts', () => {
    expect(compared(run(40, 30), run(40, 31.4, parts))).toMatchObject({ method: 'direct', verdict: 'undecided' });
    expect(compared(run(40, 30), run(40, 31.4, parts)).reason).toMatch(/not beyond 5\.0 % of drift between the runs/);
    expect(compared(run(40, 30), run(40, 33, parts)).verdict).toBe('worse');
    expect(compared(run(undefined, 30), run(undefined, 27)).verdict).toBe('better');
    expect(compared(run(40, 30), run(40, 30.2, parts)).verdict).toBe('same');
  });

  test('need next to none on the virtual clock, which no machine bends', () => {
    const exactly = (sec: number) =>
      recordWith({ 'docker-min': { kernel_init: [sec, sec, sec * 1.00001, sec] } }, { clock: 'virtual' });
    expect(compared(exactly(0.42), exactly(0.43), 'kernel_init').verdict).toBe('worse');
    expect(compared(exactly(0.42), exactly(0.42), 'kernel_init').verdict).toBe('same');
  });

  test('are decided by two boots per arm on the virtual clock, whatever CPU the host has', () => {
    const twice = (sec: number, cpuModel: string) =>
      recordWith({ 'docker-min': { kernel_init: [sec, sec] } }, { clock: 'virtual', environment: { cpuModel } });
    expect(compared(twice(0.42, 'one'), twice(0.43, 'another'), 'kernel_init').verdict).toBe('worse');
    expect(compared(twice(0.42, 'one'), twice(0.42001, 'one'), 'kernel_init').verdict).toBe('same');
  });

  test('decide nothing with three boots', () => {
    const three = (sec: number) => recordWith({ 'docker-min': { total_boot: [sec, sec, sec] } });
    const row = compared(three(30), three(60));
    expect(row.verdict).toBe('undecided');
    expect(row.reason).toMatch(/^3 samples/);
  });
});

describe('runs are incomparable, with the reason,', () => {
  const cases: readonly (readonly [string, RecordParts, RegExp])[] = [
    ['on another accelerator', { environment: { accelerator: 'kvm' } }, /^different accelerator: tcg, then kvm$/],
    ['on another CPU', { environment: { cpuModel: 'Z80' } }, /^different CPU model: .*, then Z80$/],
    ['under another QEMU', { environment: { qemuVersion: '10.1' } }, /^different QEMU version/],
    ['with another guest', { environment: { guest: 'centos-7-minimal' } }, /^different guest/],
    ['with another boot loader', { environment: { boot: 'grub' } }, /^different boot loader: direct, then grub$/],
    ['with other vCPUs', { environment: { guestCpus: 7 } }, /^different vCPUs: 2, then 7$/],
    ['on another clock', { clock: 'virtual' }, /^different clock: wall, then virtual$/],
  ];
  for (const [name, parts, reason] of cases) {
    test(name, () => {
      const row = compared(run(40, 30), run(40, 30, parts));
      expect(row).toMatchObject({ verdict: 'incomparable', ratio: null, p: null });
      expect(row.reason).toMatch(reason);
    });
  }

  test('but files keep their size on any machine', () => {
    const row = compared(run(40, 30), run(40, 30, { environment: { cpuModel: 'Z80' } }), 'kernel_size');
    expect(row).toMatchObject({ verdict: 'same', method: 'exact' });
  });

  test('where a ratio would be no number that JSON has', () => {
    const tiny = (clock: 'wall' | 'virtual', stockSec: number): RunRecord =>
      recordWith({ stock: { total_boot: around(stockSec) }, 'docker-min': { total_boot: around(1e-320) } }, { clock });
    for (const clock of ['wall', 'virtual'] as const) {
      const row = compared(tiny(clock, 40), run(40, 30, { clock }));
      expect(row).toMatchObject({ verdict: 'incomparable', ratio: null, ci95: null });
      expect(row.reason).toContain('of which no ratio can be taken');
      const bridged = compared(run(1e-320, 30, { clock }), run(40, 30, { clock }));
      expect(() => jsonText(bridged)).not.toThrow();
    }
  });

  test('where a metric changed its end points, or one side has none', () => {
    const withScore = (record: RunRecord, endPoints: string): RunRecord => ({
      ...record,
      scores: [
        {
          ...{ metric: 'total_boot', unit: 's', ratio: 1, ci95: [1, 1], p: 1, verdict: 'same', reason: '', endPoints },
          baseline: { arm: 'stock', median: 1, samples: [1] },
          candidate: { arm: 'docker-min', median: 1, samples: [1] },
        },
      ],
    });
    const row = compared(withScore(run(40, 30), 'start → ready'), withScore(run(40, 30), 'start → login'));
    expect(row.reason).toBe('different end points: start → ready; then start → login');
    expect(compared(run(40, 30), recordWith({ 'docker-min': { kernel_size: [1] } })).reason).toBe(
      'no samples of docker-min in a',
    );
  });
});

test('the comparison is shown with every reason, on the terminal and in Markdown, and passes no markup on', () => {
  const comparison = compareRuns(
    { record: run(40, 30), arm: 'docker-min' },
    { record: run(40, 36, { id: '<b>|x\u001b[2J' }), arm: 'docker-min' },
    METRICS,
  );
  const terminal = comparisonTable(comparison, false);
  expect(terminal).toContain('Total boot: worse: 20.0 % higher relative to stock');
  expect(terminal).not.toContain('\u001b');
  expect(comparisonTable(comparison, true)).toContain('\u001b[31mworse');
  const markdown = comparisonMarkdown(comparison);
  expect(markdown).toMatch(/\| Total boot \|.*\| bridged \| worse \|/);
  expect(markdown).not.toContain('<b>');
});

import { describe, expect, test } from 'vitest';
import { disagreement, judgeDeterministic, VIRTUAL_AGREEMENT } from '../../src/stats/deterministic.ts';

describe('judging samples that repeat', () => {
  test('finds a difference of 20 µs in a second, which no wall clock could', () => {
    const judged = judgeDeterministic([1, 1], [0.99998, 0.99998], 'lower');
    expect(judged.verdict).toBe('better');
    expect(judged.p).toBeNull();
    expect(judged.ci95[0]).toBeGreaterThan(1);
  });

  test('calls arms that differ by less than the log can show the same', () => {
    expect(judgeDeterministic([1, 1], [1.000001, 1.000001], 'lower').verdict).toBe('same');
  });

  test('turns the verdict with what is better', () => {
    expect(judgeDeterministic([1, 1], [2, 2], 'lower').verdict).toBe('worse');
    expect(judgeDeterministic([1, 1], [2, 2], 'higher').verdict).toBe('better');
  });

  test('decides nothing on samples that do not repeat, and says so', () => {
    const judged = judgeDeterministic([1, 1 + 2 * VIRTUAL_AGREEMENT], [0.5, 0.5], 'lower');
    expect(judged.verdict).toBe('undecided');
    expect(judged.reason).toContain('not deterministic');
  });

  test('has a finite interval for a time that the log rounds to its least step', () => {
    const { ci95 } = judgeDeterministic([0.000_005, 0.000_005], [0.000_001, 0.000_001], 'lower');
    expect(ci95.every(Number.isFinite)).toBe(true);
    expect(ci95[0]).toBeCloseTo(2);
    expect(ci95[1]).toBeCloseTo(6000);
  });

  test('decides nothing on one boot an arm', () => {
    expect(judgeDeterministic([1], [0.5], 'lower').verdict).toBe('undecided');
  });

  test('takes a single step of the log for its rounding, however short the time', () => {
    expect(disagreement([0.000_05, 0.000_051])).toBe(0);
    expect(disagreement([0.003_53, 0.003_531])).toBe(0);
    expect(disagreement([0, 0])).toBe(0);
    expect(judgeDeterministic([0.000_05, 0.000_051], [0.000_09, 0.000_09], 'lower').verdict).toBe('worse');
  });

  test('measures disagreement as a share of the median', () => {
    expect(disagreement([2, 2.001])).toBeCloseTo(0.0005, 5);
    expect(disagreement([2])).toBe(0);
  });
});

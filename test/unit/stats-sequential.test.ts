import { describe, expect, test } from 'vitest';
import { normalCdf, normalQuantile } from '../../src/stats/normal.ts';
import { planLooks } from '../../src/stats/sequential.ts';
import type { Spending } from '../../src/stats/sequential.ts';

/** Lan and DeMets, each side spending half of alpha: 2 (1 - Phi(z(alpha/4) / sqrt t)) twice. */
const obrienFleming: Spending = (t, alpha) => 4 * (1 - normalCdf(normalQuantile(1 - alpha / 4) / Math.sqrt(t)));

const zOf = (nominalP: number): number => normalQuantile(1 - nominalP / 2);

describe('the boundary of a sequential test', () => {
  // Five equal looks, two-sided 0.05, as the program of Lan and DeMets gives them (R: ldbounds::ldBounds, iuse 1 and 2).
  // So many boots a look that no step of the permutation test is coarser than the boundary.
  const counts = [40, 80, 120, 160, 200];
  test('is the published one where error is spent late', () => {
    const z = planLooks(counts, 0.05, obrienFleming).map(({ nominalP }) => zOf(nominalP));
    [4.8769, 3.3569, 2.6803, 2.2898, 2.031].forEach((published, look) => {
      expect(z[look]).toBeCloseTo(published, 2);
    });
  });

  test('is the published one where error is spent early', () => {
    const z = planLooks(counts, 0.05).map(({ nominalP }) => zOf(nominalP));
    [2.438, 2.4268, 2.4101, 2.3966, 2.3859].forEach((published, look) => {
      expect(z[look]).toBeCloseTo(published, 2);
    });
  });

  test('of one look is the plain 5 %', () => {
    expect(planLooks([10], 0.05)[0]?.nominalP).toBeCloseTo(0.05, 5);
  });

  test('spends nothing at a look that cannot reject, and all of 5 % in the end', () => {
    const looks = planLooks([2, 4, 6, 8, 10, 12, 14, 16, 18, 20], 0.05);
    expect(looks.map(({ canReject }) => canReject)).toEqual([false, false, ...new Array<boolean>(8).fill(true)]);
    expect(looks[1]?.spentAlpha).toBe(0);
    // What the first two could not spend is the third's: alpha ln(1 + (e - 1) 0.3).
    expect(looks[2]?.nominalP).toBeCloseTo(0.05 * Math.log(1 + (Math.E - 1) * 0.3), 5);
    expect(looks.at(-1)?.spentAlpha).toBeCloseTo(0.05, 10);
  });
});

describe('the normal distribution', () => {
  test('has its tabulated values', () => {
    expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 12);
    expect(normalCdf(-3)).toBeCloseTo(0.001349898031630095, 14);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 9);
    expect([normalCdf(-9), normalCdf(0), normalCdf(9)]).toEqual([0, 0.5, 1]);
  });
});

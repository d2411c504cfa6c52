import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startsInRound } from '../../src/pipeline/bench-work.ts';

test('fifty container starts, half of them cold, are spread over the rounds and never become more', () => {
  expect([0, 1, 2, 3].map((round) => startsInRound(50, 4, round))).toEqual([7, 6, 6, 6]);
});

test('every session has a start, and rounds differ by one at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 50 }), (times, rounds) => {
      const starts = Array.from({ length: rounds }, (_, round) => startsInRound(times, rounds, round));
      expect(Math.min(...starts)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...starts) - Math.min(...starts)).toBeLessThanOrEqual(1);
      const total = starts.reduce((sum, one) => sum + one, 0);
      expect(total).toBe(Math.max(Math.ceil(times / 2), rounds));
    }),
  );
});

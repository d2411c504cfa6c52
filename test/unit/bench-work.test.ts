import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startsInRound, watchedMinutes } from '../../src/pipeline/plan/bench-work.ts';

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

test('package-install is watched for two minutes alone and for one beside others, unless profile or user say otherwise', () => {
  const alone = { workloads: ['package-install'] } as const;
  const all = { workloads: ['package-install', 'cpu'] } as const;
  expect([watchedMinutes(undefined, alone), watchedMinutes(undefined, all)]).toEqual([2, 1]);
  expect([watchedMinutes(3, alone), watchedMinutes(3, { ...all, minutes: 10 })]).toEqual([3, 10]);
});

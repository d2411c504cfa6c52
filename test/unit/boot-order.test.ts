import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { benchOrder } from '../../src/pipeline/plan/bench-order.ts';
import { bootOrder } from '../../src/pipeline/plan/boot-order.ts';

describe('the order of measured boots', () => {
  test('is A B B A for two arms', () => {
    expect(bootOrder(['a', 'b'], 4).map((boot) => boot.arm)).toEqual(['a', 'b', 'b', 'a', 'a', 'b', 'b', 'a']);
  });

  test('gives every arm as many boots as were asked for, under ids that never repeat', () => {
    const arms = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(arms, fc.integer({ min: 1, max: 30 }), (names, boots) => {
        const order = bootOrder(names, boots);
        expect(new Set(order.map((boot) => boot.id)).size).toBe(names.length * boots);
        for (const name of names) expect(order.filter((boot) => boot.arm === name)).toHaveLength(boots);
      }),
    );
  });

  test('puts a steady drift on both arms alike when the number of boots is even', () => {
    const order = bootOrder(['a', 'b'], 6);
    const drift = (arm: string): number => order.filter((b) => b.arm === arm).reduce((sum, b) => sum + b.order, 0);
    expect(drift('a')).toBe(drift('b'));
  });
});

describe('the order of sessions', () => {
  test('has every place once a round, there and back', () => {
    expect(benchOrder(['a', 'b', 'host'], 2).map(({ id }) => id)).toEqual([
      'bench:00:a',
      'bench:01:b',
      'bench:02:host',
      'bench:03:host',
      'bench:04:b',
      'bench:05:a',
    ]);
  });

  test('begins with measured boots where those were asked for, numbered and interleaved as if they were alone', () => {
    const sessions = benchOrder(['a', 'b', 'host'], 4, ['a', 'b']);
    expect(sessions.flatMap(({ boot }) => boot ?? [])).toEqual(bootOrder(['a', 'b'], 4));
    for (const { place, boot } of sessions) expect(boot?.arm).toBe(place === 'host' ? undefined : place);
  });
});

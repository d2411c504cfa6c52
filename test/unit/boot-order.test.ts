import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootOrder } from '../../src/pipeline/boot-order.ts';

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

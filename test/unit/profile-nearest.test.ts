import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/profile/nearest.ts';
import { editDistance } from '../../src/text/edit-distance.ts';

const profiles = ['docker-min', 'stock', 'smoke'];

describe('nearest', () => {
  test('finds a word with a missing, added, wrong or swapped letter', () => {
    expect(nearest('docker-mn', profiles)).toBe('docker-min');
    expect(nearest('stocck', profiles)).toBe('stock');
    expect(nearest('stuck', profiles)).toBe('stock');
    expect(nearest('somke', profiles)).toBe('smoke');
    expect(nearest('VIRTOI_BLK', ['VIRTIO_NET', 'VIRTIO_BLK'])).toBe('VIRTIO_BLK');
  });

  test('takes no notice of case', () => {
    expect(nearest('Docker-Min', profiles)).toBe('docker-min');
  });

  test('completes a word that begins exactly one candidate', () => {
    expect(nearest('docker', profiles)).toBe('docker-min');
    expect(nearest('docker', ['docker-min', 'docker-max'])).toBeUndefined();
  });

  test('suggests nothing rather than something unlike', () => {
    expect(nearest('ubuntu', profiles)).toBeUndefined();
    expect(nearest('a', ['b'])).toBeUndefined();
    expect(nearest('', profiles)).toBeUndefined();
    expect(nearest('stock', [])).toBeUndefined();
  });

  test('prefers the nearer, and the first of equally near ones', () => {
    expect(nearest('CONFIG_VET', ['CONFIG_VETO', 'CONFIG_VETH'])).toBe('CONFIG_VETO');
    expect(nearest('VETH', ['VETO', 'VETH'])).toBe('VETH');
  });
});

describe('editDistance', () => {
  test('counts a swap of neighbours as one edit', () => {
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  test('is symmetric, zero only for equal words, and within the lengths', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

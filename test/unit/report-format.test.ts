import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, formatInstant, formatRatio, formatSeconds, spreadOf } from '../../src/report/text/format.ts';
import { durationText } from '../../src/text/duration.ts';
import { pCell, pText } from '../../src/text/p-value.ts';
import { metricName } from '../../src/report/text/metric-names.ts';

describe('seconds', () => {
  test('have three decimals when nothing is known of their spread', () => {
    expect(formatSeconds(0.818967)).toBe('0.819 s');
    expect(formatSeconds(47.71536)).toBe('47.715 s');
    expect(formatSeconds(0)).toBe('0.000 s');
  });

  test('keep three significant digits below a tenth of a second', () => {
    expect(formatSeconds(0.041139)).toBe('0.0411 s');
    expect(formatSeconds(0.000204)).toBe('0.000204 s');
    expect(formatSeconds(0.0000019)).toBe('0.000002 s');
  });

  test('lose the decimals that the spread makes meaningless', () => {
    expect(formatSeconds(46.167, 1.1)).toBe('46.2 s');
    expect(formatSeconds(46.167, 14)).toBe('46 s');
    expect(formatSeconds(46.167, 0.2)).toBe('46.17 s');
  });

  test('gain decimals only where samples agree to a thousandth', () => {
    expect(formatSeconds(0.420217, 0.00002)).toBe('0.420217 s');
    expect(formatSeconds(0.420217, 0.002)).toBe('0.420 s');
  });

  test('that do not exist are said to be not found, never zero', () => {
    expect(formatSeconds(Number.NaN)).toBe('not found');
    expect(formatBytes(Number.NaN)).toBe('not found');
  });
});

test('bytes are shown in the unit that keeps them below 1024', () => {
  expect(formatBytes(512)).toBe('512 B');
  expect(formatBytes(1536)).toBe('1.5 KiB');
  expect(formatBytes(2_936_832)).toBe('2.8 MiB');
  expect(formatBytes(20 * 1024 ** 3)).toBe('20.0 GiB');
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (bytes) => {
      expect(formatBytes(bytes)).not.toContain('1024.0');
    }),
  );
});

describe('ratios', () => {
  test('have two decimals, and fewer when they are large', () => {
    expect(formatRatio(1.7179).ratio).toBe('1.72×');
    expect(formatRatio(22.34).ratio).toBe('22.3×');
    expect(formatRatio(105.3).ratio).toBe('105×');
    expect(formatRatio(Number.NaN, [Number.NaN, Number.NaN])).toEqual({ ratio: 'no ratio', interval: 'none' });
  });

  test('never round a bound that excludes 1 onto 1', () => {
    expect(formatRatio(1.006, [1.002, 1.011])).toEqual({ ratio: '1.006×', interval: '1.002 – 1.011' });
    const bound = fc.double({ min: 0.2, max: 9, noNaN: true });
    fc.assert(
      fc.property(bound, bound, (a, b) => {
        const low = Math.min(a, b);
        const high = Math.max(a, b);
        fc.pre(low > 1.0001);
        const shown = formatRatio((low + high) / 2, [low, high]).interval;
        expect(Number(shown.split(' – ')[0])).toBeGreaterThan(1);
      }),
    );
  });
});

test('p is exact, a figure, a bound or not tested, in words', () => {
  expect(pCell(null)).toBe('exact');
  expect(pCell(2 / 252)).toBe('0.008');
  expect(pCell(0.0004)).toBe('< 0.001');
  expect(pCell(Number.NaN)).toBe('not tested');
  expect([pText(2 / 252), pText(0.00034)]).toEqual(['p = 0.008', 'p = 3.4e-4']);
});

test('durations and instants read as a person would say them', () => {
  expect(durationText(0.412)).toBe('412 ms');
  expect(durationText(59.99)).toBe('1 min 00 s');
  expect(durationText(528.4)).toBe('8 min 48 s');
  expect(durationText(7260)).toBe('2 h 01 min');
  expect(formatInstant('2026-05-04T09:12:33.120Z')).toBe('2026-05-04 09:12:33 UTC');
  expect(formatInstant('yesterday')).toBe('yesterday');
});

test('the spread of one sample is unknown, not zero', () => {
  expect(spreadOf([3])).toBeUndefined();
  expect(spreadOf([3, 5, 4])).toBe(2);
});

test('a metric without a name of its own is shown in its own words', () => {
  expect(metricName('kernel_init')).toBe('Kernel init');
  expect(metricName('context_switches')).toBe('Context switches');
  expect(metricName('constructor')).toBe('Constructor');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factorialLedger } from '../../src/stats/factorial.ts';
import type { Cell } from '../../src/stats/factorial.ts';
import { createRandom } from '../../src/stats/random.ts';

const FACTORS = ['config', 'initrd', 'rtc'];

/** Every feasible cell of a model: `time` says how long a boot with these changes takes. */
function cellsOf(time: (on: readonly string[]) => number, samples = 2): Cell[] {
  const subsets = FACTORS.reduce<string[][]>((all, factor) => [...all, ...all.map((one) => [...one, factor])], [[]]);
  return subsets
    .filter((on) => !on.includes('rtc') || on.includes('config'))
    .map((on) => ({ on, samples: Array.from({ length: samples }, () => time(on)) }));
}

const saving = { config: 2, initrd: 0.5, rtc: 0 } as const;
const additive = (on: readonly string[]): number =>
  5 - (on.includes('config') ? saving.config : 0) - (on.includes('initrd') ? saving.initrd : 0);

describe('factorialLedger', () => {
  test('gives changes that add up back as they were put in, with no interaction', () => {
    const ledger = factorialLedger(FACTORS, cellsOf(additive), { resolutionSec: 1e-6 });
    for (const { factor, effectSec, shareSec, lastSec } of ledger.factors) {
      const known = Object.entries(saving).find(([name]) => name === factor)?.[1];
      expect(effectSec).toBeCloseTo(known ?? Number.NaN, 9);
      expect(shareSec).toBeCloseTo(known ?? Number.NaN, 9);
      // Without the kernel there is no patch, so the kernel cannot come last.
      if (factor === 'config') expect(lastSec).toBeNull();
      else expect(lastSec).toBeCloseTo(known ?? Number.NaN, 9);
    }
    expect(ledger.interactions.map(({ verdict }) => verdict)).toEqual(['undecided', 'undecided']);
  });

  test('says of a change without effect that it cannot be told from zero', () => {
    const ledger = factorialLedger(FACTORS, cellsOf(additive), { resolutionSec: 1e-6 });
    const rtc = ledger.factors.find(({ factor }) => factor === 'rtc');
    expect(rtc?.verdict).toBe('undecided');
    expect(rtc?.aloneSec).toBeNull();
    expect(rtc?.contexts).toBe(2);
  });

  test('where samples repeat, asks for one sign in every combination', () => {
    const layout = (on: readonly string[]): number =>
      additive(on) + (on.includes('rtc') ? (on.includes('initrd') ? 15e-6 : -2e-6) : 0);
    const rtc = factorialLedger(FACTORS, cellsOf(layout), { resolutionSec: 1e-6 }).factors.find(
      ({ factor }) => factor === 'rtc',
    );
    expect(rtc?.effectSec).toBeCloseTo(-6.5e-6, 9);
    expect(rtc?.verdict).toBe('undecided');
    expect(rtc?.reason).toContain('its sign depends on the other changes');
  });

  test('on the virtual clock too, tells nothing of cells that were booted once or do not repeat', () => {
    const judged = (samples: readonly number[]) =>
      factorialLedger(
        ['initrd'],
        [
          { on: [], samples },
          { on: ['initrd'], samples: [1, 1] },
        ],
        { resolutionSec: 1e-6 },
      );
    expect(judged([2, 2]).total.verdict).toBe('saves');
    expect(judged([2]).total.verdict).toBe('undecided');
    expect(judged([2]).total.reason).toMatch(/one boot/);
    expect(judged([2, 2.1]).total.verdict).toBe('undecided');
    expect(judged([2, 2.1]).total.reason).toMatch(/not deterministic/);
  });

  test('finds an interaction where two changes save the same milliseconds', () => {
    const either = (on: readonly string[]): number => (on.includes('config') || on.includes('initrd') ? 3 : 5);
    const ledger = factorialLedger(FACTORS, cellsOf(either), { resolutionSec: 1e-6 });
    const both = ledger.interactions.find(({ factors }) => factors.join() === 'config,initrd');
    expect(both?.effectSec).toBeCloseTo(-2, 9);
    expect(ledger.factors.map(({ shareSec }) => shareSec)).toEqual([
      expect.closeTo(4 / 3, 9),
      expect.closeTo(2 / 3, 9),
      expect.closeTo(0, 9),
    ]);
  });

  test('shares sum to the whole saving, whatever the cells say', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 6, maxLength: 6 }), (times) => {
        let next = 0;
        const cells = cellsOf(() => 1).map((cell) => ({ ...cell, samples: [times[next++] ?? 1] }));
        const ledger = factorialLedger(FACTORS, cells, { resolutionSec: 0 });
        const sum = ledger.factors.reduce((total, { shareSec }) => total + shareSec, 0);
        expect(sum).toBeCloseTo(ledger.totalSec, 6);
      }),
    );
  });

  test('with noise, tells a large effect from zero, and of a small one says what it would take', () => {
    const random = createRandom(7);
    const noisy = (on: readonly string[]): number => additive(on) * (1 + 0.02 * (random() - 0.5));
    const ledger = factorialLedger(
      FACTORS,
      cellsOf(additive).map(({ on }) => ({ on, samples: Array.from({ length: 8 }, () => noisy(on)) })),
    );
    const [config, initrd, rtc] = ledger.factors;
    expect(config?.verdict).toBe('saves');
    expect(initrd?.verdict).toBe('saves');
    expect(rtc?.verdict).toBe('undecided');
    expect(rtc?.reason).toMatch(/to see 1 ms at this noise takes about \d+ boots per cell/);
  });

  test('with no effect at all, at most 7 % of intervals miss zero', () => {
    const random = createRandom(11);
    let missed = 0;
    const runs = 150;
    for (let run = 0; run < runs; run += 1) {
      const cells = cellsOf(() => 1).map(({ on }) => ({
        on,
        samples: Array.from({ length: 6 }, () => 1 + 0.02 * (random() + random() + random() - 1.5)),
      }));
      if (factorialLedger(FACTORS, cells, { seed: run }).factors[0]?.verdict !== 'undecided') missed += 1;
    }
    expect(missed / runs).toBeLessThanOrEqual(0.07);
  });

  test('with fewer than four noisy boots per cell tells nothing', () => {
    const ledger = factorialLedger(FACTORS, cellsOf(additive, 3));
    expect(ledger.total.verdict).toBe('undecided');
    expect(ledger.total.reason).toContain('fewer than 4');
  });
});

import { describe, expect, test } from 'vitest';
import type { BootSummary } from '../../src/model/boots/boot.ts';
import type { RunRecord } from '../../src/model/record.ts';
import { hostReadyWords } from '../../src/progress/reporter.ts';
import { medianBoot } from '../../src/report/rows/median-boot.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';

const [fixtureBoot] = fixtureRecord.boots;
if (fixtureBoot === undefined) throw new Error('the fixture has no boot');
const ONE = fixtureBoot;

const excluded = [{ metric: 'total_boot_host', value: 1, reason: 'it stood still' }];

/** A record whose boots have no figure but when they were ready on the host's clock. */
function recordOf(boots: readonly (Pick<BootSummary, 'hostReadySec'> & Partial<BootSummary>)[]): RunRecord {
  const whole = boots.map((boot, order): BootSummary => ({ ...ONE, arm: 'stock', order, metrics: {}, ...boot }));
  return { ...fixtureRecord, boots: whole };
}

describe('a figure on the host’s clock that does not count', () => {
  test('is marked where the terminal shows when a boot was ready', () => {
    const boot = { arm: 'stock', hostReadySec: 148.52 };
    expect(hostReadyWords(boot)).toBe('stock 148.5 s');
    expect(hostReadyWords({ ...boot, excluded })).toBe('stock 148.5 s (does not count)');
  });

  test('gives a boot no place among an arm’s boots', () => {
    const boots = [{ hostReadySec: 10 }, { hostReadySec: 12 }, { hostReadySec: 11, excluded }];
    expect(medianBoot(recordOf(boots), 'stock')).toMatchObject({
      boot: { hostReadySec: 10 },
      basis: 'ready on the host clock',
      boots: 3,
    });
  });

  test('orders nothing where no boot has another: the middle one of the run stands for the arm', () => {
    const boots = [
      { hostReadySec: 20, excluded },
      { hostReadySec: 30, excluded },
      { hostReadySec: 10, excluded },
    ];
    expect(medianBoot(recordOf(boots), 'stock')).toMatchObject({ boot: { order: 1 }, basis: 'order' });
  });

  test('does not keep a boot from being the median by the guest’s clock', () => {
    const metrics = { total_boot: 9 };
    expect(medianBoot(recordOf([{ hostReadySec: 10, excluded, metrics }]), 'stock')).toMatchObject({
      basis: 'total boot',
    });
  });
});

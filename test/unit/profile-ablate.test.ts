import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ablate } from '../../src/profile/ablate.ts';
import { FACTORS, profileSchema } from '../../src/profile/schema.ts';
import type { Profile } from '../../src/profile/schema.ts';

const dockerMin = (): Profile => profileSchema.parse(parse(readFileSync('pipelines/docker-min.yaml', 'utf8')));

describe('ablate', () => {
  test('makes one arm for every combination in which the RTC patch has a kernel to be in', () => {
    const { arms, ablation } = ablate(dockerMin(), FACTORS);
    expect(Object.keys(arms)).toHaveLength(12);
    for (const cell of Object.values(ablation?.cells ?? {})) {
      if (cell.includes('rtc')) expect(cell).toContain('config');
    }
  });

  test('keeps both ends as the profile has them, and only them in their roles', () => {
    const profile = dockerMin();
    const { arms } = ablate(profile, FACTORS);
    expect(arms.stock).toEqual(profile.arms.stock);
    expect(arms['docker-min']?.role).toBe('candidate');
    expect(arms['docker-min']?.cmdline).toEqual(profile.arms['docker-min']?.cmdline);
    const roles = Object.entries(arms).flatMap(([name, { role }]) => (role === 'variant' ? [] : [name]));
    expect(roles).toEqual(['stock', 'docker-min']);
  });

  test('needs no more kernels than the patch makes', () => {
    const { arms } = ablate(dockerMin(), FACTORS);
    const built = Object.values(arms).flatMap(({ kernel }) => (kernel === 'stock' ? [] : [kernel]));
    expect(new Set(built.map((kernel) => JSON.stringify(kernel))).size).toBe(2);
    expect(new Set(built.map((kernel) => kernel.name))).toEqual(new Set(['docker-min', 'docker-min-no-rtc']));
  });

  test('leaves what is not among the factors as the candidate has it', () => {
    const { arms } = ablate(dockerMin(), ['cmdline']);
    const kernels = Object.values(arms).map(({ kernel, initrd }) => [kernel === 'stock', initrd]);
    expect(kernels).toEqual([
      [false, 'busybox'],
      [false, 'busybox'],
    ]);
  });

  test('comes out as a profile that can be written, read and run again', () => {
    const derived = ablate(dockerMin(), FACTORS);
    expect(profileSchema.parse(parse(stringify(derived)))).toEqual(derived);
  });

  test('refuses a factor that does not differ, and says which do', () => {
    const profile = dockerMin();
    const stock = profile.arms.stock;
    const candidate = profile.arms['docker-min'];
    if (stock === undefined || candidate === undefined) throw new Error('docker-min has both arms');
    const same: Profile = { ...profile, arms: { stock, 'docker-min': { ...candidate, cmdline: stock.cmdline } } };
    expect(() => ablate(same, ['cmdline'])).toThrow(/cmdline is the same in stock and docker-min/);
  });

  test('refuses to boot the stock kernel with an initrd in the old style', () => {
    const profile = dockerMin();
    const candidate = profile.arms['docker-min'];
    if (candidate === undefined) throw new Error('docker-min has a candidate');
    const old: Profile = {
      ...profile,
      arms: { ...profile.arms, 'docker-min': { ...candidate, initrd: 'busybox-image' } },
    };
    expect(() => ablate(old, ['config', 'initrd'])).toThrow(/cannot run one in the old style/);
    expect(Object.values(ablate(old, ['initrd', 'cmdline']).arms)).toHaveLength(4);
  });

  test.each([
    [['config', 'initrd'], 'busybox', /kernel with the stock initrd/],
    [['config'], 'distribution', /an initrd that the distribution made/],
  ] as const)('refuses to take %j apart where base and initrd %s need each other', (factors, initrd, words) => {
    const profile = dockerMin();
    const candidate = profile.arms['docker-min'];
    if (candidate === undefined || candidate.kernel === 'stock') throw new Error('docker-min builds a kernel');
    const kernel = { ...candidate.kernel, base: 'distribution' as const };
    const arms = { ...profile.arms, 'docker-min': { ...candidate, kernel, initrd } };
    expect(() => ablate({ ...profile, arms }, factors)).toThrow(words);
  });

  test('refuses a profile without a pair', () => {
    const profile = dockerMin();
    const { stock } = profile.arms;
    if (stock === undefined) throw new Error('docker-min has a stock arm');
    expect(() => ablate({ ...profile, arms: { stock } }, ['initrd'])).toThrow(/no pair to ablate/);
  });
});

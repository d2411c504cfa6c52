import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { whyUnfit } from '../../src/pipeline/plan/guest-fit.ts';
import { armNotMadeFor, profileFor } from '../../src/profile/for-guest.ts';
import { parseDefinition } from '../../src/profile/load.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import type { Profile } from '../../src/profile/schema.ts';

const profile = (name: string): Profile =>
  parseDefinition(profileSchema, name, readFileSync(`pipelines/${name}.yaml`, 'utf8'));

function kernelOf(from: Profile, arm: string) {
  const kernel = from.arms[arm]?.kernel;
  if (kernel === undefined || kernel === 'stock') throw new Error(`${arm} builds no kernel`);
  return kernel;
}

describe('a profile on a guest', () => {
  const own = kernelOf(profile('docker-min'), 'docker-min');

  test('is as it was written where it has nothing for that guest', () => {
    const there = profileFor(profile('docker-min'), 'debian-12-minimal');
    const { guests, ...rest } = own;
    expect(guests).toBeDefined();
    expect(kernelOf(there, 'docker-min')).toEqual(rest);
    expect(there.cmdline).toEqual(profile('docker-min').cmdline);
  });

  test('takes that guest’s source, fragments and parameters', () => {
    const there = profileFor(profile('docker-min'), 'centos-7-minimal');
    const kernel = kernelOf(there, 'docker-min');
    expect(JSON.stringify(kernel.source)).toContain('linux-4.10.11.tar.xz');
    expect(kernel.fragments).toEqual([...own.fragments, 'xfs', 'cgroup-v1']);
    expect(kernel.patches).toEqual(['rtc-no-sync']);
    expect(there.cmdline.at(-1)).toBe('enforcing=0');
    expect(whyUnfit('centos', there, {})).toBeUndefined();
  });

  test('lets that guest’s symbols override, and adds to the others', () => {
    const guests = { 'centos-7-minimal': { fragments: [], symbols: { B: 'm' } } };
    const arm = { role: 'candidate', initrd: 'busybox', kernel: { ...own, symbols: { A: 'y', B: 'y' }, guests } };
    const parsed = profileSchema.parse({ name: 'p', description: 'p', arms: { arm } });
    expect(kernelOf(profileFor(parsed, 'centos-7-minimal'), 'arm').symbols).toEqual({ A: 'y', B: 'm' });
    expect(kernelOf(profileFor(parsed, 'centos-7-minimal'), 'arm').source).toEqual(own.source);
  });

  test('is moved there unasked only when every kernel that it builds is made for it', () => {
    expect(armNotMadeFor(profile('docker-min'), 'centos-7-minimal')).toBeUndefined();
    expect(armNotMadeFor(profile('stock'), 'centos-7-minimal')).toBeUndefined();
    expect(armNotMadeFor(profile('printk-off'), 'centos-7-minimal')).toBe('docker-min');
  });
});

describe('thesis-2017', () => {
  const thesis = profile('thesis-2017');

  test('builds one release, pinned once, from the distribution’s configuration in every arm', () => {
    const kernels = Object.keys(thesis.arms).map((arm) => kernelOf(thesis, arm));
    expect(new Set(kernels.map(({ source }) => JSON.stringify(source))).size).toBe(1);
    expect(kernels.map(({ base }) => base)).toEqual(kernels.map(() => 'distribution'));
    // The pin of thesis-figures.json.
    expect(kernels[0]?.source).toMatchObject({
      sha256: '1191e7dff210677b1fca8e0ab8e9e8cc50a6d8fa4f92e7fb3725439b5b2362fe',
    });
  });

  test('is the same on Debian, with the kernel of its own package', () => {
    const there = profileFor(thesis, 'debian-12-minimal');
    for (const arm of Object.keys(thesis.arms)) {
      const { guests, ...own } = kernelOf(thesis, arm);
      expect(guests).toBeDefined();
      expect(kernelOf(there, arm)).toEqual({ ...own, source: { package: 'linux-source-6.1' } });
    }
    expect(whyUnfit('debian', there, {})).toBeUndefined();
  });

  test('takes from "before" in "after" what section 4.3 names, and printk last of all', () => {
    const besides = (arm: string, other: string): readonly string[] =>
      kernelOf(thesis, arm).fragments.filter((one) => !kernelOf(thesis, other).fragments.includes(one));
    expect(besides('before', 'after')).toEqual([]);
    expect(besides('after', 'before').every((one) => /^thesis-\d-\d|^rtc-class-off$/.test(one))).toBe(true);
    expect(besides('after', 'after-rtc-patch')).toEqual(['rtc-class-off']);
    expect(kernelOf(thesis, 'after-rtc-patch').patches).toEqual(['rtc-no-sync']);
    expect(besides('printk-off', 'after')).toEqual(['thesis-5-1-3-printk-off']);
    expect(Object.keys(thesis.arms).at(-1)).toBe('printk-off');
  });
});

describe('an arm', () => {
  const base = (kernel: unknown, initrd: string) =>
    profileSchema.safeParse({ name: 'p', description: 'p', arms: { arm: { role: 'candidate', kernel, initrd } } });
  const built = { source: { package: 'linux-source-6.1' }, base: 'distribution' };

  test('on a distribution’s configuration has an initrd, and the stock kernel none made for it', () => {
    expect(base(built, 'distribution').success).toBe(true);
    expect(base(built, 'busybox').success).toBe(true);
    expect(base(built, 'none').error?.issues[0]?.message).toContain('cannot boot without an initrd');
    expect(base('stock', 'distribution').error?.issues[0]?.message).toContain('expected stock or busybox');
  });
});

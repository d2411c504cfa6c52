import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { requestedBootMode } from '../../src/cli/flags/boot-mode.ts';
import { guestBootedBy } from '../../src/pipeline/plan/image.ts';
import { guestSchema } from '../../src/profile/guest-schema.ts';
import { profileSchema } from '../../src/profile/schema.ts';

const read = (file: string): unknown => parse(readFileSync(file, 'utf8'));
const profile = profileSchema.parse(read('pipelines/docker-min.yaml'));
const grubProfile = { ...profile, boot: 'grub' as const };

describe('how guests are booted', () => {
  test('is by QEMU unless the profile or the command line says otherwise, and the command line has the last word', () => {
    expect(requestedBootMode(profile, { clock: 'wall' })).toEqual({});
    expect(requestedBootMode(profile, { clock: 'wall', boot: 'grub' })).toEqual({ boot: 'grub' });
    expect(requestedBootMode(grubProfile, { clock: 'both' })).toEqual({ boot: 'grub' });
    expect(requestedBootMode(grubProfile, { clock: 'wall', boot: 'direct' })).toEqual({});
  });

  test.each([
    [{ clock: 'virtual' }, /virtual clock has none/],
    [{ clock: 'wall', collectHz: 25 }, /collector/],
    [{ clock: 'wall', keepKernel: 'docker-mni' }, /has no arm docker-mni; did you mean docker-min\?/],
  ] as const)('by GRUB goes not with %j', (flags, message) => {
    expect(() => requestedBootMode(grubProfile, flags)).toThrow(message);
  });

  test('by GRUB goes not with an arm that the collector watches', () => {
    const arms = Object.fromEntries(
      Object.entries(profile.arms).map(([name, arm]) => [name, { ...arm, collectHz: 25 }]),
    );
    expect(() => requestedBootMode({ ...grubProfile, arms }, { clock: 'wall' })).toThrow(/\(arm stock\)/);
  });

  test('a kernel is kept on a disk that has a boot loader, and on no other', () => {
    const flags = { clock: 'wall', keepKernel: 'docker-min' } as const;
    expect(requestedBootMode(grubProfile, flags)).toEqual({ boot: 'grub', keepKernel: 'docker-min' });
    expect(() => requestedBootMode(profile, flags)).toThrow(/--keep-kernel docker-min needs a boot loader/);
  });
});

describe('a guest that GRUB boots', () => {
  const debian = guestSchema.parse(read('vm-images/debian-12-minimal.yaml'));
  const centos = guestSchema.parse(read('vm-images/centos-7-minimal.yaml'));

  test('is on Debian another image, with GRUB and a partition', () => {
    const { packages, rootDevice } = guestBootedBy('grub', debian);
    expect(rootDevice).toBe('/dev/vda1');
    expect(packages).toEqual([...debian.packages, 'grub-pc-bin', 'grub2-common', 'e2fsprogs']);
  });

  test('is on CentOS the image that its installer makes', () => {
    expect(guestBootedBy('grub', centos)).toEqual(centos);
  });

  test('and without it every guest stays the image that is in caches', () => {
    for (const guest of [debian, centos]) expect(guestBootedBy(undefined, guest)).toBe(guest);
  });
});

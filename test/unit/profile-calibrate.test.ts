import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { calibrationOf, LOOKS } from '../../src/profile/calibrate.ts';
import { profileSchema } from '../../src/profile/schema.ts';

const dockerMin = () => profileSchema.parse(parse(readFileSync('pipelines/docker-min.yaml', 'utf8')));

describe('the profile of a calibration', () => {
  test('has the baseline twice with nothing between them, and once for every way of looking', () => {
    const { arms } = calibrationOf(dockerMin(), undefined);
    expect(Object.keys(arms)).toEqual(['a', 'b', ...LOOKS.map(({ name }) => name)]);
    expect({ ...arms.b, role: arms.a?.role }).toEqual(arms.a);
    for (const { name, cmdline } of LOOKS) {
      expect(arms[name]?.cmdline).toEqual([...(arms.a?.cmdline ?? []), ...cmdline]);
      expect(arms[name]?.role).toBe('variant');
    }
  });

  test('takes another arm by name, and its kernel under one name, so that it is built once', () => {
    const { arms } = calibrationOf(dockerMin(), 'docker-min');
    const names = Object.values(arms).map(({ kernel }) => (kernel === 'stock' ? 'stock' : kernel.name));
    expect(new Set(names)).toEqual(new Set(['docker-min']));
  });

  test('can be written, read and run again', () => {
    const derived = calibrationOf(dockerMin(), undefined);
    expect(profileSchema.parse(parse(stringify(derived)))).toEqual(derived);
  });

  test('refuses an arm that the collector has no place in', () => {
    const profile = dockerMin();
    const candidate = profile.arms['docker-min'];
    if (candidate === undefined) throw new Error('docker-min has a candidate');
    const arms = { ...profile.arms, old: { ...candidate, initrd: 'busybox-image' as const } };
    expect(() => calibrationOf({ ...profile, arms }, 'old')).toThrow(/cannot be calibrated/);
  });

  test('names the arms there are when the one asked for is not among them', () => {
    expect(() => calibrationOf(dockerMin(), 'dokcer-min')).toThrow(/has no arm dokcer-min/);
  });
});

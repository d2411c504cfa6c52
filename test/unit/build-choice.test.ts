import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { canBuild, isPeriodKernel, periodCompiler } from '../../src/kernel/toolchains.ts';
import { parseVersion } from '../../src/kernel/version.ts';
import type { KernelVersion } from '../../src/kernel/version.ts';
import {
  decideBuild,
  hostCompilers,
  planSites,
  sourceVersion,
  toolchainPackages,
} from '../../src/pipeline/plan/build-choice.ts';
import type { BuildQuestion } from '../../src/pipeline/plan/build-choice.ts';
import { parseDefinition } from '../../src/profile/load.ts';
import { profileSchema } from '../../src/profile/schema.ts';

const host = createHost();
const version = (text: string): KernelVersion => parseVersion(text) ?? { major: 0, minor: 0 };
const debian = { name: 'debian-12-minimal', family: 'debian' } as const;
const centos = { name: 'centos-7-minimal', family: 'centos' } as const;
const asking = (change: Partial<BuildQuestion>): BuildQuestion => ({
  asked: 'auto',
  version: version('4.10'),
  guest: centos,
  accelerator: 'kvm',
  ...change,
});

describe('auto builds', () => {
  test('a kernel of the time of the guest’s compiler in the guest, under KVM', () => {
    expect(decideBuild(asking({}))).toEqual({
      where: 'guest',
      reason: 'auto: gcc 4.8 of centos-7-minimal is of the time of Linux 4.10, and KVM works here',
    });
  });

  test('says that KVM has still to be tried where nothing was asked', () => {
    expect(decideBuild(asking({ accelerator: 'auto' }))).toMatchObject({ where: 'guest' });
    expect(decideBuild(asking({ accelerator: 'auto' })).reason).toContain('tried when the run begins');
  });

  test.each<[string, Partial<BuildQuestion>, RegExp]>([
    ['under TCG', { accelerator: 'tcg' }, /under TCG it would take hours$/],
    ['of a kernel that current compilers build', { version: version('6.1') }, /current compilers build Linux 6\.1$/],
    [
      'where the guest’s compiler is too new as well',
      { guest: debian },
      /gcc 12 of debian-12-minimal is not of the time/,
    ],
    ['of a source whose release nobody knows yet', { version: undefined }, /release is not known beforehand$/],
  ])('on the host %s', (_, change, reason) => {
    const choice = decideBuild(asking(change));
    expect(choice.where).toBe('host');
    expect(choice.reason).toMatch(reason);
  });
});

describe('what is asked for by name', () => {
  test('is done, whatever auto would do', () => {
    expect(decideBuild(asking({ asked: 'host' }))).toEqual({ where: 'host', reason: 'asked for' });
    const modern = { asked: 'guest', version: version('6.1'), guest: debian, accelerator: 'tcg' } as const;
    expect(decideBuild(modern)).toEqual({ where: 'guest', reason: 'asked for' });
  });

  test('is refused where the guest’s compiler cannot do it', () => {
    expect(() => decideBuild(asking({ asked: 'guest', version: version('6.1') }))).toThrow(
      'gcc 4.8 of centos-7-minimal cannot build Linux 6.1',
    );
    expect(() => decideBuild(asking({ asked: 'guest', version: version('3.10'), guest: debian }))).toThrow(
      'Linux 3.10',
    );
  });
});

describe('compilers', () => {
  test('of this day build current kernels, and those of their time the old ones', () => {
    expect([canBuild(12, version('6.1')), canBuild(12, version('4.10')), canBuild(4.8, version('4.10'))]).toEqual([
      true,
      false,
      true,
    ]);
    expect([canBuild(4.8, version('5.8')), canBuild(4.8, version('3.10')), canBuild(9, version('3.10'))]).toEqual([
      false,
      true,
      false,
    ]);
    expect(['3.10', '4.20', '5.0'].map((one) => isPeriodKernel(version(one)))).toEqual([true, true, false]);
  });

  test('for 4.10 on a current host are gcc 11 and what it has to be told; 6.1 needs none', () => {
    expect(periodCompiler(version('4.10'))).toEqual({
      package: 'gcc-11',
      makeVariables: ['HOSTCFLAGS=-fcommon', 'KCFLAGS=-fno-pie -fcf-protection=none'],
    });
    expect(periodCompiler(version('6.1'))).toBeUndefined();
  });
});

describe('the release of a source is told', () => {
  const spec = (source: Readonly<Record<string, string>>) => {
    const profile = profileSchema.parse({
      name: 'p',
      description: 'd',
      arms: { one: { role: 'candidate', kernel: { source }, initrd: 'busybox' } },
    });
    const kernel = profile.arms.one?.kernel;
    if (kernel === undefined || kernel === 'stock') throw new Error('no kernel');
    return kernel;
  };
  const digest = 'a'.repeat(64);

  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['a package', { package: 'linux-source-6.1' }, '6.1'],
    ['a tarball’s address', { tarball: 'https://cdn.kernel.org/pub/linux-4.10.11.tar.xz', sha256: digest }, '4.10'],
    ['no other name of a tarball', { tarball: '/srv/kernel.tar', sha256: digest }, undefined],
    ['no folder that is not there', { directory: '/nonexistent' }, undefined],
  ])('by %s', async (_, source, expected) => {
    expect(await sourceVersion(host, spec(source))).toEqual(expected === undefined ? undefined : version(expected));
  });
});

describe('the kernels of a profile', () => {
  const text = readFileSync('pipelines/docker-min.yaml', 'utf8');
  const profile = parseDefinition(profileSchema, 'docker-min', text);
  const period = parseDefinition(
    profileSchema,
    'period',
    text.replace('package: linux-source-6.1', `tarball: /srv/linux-4.10.11.tar.xz, sha256: ${'a'.repeat(64)}`),
  );

  test('are built on the host, with its own compiler, unless something else was asked', async () => {
    const sites = await planSites(host, profile, debian, { accelerator: 'auto' });
    expect([...sites].map(([arm, { planned }]) => [arm, planned.where])).toEqual([['docker-min', 'host']]);
    expect(hostCompilers([...sites.values()])).toEqual([]);
  });

  test('follow the command line before the profile', async () => {
    const own = { ...profile, build: 'guest' as const };
    const where = async (request: { build?: 'host' | 'auto' }) =>
      (await planSites(host, own, debian, { accelerator: 'tcg', ...request })).get('docker-min')?.planned.where;
    expect([await where({}), await where({ build: 'host' }), await where({ build: 'auto' })]).toEqual([
      'guest',
      'host',
      'host',
    ]);
  });

  test('of 4.10 are built by gcc 11 on a Debian host or in a Debian guest, and by its own compiler in CentOS', async () => {
    const sites = async (guest: typeof debian | typeof centos, build: 'auto' | 'guest') => [
      ...(await planSites(host, period, guest, { accelerator: 'auto', build })).values(),
    ];
    expect(hostCompilers(await sites(debian, 'auto'))).toEqual(['gcc-11']);
    expect(toolchainPackages('debian', await sites(debian, 'guest'))).toContain('gcc-11');
    expect(hostCompilers(await sites(centos, 'guest'))).toEqual([]);
    expect(toolchainPackages('centos', await sites(centos, 'guest'))).toEqual([]);
    // Where KVM was asked for by name, the host has no part in it.
    const underKvm = await planSites(host, period, centos, { accelerator: 'kvm', build: 'auto' });
    expect(hostCompilers([...underKvm.values()])).toEqual([]);
    // Auto gives it to CentOS under KVM; without KVM it comes back to the host.
    const [undecided] = await sites(centos, 'auto');
    expect(hostCompilers(undecided === undefined ? [] : [undecided])).toEqual(['gcc-11']);
    const accelerator = (name: 'kvm' | 'tcg') => ({ output: () => ({ accelerator: name, reason: '' }) });
    expect(undecided?.decide(accelerator('kvm')).where).toBe('guest');
    expect(undecided?.decide(accelerator('tcg')).where).toBe('host');
  });
});

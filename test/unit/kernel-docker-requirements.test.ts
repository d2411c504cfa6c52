import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootEssentials } from '../../src/kernel/config/boot-essentials.ts';
import { parseConfig } from '../../src/kernel/config/config.ts';
import {
  checkDockerConfig,
  compareChecks,
  missingNecessary,
  parseCheckConfigOutput,
} from '../../src/kernel/config/docker-requirements.ts';

// `NAME.config` holds the lines of a real configuration that the script may ask about, `NAME.out` what the script of
// docker.io 20.10.24 printed for it with `uname -r` answering as the name says.
function fixture(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../fixtures/kernel/check-config/${name}`, import.meta.url)), 'utf8');
}

const CASES = [
  { name: 'debian-6.1', version: { major: 6, minor: 1 } },
  { name: 'docker-min-6.1', version: { major: 6, minor: 1 } },
  { name: 'older-5.4', version: { major: 5, minor: 4 } },
  { name: 'older-4.10', version: { major: 4, minor: 10 } },
  { name: 'oldest-3.10', version: { major: 3, minor: 10 } },
];

describe("drydock's check", () => {
  test.each(CASES)('agrees with check-config.sh row by row on $name', async ({ name, version }) => {
    const theirs = parseCheckConfigOutput(await fixture(`${name}.out`));
    const ours = checkDockerConfig(parseConfig(await fixture(`${name}.config`)), version);
    expect(ours).toEqual(theirs);
    expect(theirs.length).toBeGreaterThan(60);
    expect(compareChecks(ours, theirs)).toEqual([]);
  });

  test('finds nothing necessary missing on docker-min, and everything built in', async () => {
    const rows = checkDockerConfig(parseConfig(await fixture('docker-min-6.1.config')), { major: 6, minor: 1 });
    expect(missingNecessary(rows)).toEqual([]);
    expect(rows.filter((row) => row.value === 'module')).toEqual([]);
  });

  test('on an empty configuration misses every row, and nothing on one with all of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 0, max: 20 }), (major, minor) => {
        const empty = checkDockerConfig(new Map(), { major, minor });
        expect(empty.every((row) => row.value === 'missing')).toBe(true);
        const full = new Map(empty.map((row) => [row.symbol, 'y']));
        const rows = checkDockerConfig(full, { major, minor });
        expect(rows.every((row) => row.value === 'enabled')).toBe(true);
        expect(missingNecessary(rows)).toEqual([]);
      }),
    );
  });

  test('names exactly the necessary symbols that were taken away', () => {
    const version = { major: 6, minor: 1 };
    const necessary = checkDockerConfig(new Map(), version).filter((row) => row.section === 'necessary');
    fc.assert(
      fc.property(fc.subarray(necessary), (taken) => {
        const gone = new Set(taken.map((row) => row.symbol));
        const config = new Map(necessary.map((row) => [row.symbol, gone.has(row.symbol) ? 'n' : 'm']));
        expect(missingNecessary(checkDockerConfig(config, version))).toEqual(taken.map((row) => row.symbol));
      }),
    );
  });
});

describe('a disagreement', () => {
  test('names the symbol and what each side says, also when one side has no such row', () => {
    const ours = [
      { section: 'necessary', symbol: 'VETH', value: 'enabled' },
      { section: 'storage', symbol: 'OVERLAY_FS', value: 'module' },
    ] as const;
    const theirs = [{ section: 'necessary', symbol: 'VETH', value: 'missing' }] as const;
    expect(compareChecks(ours, theirs)).toEqual([
      'VETH: drydock says enabled (necessary), check-config.sh says missing (necessary)',
      'OVERLAY_FS: drydock says module (storage), check-config.sh says no row',
    ]);
  });
});

describe('what the guest needs to boot', () => {
  test('is complete in docker-min’s fragments', async () => {
    const folder = new URL('../../pipelines/kconfig/', import.meta.url);
    const names = ['x86-guest', 'virtio', 'console', 'systemd', 'ssh', 'docker', 'measuring', 'printk'];
    const texts = await Promise.all(names.map((name) => readFile(new URL(`${name}.config`, folder), 'utf8')));
    expect(bootEssentials(parseConfig(texts.join('\n')))).toEqual([]);
  });

  test('is another root and another way to the key on another guest', () => {
    const centos = { rootFileSystem: 'xfs', keySources: ['FW_CFG_SYSFS', 'DMI'], loadsModules: false } as const;
    const missed = (without: readonly string[], besides: Readonly<Record<string, string>>) => {
      const debian = bootEssentials(new Map()).map(({ symbol }): [string, string] => [symbol, 'y']);
      const config = new Map([...debian.filter(([symbol]) => !without.includes(symbol)), ...Object.entries(besides)]);
      return bootEssentials(config, [], centos).map(({ symbol }) => symbol);
    };
    expect(missed([], {})).toEqual(['XFS_FS']);
    expect(missed(['EXT4_FS', 'FW_CFG_SYSFS'], { XFS_FS: 'y', DMI: 'y' })).toEqual([]);
    expect(missed(['FW_CFG_SYSFS'], { XFS_FS: 'y' })).toEqual(['FW_CFG_SYSFS', 'DMI']);
    expect(missed([], { XFS_FS: 'm' })).toEqual(['XFS_FS']);
  });

  test('may be a module where modules are loaded, but not what loads them', () => {
    const debian = { rootFileSystem: 'ext4', keySources: ['FW_CFG_SYSFS'], loadsModules: true } as const;
    const config = new Map(bootEssentials(new Map()).map(({ symbol }) => [symbol, 'm']));
    const missed = bootEssentials(config, [], debian).map(({ symbol }) => symbol);
    for (const symbol of ['EXT4_FS', 'VIRTIO_PCI', 'VIRTIO_BLK', 'VIRTIO_NET', 'FW_CFG_SYSFS']) {
      expect(missed).not.toContain(symbol);
    }
    expect(missed).toContain('BINFMT_SCRIPT');
    expect(missed).toContain('UNIX');
  });

  test('is missed with its reason, also when it is only a module', () => {
    const symbols = bootEssentials(new Map()).map((one) => one.symbol);
    const config = new Map([...symbols.map((symbol) => [symbol, 'y'] as const), ['VIRTIO_BLK', 'm'] as const]);
    expect(bootEssentials(config)).toEqual([{ symbol: 'VIRTIO_BLK', why: 'the root file system is on a virtio disk' }]);
  });
});

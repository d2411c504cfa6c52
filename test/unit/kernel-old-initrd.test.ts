import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { parseConfig } from '../../src/kernel/config/config.ts';
import {
  checkOldInitrd,
  checkOldInitrdParameters,
  OLD_INITRD_FRAGMENT,
  ramDiskKb,
} from '../../src/kernel/config/old-initrd-requirements.ts';
import { parseVersion } from '../../src/kernel/version.ts';
import type { Failure } from '../../src/model/failure.ts';

const FRAGMENT = readFileSync(`pipelines/kconfig/${OLD_INITRD_FRAGMENT}.config`, 'utf8');
const DEBIAN = readFileSync('test/fixtures/kernel/check-config/debian-6.1.config', 'utf8');

function failureFrom(check: () => void): Failure | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.failure;
    throw error;
  }
}

const failureOf = (version: string, text: string): Failure | undefined =>
  failureFrom(() => {
    checkOldInitrd('The kernel x', parseVersion(version), parseConfig(text));
  });

describe('a kernel for an initrd in the old style', () => {
  test.each(['3.10', '4.10.11', '6.1.0-drydock', '6.19'])('may be %s with what the fragment asks for', (version) => {
    expect(failureOf(version, FRAGMENT)).toBeUndefined();
  });

  test('of a release that is not known is judged by its configuration', () => {
    expect(failureOf('next', FRAGMENT)).toBeUndefined();
  });

  test.each(['7.0', '7.0.0-rc1', '8.2'])('may not be %s, whatever its configuration', (version) => {
    const failure = failureOf(version, FRAGMENT);
    expect(failure?.kind).toBe('kernel-config');
    expect(failure?.headline).toContain('since 7.0');
    expect(failure?.hint).toContain('initrd: busybox');
  });

  test.each([
    ['CONFIG_BLK_DEV_RAM=y', 'CONFIG_BLK_DEV_RAM — the RAM disk'],
    ['CONFIG_BLK_DEV_INITRD=y', 'CONFIG_BLK_DEV_INITRD — '],
    ['CONFIG_RD_GZIP=y', 'CONFIG_RD_GZIP — the image is under gzip'],
    ['CONFIG_EXT4_USE_FOR_EXT2=y', 'CONFIG_EXT2_FS, or CONFIG_EXT4_FS with CONFIG_EXT4_USE_FOR_EXT2'],
    ['CONFIG_BINFMT_SCRIPT=y', 'CONFIG_BINFMT_SCRIPT — /linuxrc is a shell script'],
    ['CONFIG_PROC_SYSCTL=y', 'real-root-dev'],
  ])('needs %s, and its absence is told with the reason', (line, words) => {
    const failure = failureOf('6.1', FRAGMENT.replace(line, ''));
    expect(failure?.detail).toHaveLength(1);
    expect(failure?.detail?.[0]).toContain(words);
  });

  test('may read ext2 with the driver of that name, or with ext4 under the switch’s older name', () => {
    const without = FRAGMENT.replace('CONFIG_EXT4_USE_FOR_EXT2=y', '');
    expect(failureOf('6.1', `${without}\nCONFIG_EXT2_FS=y`)).toBeUndefined();
    expect(failureOf('3.10', `${without}\nCONFIG_EXT4_USE_FOR_EXT23=y`)).toBeUndefined();
  });

  test('must not start one helper for all', () => {
    expect(failureOf('6.1', `${FRAGMENT}\nCONFIG_STATIC_USERMODEHELPER=y`)?.detail?.[0]).toContain(
      'no CONFIG_STATIC_USERMODEHELPER',
    );
  });

  test('is not Debian’s, whose RAM disk is a module, and that is said', () => {
    const debian = `${DEBIAN}\nCONFIG_BLK_DEV_RAM=m\n`;
    expect(failureOf('6.1.0-53-amd64', debian)?.detail?.join('\n')).toContain('BLK_DEV_RAM: a module here');
  });

  test('has a RAM disk of the size that its configuration says, else of 4 MiB', () => {
    expect(ramDiskKb(parseConfig('CONFIG_BLK_DEV_RAM_SIZE=16384'))).toBe(16384);
    expect(ramDiskKb(parseConfig(FRAGMENT))).toBe(4096);
    expect(ramDiskKb(parseConfig(''))).toBe(4096);
  });

  test.each([
    ['rootflags=noatime', ['rootflags=noatime'], 'root.s own /etc/fstab'],
    ['rootfstype=xfs', ['rootfstype=ext4', 'rootfstype=xfs'], 'rootfstype=xfs,ext2'],
  ])('would be told %s for its RAM disk as well, which is refused', (parameter, parameters, hint) => {
    const check = (): void => {
      checkOldInitrdParameters('old', ['root=/dev/vda', ...parameters]);
    };
    expect(check).toThrow(
      `The arm old boots an initrd in the old style, whose RAM disk the kernel would mount with ${parameter}`,
    );
    expect(failureFrom(check)?.hint).toMatch(new RegExp(hint));
  });

  test.each([[[]], [['rootfstype=ext4']], [['rootfstype=xfs,ext2']]])('mounts its RAM disk with %j', (parameters) => {
    expect(() => {
      checkOldInitrdParameters('old', ['root=/dev/vda', ...parameters]);
    }).not.toThrow();
  });
});

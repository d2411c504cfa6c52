import { Fault } from '../../host/fault.ts';
import type { Config } from './config.ts';
import { compareVersions } from '../version.ts';
import type { KernelVersion } from '../version.ts';

/** The fragment of pipelines/kconfig/ that asks for all of this. */
export const OLD_INITRD_FRAGMENT = 'old-initrd';

/** The release that no longer runs a /linuxrc out of a RAM disk. */
const GONE_IN: KernelVersion = { major: 7, minor: 0 };

/** Each has to be built in, one of several where one is enough; a module would have to come from the initrd itself. */
const NEEDED: readonly { readonly anyOf: readonly (readonly string[])[]; readonly why: string }[] = [
  { anyOf: [['BLK_DEV_INITRD']], why: 'the kernel takes an initrd' },
  { anyOf: [['BLK_DEV_RAM']], why: 'the RAM disk that the initrd is loaded into' },
  { anyOf: [['RD_GZIP']], why: 'the image is under gzip' },
  {
    anyOf: [['EXT2_FS'], ['EXT4_FS', 'EXT4_USE_FOR_EXT2'], ['EXT4_FS', 'EXT4_USE_FOR_EXT23']],
    why: "the image's file system is ext2",
  },
  { anyOf: [['BINFMT_ELF']], why: 'BusyBox is an ELF file' },
  { anyOf: [['BINFMT_SCRIPT']], why: '/linuxrc is a shell script' },
  { anyOf: [['DEVTMPFS']], why: '/linuxrc finds the disk in devtmpfs' },
  { anyOf: [['PROC_FS', 'PROC_SYSCTL', 'SYSFS']], why: '/linuxrc names the root in /proc/sys/kernel/real-root-dev' },
];

/** What stands in its way where it is on. */
const OBSTACLES: readonly { readonly symbol: string; readonly why: string }[] = [
  { symbol: 'STATIC_USERMODEHELPER', why: 'the kernel would run its one helper instead of /linuxrc' },
  { symbol: 'INITRAMFS_FORCE', why: 'the kernel would not look at an initrd' },
];

function lacking(config: Config): readonly string[] {
  const isBuiltIn = (symbol: string): boolean => config.get(symbol) === 'y';
  const absent = NEEDED.filter(({ anyOf }) => !anyOf.some((all) => all.every(isBuiltIn))).map(({ anyOf, why }) => {
    const asked = anyOf.map((all) => all.map((symbol) => `CONFIG_${symbol}`).join(' with ')).join(', or ');
    const asModule = anyOf.flat().filter((symbol) => config.get(symbol) === 'm');
    return `${asked} — ${why}${asModule.length === 0 ? '' : ` (${asModule.join(', ')}: a module here)`}`;
  });
  const inTheWay = OBSTACLES.filter(({ symbol }) => isBuiltIn(symbol));
  return [...absent, ...inTheWay.map(({ symbol, why }) => `no CONFIG_${symbol} — ${why}`)];
}

/**
 * Refuses a kernel that cannot run the /linuxrc of an old-style initrd (init/do_mounts_initrd.c, init/do_mounts_rd.c).
 *
 * @param kernel how it is called in the message
 * @param version absent where it is not known
 * @throws Fault `kernel-config`
 */
export function checkOldInitrd(kernel: string, version: KernelVersion | undefined, config: Config): void {
  if (version !== undefined && compareVersions(version, GONE_IN) >= 0) {
    throw new Fault({
      kind: 'kernel-config',
      headline: `${kernel} cannot boot an initrd in the old style: kernels run no /linuxrc any more since 7.0`,
      hint: 'Let the arm boot initrd: busybox, which is a cpio with rdinit=/linuxrc, or build an older kernel.',
    });
  }
  const missing = lacking(config);
  if (missing.length === 0) return;
  throw new Fault({
    kind: 'kernel-config',
    headline: `${kernel} cannot boot an initrd in the old style: its configuration lacks ${missing.length === 1 ? 'a thing' : `${String(missing.length)} things`} for it`,
    hint: `A kernel built here gets them with pipelines/kconfig/${OLD_INITRD_FRAGMENT}.config, unless its profile overrides them. For any other kernel use initrd: busybox.`,
    detail: missing,
  });
}

/** File systems whose drivers mount the image. */
const IMAGE_TYPES = ['ext2', 'ext4'];

/**
 * Refuses kernel parameters with which no kernel mounts the RAM disk: it does so with the type and the options that the command
 * line gives for the root (mount_block_root in init/do_mounts.c), and goes on to the next type only where one refuses the disk.
 *
 * @param name of the arm
 * @throws Fault `profile`
 */
export function checkOldInitrdParameters(name: string, parameters: readonly string[]): void {
  const flags = parameters.find((one) => one.startsWith('rootflags='));
  const types = parameters.findLast((one) => one.startsWith('rootfstype='));
  const asked = types?.slice('rootfstype='.length).split(',') ?? IMAGE_TYPES;
  const refuse = (parameter: string, hint: string): Fault =>
    new Fault({
      kind: 'profile',
      headline: `The arm ${name} boots an initrd in the old style, whose RAM disk the kernel would mount with ${parameter}, too`,
      hint,
    });
  if (flags !== undefined)
    throw refuse(flags, "Leave rootflags= away, and mount with options from the root's own /etc/fstab.");
  if (types !== undefined && !asked.some((type) => IMAGE_TYPES.includes(type)))
    throw refuse(types, `Name the image's file system behind the root's: ${types},ext2`);
}

/** Size of a RAM disk unless the command line says another, in KiB. */
export function ramDiskKb(config: Config): number {
  return Number(config.get('BLK_DEV_RAM_SIZE') ?? 4096);
}

import type { Config } from './config.ts';

/** Something the guest cannot boot, or cannot be reached, without. */
export interface BootEssential {
  readonly symbol: string;
  readonly why: string;
}

/** What of a guest decides what its kernel must have. A type alias, so that it counts as plain JSON. */
export type GuestNeeds = {
  readonly rootFileSystem: 'ext4' | 'xfs';
  /** Symbols through any one of which the guest finds the run's SSH key. */
  readonly keySources: readonly string[];
  /** The kernel's modules are loaded: those for the root by the initrd, others once the root is there. */
  readonly loadsModules: boolean;
};

/** An ext4 root, and a kernel that has everything built in. */
export const USUAL_NEEDS: GuestNeeds = { rootFileSystem: 'ext4', keySources: ['FW_CFG_SYSFS'], loadsModules: false };

interface Essential extends BootEssential {
  /** A module does where modules are loaded. */
  readonly loadable?: true;
}

const ROOT_FILE_SYSTEMS: Readonly<Record<GuestNeeds['rootFileSystem'], Essential>> = {
  ext4: { symbol: 'EXT4_FS', why: 'the root file system is ext4', loadable: true },
  xfs: { symbol: 'XFS_FS', why: 'the root file system is XFS', loadable: true },
};

/** What every guest of ours needs. */
const ESSENTIALS: readonly Essential[] = [
  { symbol: '64BIT', why: 'the guest is x86_64' },
  { symbol: 'SERIAL_8250_CONSOLE', why: 'the console drydock reads is the first serial port' },
  { symbol: 'PCI', why: 'every device of the guest hangs on PCI' },
  {
    symbol: 'VIRTIO_PCI',
    why: 'the disk, the network and the entropy source are virtio devices on PCI',
    loadable: true,
  },
  { symbol: 'VIRTIO_BLK', why: 'the root file system is on a virtio disk', loadable: true },
  { symbol: 'VIRTIO_NET', why: 'SSH and Docker reach the guest through a virtio network card', loadable: true },
  { symbol: 'BLK_DEV_INITRD', why: "drydock's initrd mounts the root" },
  { symbol: 'DEVTMPFS', why: 'the initrd and systemd find device nodes in devtmpfs' },
  { symbol: 'TMPFS', why: 'systemd mounts /run as tmpfs' },
  { symbol: 'PROC_FS', why: 'systemd and the initrd mount /proc' },
  { symbol: 'SYSFS', why: 'systemd and the initrd mount /sys' },
  { symbol: 'BINFMT_ELF', why: 'every program of the guest is an ELF file' },
  { symbol: 'BINFMT_SCRIPT', why: "the initrd's /init is a shell script" },
  { symbol: 'UNIX', why: 'systemd talks over Unix sockets' },
  { symbol: 'INET', why: 'SSH needs TCP/IP' },
  { symbol: 'UNIX98_PTYS', why: 'logins get a pseudo-terminal' },
  { symbol: 'CGROUPS', why: 'systemd starts every service in a control group' },
  { symbol: 'EPOLL', why: "systemd's event loop is epoll" },
  { symbol: 'SIGNALFD', why: "systemd's event loop reads signals from a descriptor" },
  { symbol: 'TIMERFD', why: "systemd's event loop reads timers from a descriptor" },
  { symbol: 'INOTIFY_USER', why: 'systemd watches files with inotify' },
  { symbol: 'FHANDLE', why: 'systemd compares mounts by file handle' },
  { symbol: 'FUTEX', why: 'glibc locks with futexes' },
  { symbol: 'MULTIUSER', why: 'services of the guest run under their own users' },
];

/** How the run's key comes in, by the symbol that lets it. */
const KEY_SOURCES: Readonly<Record<string, string>> = {
  FW_CFG_SYSFS: "the run's SSH key is handed over through QEMU's fw_cfg",
  DMI: "the run's SSH key is handed over through the SMBIOS tables",
};

/**
 * What of the guest's needs a final configuration does not meet; empty when it can boot.
 *
 * @param always symbols that this kernel does not have because it does what they ask for in any case
 */
export function bootEssentials(
  config: Config,
  always: readonly string[] = [],
  guest: GuestNeeds = USUAL_NEEDS,
): readonly BootEssential[] {
  const isMet = ({ symbol, loadable }: Essential): boolean => {
    const value = config.get(symbol);
    return value === 'y' || always.includes(symbol) || (loadable === true && guest.loadsModules && value === 'm');
  };
  const keys = guest.keySources.map((symbol): Essential => ({
    symbol,
    why: KEY_SOURCES[symbol] ?? "the run's SSH key is handed over there",
    loadable: true,
  }));
  const unmet = [...ESSENTIALS, ROOT_FILE_SYSTEMS[guest.rootFileSystem]].filter((one) => !isMet(one));
  const found = keys.some(isMet) ? [] : keys;
  return [...unmet, ...found].map(({ symbol, why }) => ({ symbol, why }));
}

import type { Config } from './config.ts';

/** Something the guest cannot boot, or cannot be reached, without. */
export interface BootEssential {
  readonly symbol: string;
  readonly why: string;
}

/**
 * What a guest of ours needs built in. A module would do for a few of them if an initrd carried it; drydock's kernels
 * have none, so `m` counts as absent.
 */
const ESSENTIALS: readonly BootEssential[] = [
  { symbol: '64BIT', why: 'the guest is x86_64' },
  { symbol: 'SERIAL_8250_CONSOLE', why: 'the console drydock reads is the first serial port' },
  { symbol: 'PCI', why: 'every device of the guest hangs on PCI' },
  { symbol: 'VIRTIO_PCI', why: 'the disk, the network and the entropy source are virtio devices on PCI' },
  { symbol: 'VIRTIO_BLK', why: 'the root file system is on a virtio disk' },
  { symbol: 'VIRTIO_NET', why: 'SSH and Docker reach the guest through a virtio network card' },
  { symbol: 'EXT4_FS', why: 'the root file system is ext4' },
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
  { symbol: 'FW_CFG_SYSFS', why: "the run's SSH key is handed over through QEMU's fw_cfg" },
];

/**
 * What of the guest's needs a final configuration does not meet; empty when it can boot.
 *
 * @param always symbols that this kernel does not have because it does what they ask for in any case
 */
export function bootEssentials(config: Config, always: readonly string[] = []): readonly BootEssential[] {
  return ESSENTIALS.filter(({ symbol }) => config.get(symbol) !== 'y' && !always.includes(symbol));
}

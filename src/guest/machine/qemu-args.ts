import { jsonText } from '../../json/text.ts';
import type { Accelerator } from '../../model/environment.ts';

/** A disk the guest boots from: always a throwaway overlay, so writes need not survive the host. */
export interface DiskSpec {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

/** How the guest can be reached: user networking that reaches nothing but sshd, from loopback. */
export interface SshAccessSpec {
  /** File with the run's public key; the guest reads it from fw_cfg `opt/drydock/authorized_keys`. Absent: it knows a key. */
  readonly authorizedKeysPath?: string;
}

/** A file that a guest sees as one more drive, beside the disk it boots from. */
export interface DriveSpec {
  /** `cdrom`: a CD in a SATA drive, as installers look for it; `disk`: a virtio disk. */
  readonly kind: 'cdrom' | 'disk';
  /** A raw file: an ISO image, a disk of bytes. */
  readonly path: string;
  /** A guest finds a disk as /dev/disk/by-id/virtio-SERIAL; 20 characters at most (struct virtio_blk_config). */
  readonly serial: string;
  readonly writable?: true;
}

/** QEMU is the boot loader: kernel, initrd and command line are the host's. */
interface KernelStart {
  readonly kernelPath: string;
  readonly initrdPath?: string;
  readonly cmdline: string;
  readonly disk?: DiskSpec;
}

/** The firmware starts what it finds on the disk: a boot loader, which then decides. */
interface DiskStart {
  readonly startsFrom: 'disk';
  readonly disk: DiskSpec;
}

interface MachineParts {
  readonly accelerator: Accelerator;
  /**
   * `virtual`: time is what the one virtual CPU has executed, a nanosecond an instruction (QEMU's `-icount`). Needs `tcg` and
   * one CPU, and neither disk nor network: their completions come when the host pleases. Default `wall`.
   */
  readonly clock?: 'wall' | 'virtual';
  readonly cpus: number;
  readonly memoryMb: number;
  /** After the disk, in this order. */
  readonly drives?: readonly DriveSpec[];
  readonly ssh?: SshAccessSpec;
}

/** One guest as QEMU is asked to run it. Without `disk` and `ssh` it boots from its initrd alone. */
export type MachineSpec = MachineParts & (KernelStart | DiskStart);

/** Serial number of the root disk, so that a guest can name it as /dev/disk/by-id/virtio-drydock-root. */
const ROOT_SERIAL = 'drydock-root';

/** What the machine lacks is not probed by the guest: no HPET, no system management mode, no VMware port. */
const MACHINE = 'q35,hpet=off,smm=off,vmport=off';

/**
 * CPU by accelerator. Under KVM the host's own. Under TCG `max`, so that no guest misses an instruction: qemu64 spares about
 * a tenth of the kernel's own start (8.2 s against 9.0 s of host processor time, medians of four), Nehalem half of that,
 * and both lack what newer distributions demand. Both TCG threads: with one, two guest processors share one host's.
 */
const ACCELERATION: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=multi', '-cpu', 'max'],
};

/**
 * The virtual clock: instructions counted on one TCG thread; idle time is skipped to the next timer instead of slept through
 * (`sleep=off`); the RTC starts at one fixed moment and runs on the same clock; and whatever the guest takes for randomness
 * (RDRAND, the seed in setup_data) comes from a fixed seed, since hashes seeded with it decide how long look-ups take.
 */
const VIRTUAL_ACCELERATION = [
  '-accel',
  'tcg,thread=single',
  '-cpu',
  'max',
  '-icount',
  'shift=0,sleep=off',
  '-seed',
  '1',
];
const VIRTUAL_RTC = 'base=2026-01-01T00:00:00,clock=vm';

/** QEMU's own seccomp filter: the guest's QEMU needs no child processes and no more rights than it has. */
const SANDBOX = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

/** A value inside a comma-separated option: QEMU reads `,,` as one comma (qemu(1), "Device URL Syntax" and QemuOpts). */
export function escapeOption(value: string): string {
  return value.replaceAll(',', ',,');
}

function startArgs(spec: KernelStart | DiskStart): string[] {
  if ('startsFrom' in spec) return [];
  return [
    '-kernel',
    spec.kernelPath,
    ...(spec.initrdPath === undefined ? [] : ['-initrd', spec.initrdPath]),
    '-append',
    spec.cmdline,
  ];
}

/** @param isStarted whether the firmware is to look there for a boot loader, before anywhere else */
function diskArgs(disk: DiskSpec, isStarted: boolean): string[] {
  // JSON needs no comma escaping. no-flush: the overlay dies with the boot, so the guest's barriers would only add the
  // host disk's noise to what is measured.
  const blockdev = {
    'node-name': 'root',
    driver: disk.format,
    cache: { direct: false, 'no-flush': true },
    discard: 'unmap',
    file: {
      driver: 'file',
      filename: disk.path,
      cache: { direct: false, 'no-flush': true },
      discard: 'unmap',
    },
  };
  const bootIndex = isStarted ? ',bootindex=0' : '';
  const device = `virtio-blk-pci,drive=root,serial=${ROOT_SERIAL}${bootIndex}`;
  return ['-blockdev', jsonText(blockdev), '-device', device];
}

function driveArgs(drive: DriveSpec, index: number): string[] {
  const node = `drive${String(index)}`;
  const readOnly = drive.writable !== true;
  const blockdev = {
    'node-name': node,
    driver: 'raw',
    'read-only': readOnly,
    file: { driver: 'file', filename: drive.path, 'read-only': readOnly },
  };
  const device =
    drive.kind === 'cdrom'
      ? // q35 has one SATA controller; each of its ports is a bus of its own.
        `ide-cd,drive=${node},bus=ide.${String(index)},serial=${drive.serial}`
      : `virtio-blk-pci,drive=${node},serial=${drive.serial}`;
  return ['-blockdev', jsonText(blockdev), '-device', device];
}

function sshArgs({ authorizedKeysPath }: SshAccessSpec): string[] {
  const network = [
    '-netdev',
    // Port 0: the kernel picks a free one and QEMU says which (`info usernet`), so two runs cannot clash.
    'user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:0-:22',
    '-device',
    'virtio-net-pci,netdev=net,romfile=',
  ];
  if (authorizedKeysPath === undefined) return network;
  const file = escapeOption(authorizedKeysPath);
  // The second is for a kernel without a driver for fw_cfg, as those before 4.6 are: an OEM string of the SMBIOS tables.
  return [...network, '-fw_cfg', `name=opt/drydock/authorized_keys,file=${file}`, '-smbios', `type=11,path=${file}`];
}

/**
 * The whole QEMU command line for one guest; the first serial port is QEMU's stdout. The guest waits for the monitor's
 * `cont`: nothing it does goes unseen, and a guest that ends at once does not end before somebody watches.
 *
 * @param qmpPath path of the QMP socket that QEMU makes, at most 107 bytes
 */
export function qemuArgs(spec: MachineSpec, qmpPath: string): string[] {
  const isVirtual = spec.clock === 'virtual';
  return [
    '-nodefaults',
    '-no-user-config',
    '-S',
    '-display',
    'none',
    '-machine',
    MACHINE,
    ...(isVirtual ? VIRTUAL_ACCELERATION : ACCELERATION[spec.accelerator]),
    '-smp',
    String(spec.cpus),
    '-m',
    `${String(spec.memoryMb)}M`,
    '-rtc',
    isVirtual ? VIRTUAL_RTC : 'base=utc',
    // A guest that reboots or panics ends its QEMU: with what the next one starts is for its caller to say.
    '-action',
    'reboot=shutdown',
    '-sandbox',
    SANDBOX,
    ...startArgs(spec),
    '-chardev',
    'stdio,id=serial,signal=off',
    '-serial',
    'chardev:serial',
    '-qmp',
    `unix:${escapeOption(qmpPath)},server=on,wait=off`,
    // Its entropy comes from the host, when the host has it.
    ...(isVirtual ? [] : ['-device', 'virtio-rng-pci']),
    ...(spec.disk === undefined ? [] : diskArgs(spec.disk, 'startsFrom' in spec)),
    ...(spec.drives ?? []).flatMap(driveArgs),
    ...(spec.ssh === undefined ? [] : sshArgs(spec.ssh)),
  ];
}

import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host, KeyPair, Pause } from '../host/host.ts';
import type { Accelerator } from '../model/environment.ts';
import { checkStartedEntry } from './grub/boot-once.ts';
import type { ConsoleLine } from './console/console-line.ts';
import { chooseNextEntry } from './grub/grub-environment.ts';
import type { Machine } from './machine/machine.ts';
import { openOverlayGuest } from './overlay-guest.ts';
import { DOCKER_READY } from './console/readiness.ts';
import { connectGuest } from './ssh/guest.ts';
import type { BootIdentity, Guest } from './ssh/guest.ts';

/** An arm as it is booted: its kernel and initrd, the machine, and the disk below its throwaway overlay. */
export interface ArmBoot {
  readonly arm: {
    readonly name: string;
    readonly release: string;
    readonly kernelPath: string;
    readonly initrdPath: string | undefined;
    readonly cmdline: string;
  };
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskPath: string;
  /** GRUB boots the arm from the disk: its entry, and where the disk has GRUB's environment. Absent: QEMU boots the kernel. */
  readonly grub?: { readonly entry: string; readonly environmentOffsetBytes: number };
  readonly hostKey: string;
  readonly key: KeyPair;
  /** Folder of the boot's logs. */
  readonly directory: string;
  /** Scratch folder for the overlay. */
  readonly workDir: string;
  readonly signal: AbortSignal;
  /** Called when the boot is made once more, with the reason. */
  readonly onRepeat: (reason: string) => void;
}

/** A guest whose Docker is ready. */
export interface BootedArm {
  readonly machine: Machine;
  /** The line in which Docker said that it is ready. */
  readonly ready: ConsoleLine;
  readonly guest: Guest;
  /** Where drydock did not run since before QEMU was started. */
  pauses(): readonly Pause[];
  /** What a reader of the boot's figures must know of how it came up: a busy host had ended a first one. */
  readonly warnings: readonly string[];
  /** Asks which kernel runs. @throws Fault when it is another than the arm's */
  identity(): Promise<BootIdentity>;
}

/** The console log of a boot that a busy host ended. */
const BUSY_HOST_LOG = 'console-busy-host.log';

/**
 * Boots an arm from a throwaway overlay of its disk until Docker is ready, hands it to `use`, and throws machine and
 * overlay away: every boot starts from the same bytes. A boot that a busy host ends is made once more; `warnings` says so.
 *
 * @throws Fault with the console's last words when the guest does not get to a ready Docker
 */
export async function withBootedArm<T>(host: Host, boot: ArmBoot, use: (booted: BootedArm) => Promise<T>): Promise<T> {
  try {
    return await bootArm(host, boot, [], use);
  } catch (error) {
    // The kernel checks its timer in its first instants, so nothing of `use` has happened.
    if (!(error instanceof Fault) || error.failure.kind !== 'busy-host') throw error;
    const kept = path.join(boot.directory, BUSY_HOST_LOG);
    await host.files.rename(path.join(boot.directory, 'console.log'), kept);
    boot.onRepeat(error.message);
    return bootArm(host, boot, [`booted twice. First attempt: ${error.message} (${BUSY_HOST_LOG})`], use);
  }
}

async function bootArm<T>(
  host: Host,
  boot: ArmBoot,
  warnings: readonly string[],
  use: (booted: BootedArm) => Promise<T>,
): Promise<T> {
  const { arm, workDir, directory, signal, diskPath, hostKey, key, accelerator, cpus, memoryMb } = boot;
  const overlay = path.join(workDir, 'overlay.qcow2');
  const spec = { diskPath, overlay, workDir, hostKey, key, accelerator, machine: { cpus, memoryMb }, signal };
  const installed = await openOverlayGuest(host, spec);
  if (boot.grub !== undefined) {
    const place = { diskPath: overlay, offsetBytes: boot.grub.environmentOffsetBytes, workDir };
    await chooseNextEntry(host, place, boot.grub.entry);
  }
  const direct = {
    kernelPath: arm.kernelPath,
    ...(arm.initrdPath === undefined ? {} : { initrdPath: arm.initrdPath }),
    cmdline: arm.cmdline,
  };
  using watch = host.eventLoop.watch();
  await using machine = await installed.boot(boot.grub === undefined ? direct : 'disk', { directory });
  const ready = await machine.waitFor(DOCKER_READY);
  await using guest = await connectGuest(host, machine, installed.login);
  const identity = async (): Promise<BootIdentity> => {
    if (boot.grub !== undefined) checkStartedEntry(machine, arm.name);
    const found = await guest.identity();
    if (found.release === arm.release) return found;
    throw new Fault({
      kind: 'wrong-kernel',
      headline: `The guest booted ${found.release}, not ${arm.release}`,
      hint: "Figures of this boot would belong to another kernel than the arm's.",
      logPath: machine.console.path,
    });
  };
  return await use({ machine, ready, guest, pauses: () => watch.pauses(), warnings, identity });
}

import path from 'node:path';
import type { ArmBoot } from '../../guest/booted-arm.ts';
import { armEntryId } from '../../guest/grub/grub-menu.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Json } from '../../model/json.ts';
import type { BootReading } from '../../measure/boot.ts';
import type { InstallArm } from '../../stages/guest/install.ts';
import { canonicalJson, sha256Text } from '../../store/canonical.ts';
import type { PlannedBoot } from '../plan/boot-order.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import type { RunOptions } from './run-options.ts';

interface WantedBoot {
  /** The boot's, or that of the session that begins with it. */
  readonly id: string;
  readonly arm: string;
  readonly built: InstallArm;
  readonly disk: Artifact;
  /** Folder of the boot's logs. */
  readonly directory: string;
  /** Of scratch folders that are this run's alone. */
  readonly scratchName: string;
}

/** Lays out a boot with kernel, initrd and disk taken from the store; its scratch folder is gone afterwards. */
export async function withArmBoot<T>(
  { host, store, signal, emit }: Pick<RunOptions, 'host' | 'store' | 'signal' | 'emit'>,
  { plan, guest }: PreparedRun,
  { id, arm, built, disk, directory, scratchName }: WantedBoot,
  use: (boot: ArmBoot) => Promise<T>,
): Promise<T> {
  const { environmentOffsetBytes } = plan.install.output();
  const workDir = await host.files.makeTempDirectory(store.workDir(), `${scratchName}-`);
  try {
    return await use({
      arm: {
        name: arm,
        release: built.release,
        kernelPath: await store.use(built.kernel),
        initrdPath: built.initrd === null ? undefined : await store.use(built.initrd),
        cmdline: built.cmdline,
      },
      accelerator: plan.accelerator.output().accelerator,
      cpus: guest.machine.cpus,
      memoryMb: guest.machine.memoryMb,
      diskPath: await store.use(disk),
      ...(environmentOffsetBytes === undefined ? {} : { grub: { entry: armEntryId(arm), environmentOffsetBytes } }),
      hostKey: plan.image.output().hostKey,
      key: host.ssh.generateKey('drydock'),
      directory,
      workDir,
      signal,
      onRepeat: (reason) => {
        emit({ type: 'boot-repeated', id, reasons: [reason] });
      },
    });
  } finally {
    await host.files.remove(workDir);
  }
}

/** Folder of a measured boot's logs. */
export function bootDirectory(runDirectory: string, { id }: PlannedBoot): string {
  return path.join(runDirectory, 'boots', id.replaceAll(':', '-'));
}

/** What must match for two boots to be samples of one thing. */
export function bootCondition(
  { host }: Pick<RunOptions, 'host'>,
  { plan, guest }: PreparedRun,
  built: InstallArm,
  disk: Artifact,
): string {
  const condition: Json = {
    arm: built,
    disk,
    accelerator: plan.accelerator.output().accelerator,
    qemu: plan.preflight.output().tools['qemu-system-x86'] ?? '',
    machine: guest.machine,
    cpu: host.system.cpuModel,
    cpus: host.system.cpuCount,
    hostKernel: host.system.kernel,
    host: host.system.hostname,
    ...(plan.install.output().environmentOffsetBytes === undefined ? {} : { boot: 'grub' }),
  };
  return sha256Text(canonicalJson(condition));
}

/** What is read of a measured boot. @param first whether it is its arm's first in this process */
export function bootReading(
  prepared: PreparedRun,
  arm: PlannedArm,
  { order, directory, first }: { readonly order: number; readonly directory: string; readonly first: boolean },
): BootReading {
  const built = arm.measured();
  return {
    order,
    arm: {
      name: arm.name,
      kernelSizeBytes: built.kernel.sizeBytes,
      initrdSizeBytes: built.initrd?.sizeBytes,
    },
    memoryMb: prepared.guest.machine.memoryMb,
    directory,
    full: first,
    collectsProcesses: arm.collectsProcesses,
  };
}

import path from 'node:path';
import { summarizeBootLog } from '../bootlog/summary.ts';
import { collect, memAvailableBytes } from '../guest/collect.ts';
import { startMachine } from '../guest/machine.ts';
import { createOverlay } from '../guest/overlay.ts';
import { DOCKER_READY } from '../guest/readiness.ts';
import { connectGuest } from '../guest/ssh.ts';
import { Fault } from '../host/fault.ts';
import type { Host, KeyPair } from '../host/host.ts';
import type { BootSummary } from '../model/boot.ts';
import type { Accelerator } from '../model/environment.ts';

/** One measured boot: which arm, from which disk, and where its logs go. */
export interface BootRequest {
  readonly order: number;
  readonly arm: {
    readonly name: string;
    readonly release: string;
    readonly kernelPath: string;
    readonly kernelSizeBytes: number;
    readonly initrdPath: string | undefined;
    readonly initrdSizeBytes: number | undefined;
    readonly cmdline: string;
  };
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskPath: string;
  readonly hostKey: string;
  readonly key: KeyPair;
  /** Folder of this boot's logs. */
  readonly directory: string;
  /** Scratch folder for the overlay. */
  readonly workDir: string;
  /** Also collect what does not change between boots of an arm. */
  readonly full: boolean;
  readonly signal: AbortSignal;
}

/**
 * Boots an arm from a throwaway overlay until Docker is ready, reads the guest out, and throws the overlay away. The
 * guest is measured up to `drydock: ready`; everything after that is reading.
 *
 * @throws Fault with the console's last words when the boot does not get there
 */
export async function measureBoot(host: Host, request: BootRequest): Promise<BootSummary> {
  const { arm, directory, workDir, signal } = request;
  const overlay = path.join(workDir, 'overlay.qcow2');
  const keyFile = path.join(workDir, 'authorized_keys');
  await host.files.writeAtomic(keyFile, `${request.key.publicKey}\n`);
  await createOverlay(host, request.diskPath, overlay);
  await using machine = await startMachine(
    host,
    {
      accelerator: request.accelerator,
      cpus: request.cpus,
      memoryMb: request.memoryMb,
      kernelPath: arm.kernelPath,
      ...(arm.initrdPath === undefined ? {} : { initrdPath: arm.initrdPath }),
      cmdline: arm.cmdline,
      disk: { path: overlay, format: 'qcow2' },
      ssh: { authorizedKeysPath: keyFile },
    },
    { directory, signal },
  );
  const ready = await machine.waitFor(DOCKER_READY);
  const hostReadySec = ready.atSec - machine.startedAtSec;
  await using guest = await connectGuest(host, machine, {
    privateKey: request.key.privateKey,
    hostKey: request.hostKey,
    signal,
  });
  const identity = await guest.identity();
  if (identity.release !== arm.release) {
    throw new Fault({
      kind: 'wrong-kernel',
      headline: `The guest booted ${identity.release}, not ${arm.release}`,
      hint: 'This boot measures another kernel than the arm it stands for.',
      logPath: machine.console.path,
    });
  }
  await collect(host, guest, directory, request.full);

  const log = summarizeBootLog(await host.files.readText(path.join(directory, 'dmesg.txt')));
  const available = memAvailableBytes(await host.files.readText(path.join(directory, 'meminfo.txt')));
  const bySize = (id: string, value: number | undefined) => (value === undefined ? {} : { [id]: value });
  return {
    arm: arm.name,
    order: request.order,
    kernelRelease: identity.release,
    bootId: identity.bootId,
    hostReadySec,
    markers: log.markers,
    phases: log.phases,
    costliest: log.costliest,
    warnings: log.warnings,
    metrics: {
      ...log.metrics,
      total_boot_host: hostReadySec,
      kernel_size: arm.kernelSizeBytes,
      ...bySize('initrd_size', arm.initrdSizeBytes),
      ...bySize('memory_used', available === undefined ? undefined : request.memoryMb * 1024 ** 2 - available),
    },
  };
}

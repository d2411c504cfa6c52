import path from 'node:path';
import type { Host, KeyPair } from '../host/host.ts';
import type { Accelerator } from '../model/environment.ts';
import { startMachine } from './machine/machine.ts';
import type { Machine, StartOptions } from './machine/machine.ts';
import { createOverlay } from './machine/overlay.ts';
import type { DriveSpec } from './machine/qemu-args.ts';
import type { ConnectOptions } from './ssh/guest.ts';

/** What QEMU boots, or `disk`: whatever the disk's own boot loader boots. */
export type BootsFrom =
  { readonly kernelPath: string; readonly initrdPath?: string; readonly cmdline: string } | 'disk';

export interface OverlayGuestSpec {
  /** An installed guest's disk; it stays what it is. */
  readonly diskPath: string;
  /** The overlay to make. */
  readonly overlay: string;
  /** Folder for the key. */
  readonly workDir: string;
  readonly hostKey: string;
  /** Lets drydock in; absent: a new one. */
  readonly key?: KeyPair;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly signal: AbortSignal;
}

/** An installed guest on a throwaway overlay of its disk, with a key of its own for SSH. It can be booted again and again. */
export interface OverlayGuest {
  readonly overlay: string;
  /** How to connect to it once it is booted. */
  readonly login: ConnectOptions;
  /** Starts QEMU; see `startMachine`. */
  boot(
    from: BootsFrom,
    options: Pick<StartOptions, 'directory' | 'onLine'> & { readonly drives?: readonly DriveSpec[] },
  ): Promise<Machine>;
}

/** Makes the overlay and the key. */
export async function openOverlayGuest(host: Host, spec: OverlayGuestSpec): Promise<OverlayGuest> {
  const { overlay, workDir, hostKey, accelerator, machine, signal, key = host.ssh.generateKey('drydock') } = spec;
  const authorizedKeysPath = path.join(workDir, 'authorized_keys');
  await host.files.writeAtomic(authorizedKeysPath, `${key.publicKey}\n`);
  await createOverlay(host, spec.diskPath, overlay);
  return {
    overlay,
    login: { privateKey: key.privateKey, hostKey, signal },
    boot: (from, { drives, ...options }) =>
      startMachine(
        host,
        {
          accelerator,
          ...machine,
          ...(from === 'disk' ? { startsFrom: 'disk' } : from),
          disk: { path: overlay, format: 'qcow2' },
          ...(drives === undefined ? {} : { drives }),
          ssh: { authorizedKeysPath },
        },
        { ...options, signal },
      ),
  };
}

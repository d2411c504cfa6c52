import path from 'node:path';
import { z } from 'zod';
import { DISTROS } from '../guest/distro/table.ts';
import { startMachine } from '../guest/machine.ts';
import { createOverlay } from '../guest/overlay.ts';
import { connectGuest } from '../guest/ssh.ts';
import { putVerified, talkativeCmdline } from '../guest/unmeasured.ts';
import { Fault } from '../host/fault.ts';
import type { Artifact } from '../model/artifact.ts';
import type { Accelerator } from '../model/environment.ts';
import { artifactSchema } from './schemas.ts';
import type { Stage } from './stage.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
export type DistributionInitrd = z.infer<typeof outputSchema>;

type DistributionInitrdInput = {
  readonly family: 'debian' | 'centos';
  readonly disk: Artifact;
  readonly hostKey: string;
  readonly stock: { readonly kernel: Artifact; readonly initrd: Artifact };
  readonly stockCmdline: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly qemu: string;
  /** The kernel that it is for. */
  readonly release: string;
  readonly config: Artifact;
  readonly modules: Artifact;
};

/**
 * Has the guest make the initrd of a kernel built here with its distribution's own tool, as `make install` would. The guest
 * is thrown away afterwards: the file is installed with everything else.
 */
export const distributionInitrd: Stage<DistributionInitrdInput, DistributionInitrd> = {
  name: 'distribution-initrd',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir, signal } = context;
    const { release } = input;
    const key = host.ssh.generateKey('drydock');
    const keyFile = path.join(workDir, 'authorized_keys');
    await host.files.writeAtomic(keyFile, `${key.publicKey}\n`);
    const overlay = path.join(workDir, 'initrd.qcow2');
    await createOverlay(host, await store.use(input.disk), overlay);
    context.progress({ message: 'booting the stock kernel' });
    await using machine = await startMachine(
      host,
      {
        accelerator: input.accelerator,
        cpus: input.machine.cpus,
        memoryMb: input.machine.memoryMb,
        kernelPath: await store.use(input.stock.kernel),
        initrdPath: await store.use(input.stock.initrd),
        cmdline: talkativeCmdline(input.stockCmdline),
        disk: { path: overlay, format: 'qcow2' },
        ssh: { authorizedKeysPath: keyFile },
      },
      {
        directory: path.join(path.dirname(context.logPath), path.basename(context.logPath, '.log')),
        signal,
        onLine: (line) => {
          context.progress({ message: line.text.slice(0, 100) });
        },
      },
    );
    await machine.waitFor(/drydock: no probe image/);
    await using guest = await connectGuest(host, machine, {
      privateKey: key.privateKey,
      hostKey: input.hostKey,
      signal,
    });
    context.progress({ message: `modules of ${release} through SSH` });
    // Both tools read the configuration for what the kernel can unpack and mount.
    await putVerified(guest, await store.use(input.config), input.config.sha256, `/boot/config-${release}`);
    await putVerified(guest, await store.use(input.modules), input.modules.sha256, '/root/modules.tar');
    const unpacking = [
      '--no-same-owner',
      '--keep-directory-symlink',
      '--directory',
      '/',
      '--file',
      '/root/modules.tar',
    ];
    await guest.run(['tar', '--extract', ...unpacking]);
    await guest.run(['depmod', release]);
    const { command, path: made } = DISTROS[input.family].makeInitrd(release);
    context.progress({ message: command.join(' ') });
    await guest.run(command);
    const initrd = path.join(workDir, 'initrd');
    await guest.download(made, initrd);
    const artifact = await store.adopt(initrd);
    const { stdout } = await guest.run(['sha256sum', made]);
    if (!stdout.startsWith(artifact.sha256)) {
      throw new Fault({
        kind: 'no-ssh',
        headline: `${made} arrived damaged from the guest`,
        hint: 'Resume the run: the initrd is made again.',
        detail: [`guest has sha256 ${stdout.trim()}`, `received        ${artifact.sha256}`],
      });
    }
    await machine.kill();
    return { initrd: artifact };
  },
};

import path from 'node:path';
import { z } from 'zod';
import { provenBoot } from '../../guest/grub/boot-once.ts';
import { DISTROS } from '../../guest/distro/table.ts';
import { checkDefault, locateEnvironment } from '../../guest/grub/grub-environment.ts';
import { entryOfArm } from '../../guest/grub/grub-menu.ts';
import type { GrubMenu } from '../../guest/grub/grub-menu.ts';
import { startMachine } from '../../guest/machine/machine.ts';
import type { Machine } from '../../guest/machine/machine.ts';
import { createOverlay, flattenOverlay } from '../../guest/machine/overlay.ts';
import { DOCKER_READY } from '../../guest/console/readiness.ts';
import { connectGuest } from '../../guest/ssh/guest.ts';
import type { BootIdentity } from '../../guest/ssh/guest.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Accelerator } from '../../model/environment.ts';
import { artifactSchema } from '../shared/schemas.ts';
import type { Stage } from '../stage.ts';

type KeepKernelInput = {
  /** The guest with every arm's kernel and GRUB, whose default is the stock kernel. */
  readonly disk: Artifact;
  readonly grub: GrubMenu;
  /** Whose kernel becomes the default. */
  readonly arm: string;
  readonly hostKey: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly qemu: string;
};

const outputSchema = z.strictObject({
  /** The same guest with that default, shut down in order. */
  disk: artifactSchema,
  reboot: z.strictObject({ bootIdBefore: z.string(), bootIdAfter: z.string(), unameRelease: z.string() }),
});
export type KeptKernel = z.infer<typeof outputSchema>;

/**
 * Makes an arm's kernel the default of GRUB: boots the installed guest, which comes up on its stock kernel, tells GRUB, and
 * proves by a boot that nothing was said for that the guest now comes up on the arm's. The disk that measured boots start from
 * is another one.
 */
export const keepKernel: Stage<KeepKernelInput, KeptKernel> = {
  name: 'keep-kernel',
  version: 1,
  cache: 'content',
  fillsMachine: true,
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir, signal } = context;
    const { grub } = input;
    const loader = DISTROS[grub.family].bootLoader;
    const key = host.ssh.generateKey('drydock');
    const keyFile = path.join(workDir, 'authorized_keys');
    await host.files.writeAtomic(keyFile, `${key.publicKey}\n`);
    const overlay = path.join(workDir, 'keep.qcow2');
    await createOverlay(host, await store.use(input.disk), overlay);
    const login = { privateKey: key.privateKey, hostKey: input.hostKey, signal };
    const entry = entryOfArm(grub, input.arm);
    const start = (name: string): Promise<Machine> => {
      context.progress({ message: `GRUB boots ${name}` });
      return startMachine(
        host,
        {
          accelerator: input.accelerator,
          cpus: input.machine.cpus,
          memoryMb: input.machine.memoryMb,
          startsFrom: 'disk',
          disk: { path: overlay, format: 'qcow2' },
          ssh: { authorizedKeysPath: keyFile },
        },
        {
          directory: path.join(path.dirname(context.logPath), `keep-kernel-${name}`),
          signal,
          onLine: (line) => {
            context.progress({ message: line.text.slice(0, 100) });
          },
        },
      );
    };
    let before: BootIdentity;
    {
      await using machine = await start('stock');
      await using guest = await connectGuest(host, machine, login);
      await guest.run(loader.setDefault(entry.id));
      before = await guest.identity();
      await guest.reboot();
    }
    const boot = { entry, start: () => start('default'), login, until: DOCKER_READY };
    const { reboot, offsetBytes } = await provenBoot(host, before, boot, async ({ guest, proof }) => {
      const place = await locateEnvironment(guest, loader, grub.partition);
      await guest.poweroff();
      return { reboot: proof, offsetBytes: place };
    });
    context.progress({ message: 'keeping the disk' });
    const disk = path.join(workDir, 'kept.qcow2');
    await flattenOverlay(host, overlay, disk);
    await checkDefault(host, { diskPath: disk, offsetBytes, workDir }, entry.id);
    return { disk: await store.adopt(disk), reboot: { ...reboot } };
  },
};

import path from 'node:path';
import { z } from 'zod';
import { provenBoot } from '../../guest/grub/boot-once.ts';
import { DISTROS } from '../../guest/distro/table.ts';
import { checkDefault, locateEnvironment } from '../../guest/grub/grub-environment.ts';
import { entryOfArm } from '../../guest/grub/grub-menu.ts';
import type { GrubMenu } from '../../guest/grub/grub-menu.ts';
import type { Machine } from '../../guest/machine/machine.ts';
import { flattenOverlay } from '../../guest/machine/overlay.ts';
import { DOCKER_READY } from '../../guest/console/readiness.ts';
import { connectGuest } from '../../guest/ssh/guest.ts';
import type { BootIdentity } from '../../guest/ssh/guest.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Accelerator } from '../../model/environment.ts';
import { rebootProofSchema } from '../../model/record.ts';
import { openGuestCopy } from '../shared/guest-copy.ts';
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
  reboot: rebootProofSchema,
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
    const { host, store, workDir } = context;
    const { grub } = input;
    const loader = DISTROS[grub.family].bootLoader;
    const overlay = path.join(workDir, 'keep.qcow2');
    const kept = await openGuestCopy(input, context, overlay);
    const { login } = kept;
    const entry = entryOfArm(grub, input.arm);
    const start = (name: string): Promise<Machine> => {
      context.progress({ message: `GRUB boots ${name}` });
      return kept.boot('disk', {
        directory: path.join(path.dirname(context.logPath), `keep-kernel-${name}`),
        onLine: (line) => {
          context.progress({ message: line.text.slice(0, 100) });
        },
      });
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

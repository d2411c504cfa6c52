import path from 'node:path';
import { z } from 'zod';
import { DISTROS } from '../../guest/distro/table.ts';
import { fetchVerified, putVerified } from '../../guest/ssh/verified-transfer.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { GuestFamily } from '../../model/guest-family.ts';
import type { Stage } from '../stage.ts';
import { withStockGuest } from '../shared/stock-guest.ts';
import type { StockGuestInput } from '../shared/stock-guest.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
export type DistributionInitrd = z.infer<typeof outputSchema>;

type DistributionInitrdInput = StockGuestInput & {
  readonly family: GuestFamily;
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
  fillsMachine: true,
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir } = context;
    const { release } = input;
    const overlay = path.join(workDir, 'initrd.qcow2');
    return withStockGuest(input, context, { overlay, until: /drydock: no probe image/ }, async (guest, machine) => {
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
      await fetchVerified(host, guest, made, initrd);
      await machine.kill();
      return { initrd: await store.adopt(initrd) };
    });
  },
};

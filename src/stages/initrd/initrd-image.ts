import path from 'node:path';
import { z } from 'zod';
import { buildOldInitrd } from '../../initrd/old-initrd.ts';
import { parseConfig } from '../../kernel/config/config.ts';
import { checkOldInitrd, ramDiskKb } from '../../kernel/config/old-initrd-requirements.ts';
import { parseVersion } from '../../kernel/version.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import { unpackModules } from '../shared/initrd-modules.ts';
import type { ModulesInput } from '../shared/initrd-modules.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({
  initrd: artifactSchema,
  /** Kernel parameters that make the image fit the RAM disk; empty if it fits. */
  parameters: z.array(z.string()),
});
export type InitrdImage = z.infer<typeof outputSchema>;

type InitrdImageInput = {
  readonly busybox: Artifact;
  /** Modules the kernel needs to reach the root; `null` when everything is built in. */
  readonly modules: ModulesInput | null;
  /** Digest of the shell scripts that go in. */
  readonly scripts: string;
  /** Version of the tools that make the file system. */
  readonly e2fsprogs: string;
  /** The kernel that is to boot it. */
  readonly kernel: { readonly release: string; readonly config: Artifact };
};

/** Packs the BusyBox initrd as a file system image, for a kernel that runs its /linuxrc itself. */
export const initrdImage: Stage<InitrdImageInput, InitrdImage> = {
  name: 'initrd-image',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir } = context;
    const { release } = input.kernel;
    const config = parseConfig(await store.readText(input.kernel.config));
    checkOldInitrd(`The kernel ${release}`, parseVersion(release), config);
    const outputPath = path.join(workDir, 'initrd.gz');
    const imageDir = path.join(workDir, 'image');
    await host.files.makeDirectory(imageDir);
    const image = await buildOldInitrd(host, {
      busyboxPath: await store.use(input.busybox),
      workDir: imageDir,
      outputPath,
      ...(await unpackModules(input.modules, context)),
    });
    const fits = image.ramDiskKb <= ramDiskKb(config);
    return {
      initrd: await store.adopt(outputPath),
      parameters: fits ? [] : [`ramdisk_size=${String(image.ramDiskKb)}`],
    };
  },
};

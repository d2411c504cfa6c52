import path from 'node:path';
import { z } from 'zod';
import { buildInitrd } from '../initrd/busybox-initrd.ts';
import type { Artifact } from '../model/artifact.ts';
import { artifactSchema } from './schemas.ts';
import type { Stage } from './stage.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
export type Initrd = z.infer<typeof outputSchema>;

type InitrdInput = {
  readonly busybox: Artifact;
  /** Modules the kernel needs to reach the root; `null` when everything is built in. */
  readonly modules: { readonly tar: Artifact; readonly order: readonly string[]; readonly release: string } | null;
  readonly compression: 'none' | 'gzip';
  /** Digest of the shell scripts that go in. */
  readonly scripts: string;
};

/** Packs the BusyBox initrd, byte for byte the same for the same input. */
export const initrd: Stage<InitrdInput, Initrd> = {
  name: 'initrd',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, { host, store, workDir }) {
    const outputPath = path.join(workDir, 'initrd.cpio');
    const moduleFolder = path.join(workDir, 'modules');
    if (input.modules !== null) {
      await host.files.makeDirectory(moduleFolder);
      await host.processes.run([
        ...(['tar', '--extract', '--file'] as const),
        await store.use(input.modules.tar),
        '--directory',
        moduleFolder,
      ]);
    }
    await buildInitrd(host, {
      busyboxPath: await store.use(input.busybox),
      outputPath,
      compression: input.compression,
      ...(input.modules === null
        ? {}
        : {
            modules: {
              release: input.modules.release,
              files: input.modules.order.map((file) => ({ name: file, path: path.join(moduleFolder, file) })),
            },
          }),
    });
    return { initrd: await store.adopt(outputPath) };
  },
};

import path from 'node:path';
import { z } from 'zod';
import { buildInitrd } from '../../initrd/busybox-initrd.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import { unpackModules } from '../shared/initrd-modules.ts';
import type { ModulesInput } from '../shared/initrd-modules.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
export type Initrd = z.infer<typeof outputSchema>;

type InitrdInput = {
  readonly busybox: Artifact;
  /** Modules the kernel needs to reach the root; `null` when everything is built in. */
  readonly modules: ModulesInput | null;
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
  async run(input, context) {
    const { host, store, workDir } = context;
    const outputPath = path.join(workDir, 'initrd.cpio');
    await buildInitrd(host, {
      busyboxPath: await store.use(input.busybox),
      outputPath,
      compression: input.compression,
      ...(await unpackModules(input.modules, context)),
    });
    return { initrd: await store.adopt(outputPath) };
  },
};

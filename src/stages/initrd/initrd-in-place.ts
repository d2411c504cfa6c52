import path from 'node:path';
import { z } from 'zod';
import { replaceInit } from '../../initrd/in-place.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
export type InitrdInPlace = z.infer<typeof outputSchema>;

type InitrdInPlaceInput = {
  /** The distribution's own. */
  readonly initrd: Artifact;
  readonly busybox: Artifact;
  /** Modules in it that the kernel needs to reach the root, in load order. */
  readonly modules: { readonly release: string; readonly order: readonly string[] };
  /** Digest of the shell scripts that go in. */
  readonly scripts: string;
  /** Versions of the tools that may have to pack it again. */
  readonly tools: Readonly<Record<string, string>>;
};

/** Puts BusyBox's linuxrc into the distribution's initrd, in the place of its own /init. */
export const initrdInPlace: Stage<InitrdInPlaceInput, InitrdInPlace> = {
  name: 'initrd-in-place',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, { host, store, workDir }) {
    const outputPath = path.join(workDir, 'initrd');
    const scratch = path.join(workDir, 'archives');
    await host.files.makeDirectory(scratch);
    await replaceInit(host, {
      initrdPath: await store.use(input.initrd),
      busyboxPath: await store.use(input.busybox),
      modules: input.modules,
      workDir: scratch,
      outputPath,
    });
    return { initrd: await store.adopt(outputPath) };
  },
};

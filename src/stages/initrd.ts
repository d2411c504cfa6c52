import path from 'node:path';
import { z } from 'zod';
import { buildInitrd } from '../initrd/busybox-initrd.ts';
import type { InitrdModules } from '../initrd/busybox-initrd.ts';
import { modulesOfBuild } from '../initrd/built-modules.ts';
import type { Artifact } from '../model/artifact.ts';
import { artifactSchema } from './schemas.ts';
import type { Stage, StageContext } from './stage.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
export type Initrd = z.infer<typeof outputSchema>;

/** The stock kernel's modules, in their order. */
type OrderedModules = { readonly tar: Artifact; readonly order: readonly string[]; readonly release: string };
/** All modules of a kernel built here, and which of them the root needs. */
type BuiltModules = { readonly built: Artifact; readonly wanted: readonly string[]; readonly release: string };

type InitrdInput = {
  readonly busybox: Artifact;
  /** Modules the kernel needs to reach the root; `null` when everything is built in. */
  readonly modules: OrderedModules | BuiltModules | null;
  readonly compression: 'none' | 'gzip';
  /** Digest of the shell scripts that go in. */
  readonly scripts: string;
};

async function packedModules(
  modules: OrderedModules | BuiltModules,
  { host, store, workDir, signal }: StageContext,
): Promise<InitrdModules> {
  const directory = path.join(workDir, 'modules');
  await host.files.makeDirectory(directory);
  if ('built' in modules) {
    const { built, wanted, release } = modules;
    return modulesOfBuild(host, { tar: await store.use(built), wanted, release, directory, signal });
  }
  const tar = await store.use(modules.tar);
  await host.processes.run(['tar', '--extract', '--file', tar, '--directory', directory]);
  return {
    release: modules.release,
    files: modules.order.map((file) => ({ name: file, path: path.join(directory, file) })),
  };
}

/** Packs the BusyBox initrd, byte for byte the same for the same input. */
export const initrd: Stage<InitrdInput, Initrd> = {
  name: 'initrd',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir } = context;
    const outputPath = path.join(workDir, 'initrd.cpio');
    const modules = input.modules === null ? undefined : await packedModules(input.modules, context);
    await buildInitrd(host, {
      busyboxPath: await store.use(input.busybox),
      outputPath,
      compression: input.compression,
      ...(modules === undefined ? {} : { modules }),
    });
    return { initrd: await store.adopt(outputPath) };
  },
};

import path from 'node:path';
import { z } from 'zod';
import { buildKernel } from '../kernel/build.ts';
import { proveCompiledIn } from '../kernel/patch-proof.ts';
import type { Artifact } from '../model/artifact.ts';
import { kernelTree } from './kernel-tree.ts';
import type { TreeInput } from './kernel-tree.ts';
import { artifactSchema } from './schemas.ts';
import type { Stage } from './stage.ts';

const outputSchema = z.strictObject({
  kernel: artifactSchema,
  systemMap: artifactSchema,
  config: artifactSchema,
  /** tar of lib/modules/<release>; without module support it holds the lists of what is built in. */
  modules: artifactSchema,
  release: z.string(),
  /** What shows that the patch is in the machine code, one sentence a witness. */
  patchProof: z.array(z.string()),
  makeMs: z.number(),
});
export type Build = z.infer<typeof outputSchema>;

type BuildInput = TreeInput & {
  readonly compiler: Readonly<Record<string, string>>;
  readonly config: Artifact;
  readonly proveRtc: boolean;
};

/** Builds kernel and modules on the host, under ccache, bit for bit the same for the same input. */
export const build: Stage<BuildInput, Build> = {
  name: 'build',
  version: 2,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const { host, store, signal } = context;
    const treeDir = await kernelTree(input, context);
    const buildDir = path.join(context.workDir, 'build');
    const built = await buildKernel(host, {
      treeDir,
      buildDir,
      configText: await store.readText(input.config),
      jobs: host.system.cpuCount,
      ccacheDir: path.join(store.root, 'ccache'),
      logPath: context.logPath,
      signal,
      onProgress: (done, expected, line) => {
        context.progress({ message: line.trim().slice(0, 100), fraction: Math.min(1, done / expected) });
      },
    });
    const config = await host.files.readText(built.configPath);
    if (config !== (await store.readText(input.config))) {
      context.finding({
        level: 'warning',
        message:
          'kbuild changed the verified configuration while building; the one that was built is kept with the kernel',
      });
    }
    const patchProof = input.proveRtc ? await proveCompiledIn(host, { treeDir, buildDir, signal }) : [];
    return {
      kernel: await store.adopt(built.bzImagePath),
      systemMap: await store.adopt(built.systemMapPath),
      config: await store.put(config),
      modules: await store.adopt(built.modulesTarPath),
      release: built.release,
      patchProof: [...patchProof],
      makeMs: Math.round(built.durationMs),
    };
  },
};

import path from 'node:path';
import { z } from 'zod';
import { makePatch, PATCHED_FILES } from '../../kernel/patch/patch.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ diff: artifactSchema });
export type Patch = z.infer<typeof outputSchema>;

type PatchInput = {
  readonly tarball: Artifact;
  /** Text of the Coccinelle semantic patch. */
  readonly semanticPatch: string;
  readonly spatch: string;
};

/** Turns a semantic patch into a plain diff against one kernel version. */
export const patch: Stage<PatchInput, Patch> = {
  name: 'patch',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, { host, store, workDir, signal }) {
    const sourceDir = path.join(workDir, 'source');
    await host.files.makeDirectory(sourceDir);
    // Only what the patch reads: a whole tree is unpacked once, later, with the diff applied.
    await host.processes.run(
      [
        ...(['tar', '--extract', '--file'] as const),
        await store.use(input.tarball),
        ...['--directory', sourceDir, '--strip-components=1', '--no-same-owner', '--wildcards'],
        ...PATCHED_FILES.map((file) => `*/${file}`),
      ],
      { signal },
    );
    const semanticPatch = path.join(workDir, 'patch.cocci');
    await host.files.writeAtomic(semanticPatch, input.semanticPatch);
    const diff = await makePatch(host, { sourceDir, semanticPatch, workDir, signal });
    return { diff: await store.put(diff) };
  },
};

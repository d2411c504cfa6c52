import path from 'node:path';
import { prepareTree } from '../../kernel/build/tree.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { StageContext } from '../stage.ts';

/** A kernel source and what is applied to it: the same for every stage that needs the tree. */
export type TreeInput = {
  readonly tarball: Artifact;
  readonly diff: Artifact | null;
};

/**
 * Unpacked and patched source, shared by the stages that read it; kept for the next run with the same source, and made
 * by one run at a time.
 */
export async function kernelTree(input: TreeInput, context: StageContext): Promise<string> {
  const { host, store, signal } = context;
  const name = `tree-${input.tarball.sha256.slice(0, 16)}`;
  const onWait = (holder: string): void => {
    context.progress({ message: `waiting for ${holder}, which unpacks the same source` });
  };
  await using lock = await store.lock(name, onWait, signal);
  context.progress({ message: 'unpacking the source' });
  const { directory } = await prepareTree(host, {
    tarball: await store.use(input.tarball),
    sha256: input.tarball.sha256,
    ...(input.diff === null ? {} : { diff: await store.readText(input.diff) }),
    workRoot: path.join(store.workDir(), 'trees'),
    signal: AbortSignal.any([signal, lock.lost]),
  });
  return directory;
}

import path from 'node:path';
import { z } from 'zod';
import { buildHandOver } from '../../initrd/virtual-clock-end.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ archive: artifactSchema });
export type HandOver = z.infer<typeof outputSchema>;

type HandOverInput = {
  readonly gcc: string;
  readonly binutils: string;
  /** Digest of the sources that go in. */
  readonly sources: string;
};

/** Packs what ends a boot on the virtual clock at the hand-over, to be laid behind every arm's initrd. */
export const handOver: Stage<HandOverInput, HandOver> = {
  name: 'hand-over',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(_input, { host, store, workDir }) {
    const outputPath = path.join(workDir, 'hand-over.cpio');
    await buildHandOver(host, workDir, outputPath);
    return { archive: await store.adopt(outputPath) };
  },
};

import { z } from 'zod';
import { compileSampler } from '../../containers/sampler/sampler-program.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ program: artifactSchema });
/** The compiled program in the store. */
export type SamplerProgram = z.infer<typeof outputSchema>;

type SamplerInput = {
  readonly gcc: string;
  readonly binutils: string;
  /** Digest of the sampler's sources and of how it is compiled: `samplerDigest`. */
  readonly sources: string;
};

/** Compiles the program that watches machines and their containers. */
export const samplerProgram: Stage<SamplerInput, SamplerProgram> = {
  name: 'sampler',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(_input, { host, store, workDir, signal, logPath }) {
    const programPath = await compileSampler(host, { workDir, signal, logPath });
    return { program: await store.adopt(programPath) };
  },
};

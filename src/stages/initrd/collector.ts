import path from 'node:path';
import { z } from 'zod';
import { compileCollector, prependCollector } from '../../initrd/collector/collector.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ initrd: artifactSchema });
type Collector = z.infer<typeof outputSchema>;

type CollectorInput = {
  readonly initrd: Artifact;
  /** Digest of the collector's sources and of how it is compiled. */
  readonly sources: string;
  readonly compiler: Readonly<Record<string, string>>;
};

/** Compiles the process collector and puts it before an arm's initrd. */
export const collector: Stage<CollectorInput, Collector> = {
  name: 'collector',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, { host, store, workDir, signal, logPath }) {
    const programPath = await compileCollector(host, { workDir, signal, logPath });
    const outputPath = path.join(workDir, 'initrd');
    await prependCollector(host, { programPath, initrdPath: await store.use(input.initrd), outputPath });
    return { initrd: await store.adopt(outputPath) };
  },
};

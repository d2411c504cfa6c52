import { z } from 'zod';
import { buildPackageRepository } from '../../images/containers/package-repository.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({
  /** A flat Debian repository; unpacked with `unpackRepository` when a run serves it. */
  repository: artifactSchema,
  packages: z.record(z.string(), z.strictObject({ version: z.string(), sha256: z.string(), sizeBytes: z.number() })),
});
/** A package repository in the store. */
export type PackageRepositoryOutput = z.infer<typeof outputSchema>;

type PackageRepositoryInput = {
  /** The guest definition's. */
  readonly archives: readonly string[];
  readonly keyring: string;
  /** What containers will install, by name. */
  readonly wanted: readonly string[];
  /** /var/lib/dpkg/status of the container image. */
  readonly status: Artifact;
  /** Raised by --refresh-image, so that newer packages are taken. */
  readonly refresh: string;
};

/** Fills the package repository that containers install from, or restores it. */
export const packageRepository: Stage<PackageRepositoryInput, PackageRepositoryOutput> = {
  name: 'package-repository',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir, signal } = context;
    const built = await buildPackageRepository(host, {
      archives: input.archives,
      keyring: input.keyring,
      wanted: input.wanted,
      statusPath: await store.use(input.status),
      workDir,
      signal,
      progress: (message) => {
        context.progress({ message });
      },
    });
    return { repository: await store.adopt(built.tarPath), packages: { ...built.packages } };
  },
};

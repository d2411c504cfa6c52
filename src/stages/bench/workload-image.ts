import { z } from 'zod';
import { fetchRegistryImage } from '../../images/containers/registry-image.ts';
import { buildPackagesImage } from '../../images/containers/workload-image.ts';
import type { BenchImage } from '../../profile/bench-schema.ts';
import type { BootstrappedGuest } from '../../profile/guest-schema.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({
  /** Root file system, for `docker import`. */
  tar: artifactSchema,
  /** dpkg's status file of an image that is made of packages. */
  status: artifactSchema.nullable(),
  /** Name → version; empty for an image from a registry. */
  packages: z.record(z.string(), z.string()),
  /** What it was made of, in one line. */
  origin: z.string(),
});
/** A container image in the store. Its tag is `workloadImageTag(name, tar)`: what it is called is no part of it. */
export type WorkloadImage = z.infer<typeof outputSchema>;

type WorkloadImageInput = {
  readonly image:
    | {
        readonly packages: readonly string[];
        readonly suite: string;
        readonly archives: readonly string[];
        readonly keyring: string;
      }
    | { readonly registry: string; readonly digest: string };
  readonly tools: Readonly<Record<string, string>>;
  /** Raised by --refresh-image, so that newer packages are taken; an image by digest is always the same. */
  readonly refresh: string;
};

/** Makes a container image, or restores it. */
export const workloadImage: Stage<WorkloadImageInput, WorkloadImage> = {
  name: 'workload-image',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run({ image }, context) {
    const { host, store, workDir, logPath, signal } = context;
    const options = {
      workDir,
      logPath,
      signal,
      onLine: (line: string) => {
        context.progress({ message: line.slice(0, 100) });
      },
    };
    if ('registry' in image) {
      const tar = await store.adopt(await fetchRegistryImage(host, image, options));
      return { tar, status: null, packages: {}, origin: `${image.registry}@${image.digest}` };
    }
    const built = await buildPackagesImage(host, image, image.packages, options);
    const added = image.packages.length === 0 ? '' : ` with ${image.packages.join(', ')}`;
    return {
      tar: await store.adopt(built.tarPath),
      status: await store.adopt(built.statusPath),
      packages: { ...built.packages },
      origin: `minimal ${image.suite}${added}`,
    };
  },
};

/** Input of the stage for one entry of a profile's `bench.images`. */
export function workloadImageInput(
  image: BenchImage,
  { suite, archives, keyring }: Pick<BootstrappedGuest, 'suite' | 'archives' | 'keyring'>,
  tools: Readonly<Record<string, string>>,
  refresh: string,
): WorkloadImageInput {
  if ('registry' in image) return { image, tools: {}, refresh: '' };
  const packages = [...new Set(image.packages)].sort();
  return {
    image: { packages, suite, archives, keyring },
    tools: { mmdebstrap: tools.mmdebstrap ?? '' },
    refresh,
  };
}

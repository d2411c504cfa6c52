import { z } from 'zod';
import { imageNameSchema, WORKLOAD_NAMES, workloadsSchema } from '../model/workloads.ts';
import type { Workloads } from '../model/workloads.ts';
import { nearest } from './nearest.ts';

const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'expected a package name');

const packagesImage = z.strictObject({
  packages: z
    .array(packageName)
    .describe("Packages of the guest's own distribution, on top of a minimal root with apt; [] is that root alone."),
});
const registryImage = z.strictObject({
  registry: z
    .string()
    .regex(
      /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/,
      'expected REGISTRY/REPOSITORY without a tag, such as docker.io/library/fedora',
    )
    .describe('Repository that the image is fetched from, without a tag.'),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hexadecimal digits')
    .describe('Digest of the manifest, or of the list of manifests: a tag may mean another image tomorrow.'),
});
const image = z.union([packagesImage, registryImage], {
  error: 'expected packages: [NAME, …], or registry: REGISTRY/REPOSITORY with digest: sha256:DIGEST',
});

const TOOLS = ['sysbench', 'fio', 'iperf3', 'sockperf'];

/** What a profile's containers do, and on which images; used by runs with `--bench` only. */
export const benchSchema = z
  .strictObject({
    rounds: z.number().int().min(1).max(50).default(4).describe('Sessions at every place, interleaved.'),
    images: z
      .record(imageNameSchema, image)
      .default({ system: { packages: [] }, tools: { packages: TOOLS } })
      .describe('Container images by name; the built-in two where the profile names none.'),
    workloads: workloadsSchema
      .prefault(Object.fromEntries(WORKLOAD_NAMES.map((name) => [name, {}])))
      .describe('What --bench can run; all of it where the profile names none.'),
  })
  .superRefine((bench, context) => {
    const known = Object.keys(bench.images);
    for (const { path, name } of namedImages(bench.workloads)) {
      if (Object.hasOwn(bench.images, name)) continue;
      const meant = nearest(name, known);
      const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
      context.addIssue({
        code: 'custom',
        path: ['workloads', ...path],
        message: `no image is named ${name}; ${meant === undefined ? there : `did you mean ${meant}?`}`,
      });
    }
  });

/** Every place of the section that names an image. */
function namedImages(given: Workloads): { readonly path: readonly string[]; readonly name: string }[] {
  return Object.entries(given).flatMap(([workload, options]) =>
    'images' in options
      ? Object.entries(options.images).map(([role, name]) => ({ path: [workload, 'images', role], name }))
      : [{ path: [workload, 'image'], name: options.image }],
  );
}

/** A profile's `bench` section with its defaults filled in. */
export type Bench = z.infer<typeof benchSchema>;
/** What a container image is made of. */
export type BenchImage = z.infer<typeof image>;

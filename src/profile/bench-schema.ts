import { z } from 'zod';
import { WORKLOAD_NAMES } from '../model/bench.ts';
import { nearest } from './nearest.ts';

const imageName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and dashes, 40 at most')
  .describe('Name of a container image of this section; its tag in Docker is drydock/NAME:DIGEST.');
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

const seconds = z.number().int().min(1).max(600);
const timed = z.strictObject({
  seconds: seconds.default(2).describe('For each figure.'),
  image: imageName.default('tools'),
});

/** One entry a kind of work; everything has a default, so `cpu: {}` is enough. */
const workloads = z.strictObject({
  'package-install': z
    .exactOptional(
      z.strictObject({
        packages: z
          .array(z.enum(['python3', 'git'], 'expected python3 or git, which have metrics of their own'))
          .min(1)
          .default(['python3', 'git'])
          .describe('What the working container installs.'),
        minutes: z
          .exactOptional(z.number().positive().max(120))
          .describe('How long the containers are watched; without it, 2 if this is the only workload, else 1.'),
        images: z
          .strictObject({
            fedora: imageName.default('system'),
            ubuntu: imageName.default('system'),
            'docker-dd-agent': imageName.default('system'),
          })
          .prefault({})
          .describe("The image of each of the thesis's three containers; fedora is the one that works."),
      }),
    )
    .describe(
      "The thesis's scenario: one of three containers updates its package index and installs packages; two idle.",
    ),
  cpu: z.exactOptional(timed).describe("sysbench's prime numbers, one thread per CPU."),
  memory: z.exactOptional(timed).describe("sysbench's sequential reads and writes of 1 MiB blocks."),
  disk: z
    .exactOptional(
      z.strictObject({
        seconds: seconds.default(1).describe('For each of the eight patterns.'),
        sizeMb: z.number().int().min(1).max(16_384).default(64).describe('Size of the file, in MiB.'),
        image: imageName.default('tools'),
      }),
    )
    .describe(
      "fio, direct I/O: sequential and random, read and write, on the container's file system and on a volume.",
    ),
  network: z
    .exactOptional(timed)
    .describe('iperf3 both ways between a container and its machine, and round trips by sockperf.'),
  'container-start': z
    .exactOptional(
      z.strictObject({
        times: z.number().int().min(1).max(1000).default(50).describe('Over all rounds together, half of them cold.'),
        image: imageName.default('system'),
      }),
    )
    .describe('docker run up to the first byte of output, warm and cold.'),
  density: z
    .exactOptional(
      z.strictObject({
        most: z.number().int().min(1).max(1000).default(16).describe('Bound on the number of containers.'),
        image: imageName.default('system'),
      }),
    )
    .describe('Idle containers, one after another, until the machine is full or the bound is reached.'),
});

const TOOLS = ['sysbench', 'fio', 'iperf3', 'sockperf'];

/** What a profile's containers do, and on which images; used by runs with `--bench` only. */
export const benchSchema = z
  .strictObject({
    rounds: z.number().int().min(1).max(50).default(4).describe('Sessions at every place, interleaved.'),
    images: z
      .record(imageName, image)
      .default({ system: { packages: [] }, tools: { packages: TOOLS } })
      .describe('Container images by name; the built-in two where the profile names none.'),
    workloads: workloads
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
function namedImages(given: z.infer<typeof workloads>): { readonly path: readonly string[]; readonly name: string }[] {
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

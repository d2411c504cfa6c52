import { z } from 'zod';

/** What a profile calls a container image. */
export const imageNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and dashes, 40 at most')
  .describe('Name of a container image of this section; its tag in Docker is drydock/NAME:DIGEST.');

const seconds = z.number().int().min(1).max(600);
const timed = z.strictObject({
  seconds: seconds.default(2).describe('For each figure.'),
  image: imageNameSchema.default('tools'),
});

/**
 * What can be run in containers, in the order in which it is run and shown, each with its keys in a profile; density last,
 * because it fills the machine. Everything has a default, so `cpu: {}` is enough.
 */
export const workloadsSchema = z.strictObject({
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
            fedora: imageNameSchema.default('system'),
            ubuntu: imageNameSchema.default('system'),
            'docker-dd-agent': imageNameSchema.default('system'),
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
        image: imageNameSchema.default('tools'),
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
        image: imageNameSchema.default('system'),
      }),
    )
    .describe('docker run up to the first byte of output, warm and cold.'),
  density: z
    .exactOptional(
      z.strictObject({
        most: z.number().int().min(1).max(1000).default(16).describe('Bound on the number of containers.'),
        image: imageNameSchema.default('system'),
      }),
    )
    .describe('Idle containers, one after another, until the machine is full or the bound is reached.'),
});
/** What a profile's containers do, with the defaults filled in. */
export type Workloads = z.infer<typeof workloadsSchema>;

export const workloadNameSchema = workloadsSchema.keyof();
export type WorkloadName = z.infer<typeof workloadNameSchema>;
export const WORKLOAD_NAMES: readonly WorkloadName[] = workloadNameSchema.options;

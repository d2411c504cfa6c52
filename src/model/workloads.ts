import { z } from 'zod';

/** What a profile calls a container image. */
export const imageNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and dashes, 40 at most')
  .describe('Part of the tag in Docker: drydock/NAME:DIGEST.');

const seconds = z.number().int().min(1).max(600);

/**
 * What can be run in containers, in the order in which it is run and shown, each with its keys in a profile; density last,
 * because it fills the machine. Everything has a default, so `cpu: {}` is enough.
 */
export const workloadsSchema = z.strictObject({
  'package-install': z.exactOptional(
    z.strictObject({
      packages: z
        .array(z.enum(['python3', 'git'], 'expected python3 or git, which have metrics of their own'))
        .min(1)
        .default(['python3', 'git']),
      minutes: z
        .exactOptional(z.number().positive().max(120))
        .describe('How long the containers are watched; 2 where nothing else is asked for, 1 beside other workloads.'),
      images: z
        .strictObject({
          fedora: imageNameSchema.default('system'),
          ubuntu: imageNameSchema.default('system'),
          'docker-dd-agent': imageNameSchema.default('system'),
        })
        .prefault({})
        .describe("The image of each of the thesis's three containers; fedora is the one that works."),
    }),
  ),
  cpu: z.exactOptional(z.strictObject({ seconds: seconds.default(2), image: imageNameSchema.default('tools') })),
  memory: z.exactOptional(z.strictObject({ seconds: seconds.default(2), image: imageNameSchema.default('tools') })),
  disk: z.exactOptional(
    z.strictObject({
      seconds: seconds.default(1).describe('For each of the eight patterns.'),
      sizeMb: z.number().int().min(1).max(16_384).default(64),
      image: imageNameSchema.default('tools'),
    }),
  ),
  network: z.exactOptional(z.strictObject({ seconds: seconds.default(2), image: imageNameSchema.default('tools') })),
  'container-start': z.exactOptional(
    z.strictObject({
      times: z.number().int().min(1).max(1000).default(50).describe('Over all rounds together, half of them cold.'),
      image: imageNameSchema.default('system'),
    }),
  ),
  density: z.exactOptional(
    z.strictObject({ most: z.number().int().min(1).max(1000).default(16), image: imageNameSchema.default('system') }),
  ),
});
/** What a profile's containers do, with the defaults filled in. */
export type Workloads = z.infer<typeof workloadsSchema>;

export const workloadNameSchema = workloadsSchema.keyof();
export type WorkloadName = z.infer<typeof workloadNameSchema>;
export const WORKLOAD_NAMES: readonly WorkloadName[] = workloadNameSchema.options;

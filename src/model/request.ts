import { z } from 'zod';
import { workloadNameSchema } from './bench.ts';

/** Which of the profile's workloads are run, and how. */
const benchRequestSchema = z.strictObject({
  workloads: z.array(workloadNameSchema).readonly(),
  minutes: z.exactOptional(z.number()).describe('how long package-install is sampled; absent: as the profile says'),
  rounds: z.exactOptional(z.number()).describe('sessions per place; absent: as the profile says'),
  measuresBoots: z
    .exactOptional(z.boolean())
    .describe('the boots that sessions begin with are the measured boots of the run; absent: they are made separately'),
  datadog: z.exactOptional(z.string()).describe('`host:port` of a Datadog Agent that gets every sample'),
});
export type BenchRequest = Readonly<z.infer<typeof benchRequestSchema>>;

/** A disk on which the guest's distribution is installed already. */
const adoptRequestSchema = z.strictObject({
  disk: z.string().describe('path of a qcow2'),
  keyPath: z
    .exactOptional(z.string())
    .describe('path of a private key that root of the disk accepts; absent: its cloud-init gets one'),
  root: z.exactOptional(z.string()).describe("device of its root; absent: the one of the guest's definition"),
});
export type AdoptRequest = Readonly<z.infer<typeof adoptRequestSchema>>;

export const ACCELERATOR_CHOICES = ['auto', 'kvm', 'tcg'] as const;

export const BUILD_PLACES = ['auto', 'host', 'guest'] as const;
/** A machine that a kernel may be built on. */
export type BuildPlace = Exclude<(typeof BUILD_PLACES)[number], 'auto'>;

/** What a run was asked to do: enough to go on with it after an interruption. The journal begins with it. */
export const runRequestSchema = z.strictObject({
  profilePath: z.string(),
  profileText: z.string(),
  guest: z.string(),
  image: z
    .exactOptional(z.string())
    .describe("path of the installer's medium, for a guest that is made from one; absent: it is downloaded"),
  adopt: z.exactOptional(adoptRequestSchema.readonly()),
  accelerator: z.enum(ACCELERATOR_CHOICES),
  boot: z.exactOptional(z.literal('grub')).describe('GRUB in the guest boots, by flag or profile; absent: QEMU does'),
  keepKernel: z
    .exactOptional(z.string())
    .describe('the arm whose kernel becomes the default of a disk that is kept with the run; absent: none'),
  build: z.exactOptional(z.enum(BUILD_PLACES)).describe('where kernels are built; absent: as the profile says'),
  boots: z.number().describe('measured boots per arm; with `sequential`, at most'),
  virtualBoots: z.exactOptional(z.number()).describe('boots per arm on the virtual clock'),
  sequential: z
    .exactOptional(z.strictObject({ budgetMinutes: z.exactOptional(z.number()) }).readonly())
    .describe('boot until the intervals decide, or until measured boots have taken this long'),
  install: z.boolean(),
  refresh: z.string(),
  collectHz: z
    .exactOptional(z.number())
    .describe('samples per second of the process collector; absent: no collector in any arm'),
  bench: z.exactOptional(benchRequestSchema.readonly()).describe('container workloads; absent: none'),
  openMetrics: z.exactOptional(z.boolean()).describe('also write `metrics.openmetrics`'),
});
export type RunRequest = Readonly<z.infer<typeof runRequestSchema>>;

/** Which guest a run takes, and why. */
export const guestChoiceSchema = z.strictObject({ name: z.string(), reason: z.string() });
export type GuestChoice = Readonly<z.infer<typeof guestChoiceSchema>>;

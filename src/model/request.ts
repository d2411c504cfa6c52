import { z } from 'zod';
import { workloadNameSchema } from './workloads.ts';

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

/** Sampling rate of the process collector; bootchart2 and systemd-bootchart use 25 Hz, too. */
const COLLECTOR_HZ = 25;
/** The limit of src/initrd/collector/collector.c. */
const COLLECTOR_MAX_HZ = 250;

/** How a field of a request is given on the command line. */
export interface RunFlag {
  /** As commander takes it: `--build <where>`, `--collect [hz]`, `--no-install`. */
  readonly flags: string;
  readonly help: string;
  /** The part of the help it stands in. */
  readonly group: 'Kernel and boot:' | 'Measuring:' | 'Host and output:';
  /** Its value when it is given without one. */
  readonly preset?: number;
  /** Part of the command that repeats a run. For the others that command takes what the run measured. */
  readonly isRepeated?: boolean;
}
export const runFlagRegistry = z.registry<RunFlag>();

const buildPlaceSchema = z.enum(['auto', 'host', 'guest']);
/** A machine that a kernel may be built on. */
export type BuildPlace = Exclude<z.infer<typeof buildPlaceSchema>, 'auto'>;

/**
 * Flags of `drydock run` that are a field of the request. An entry here is all that such a flag needs: the command line, the
 * journal, the record and the command that repeats the run are derived from it.
 */
export const runFlagsSchema = z.strictObject({
  accelerator: z.enum(['auto', 'kvm', 'tcg']).default('auto').describe('how guests are run').register(runFlagRegistry, {
    flags: '--accel <name>',
    group: 'Kernel and boot:',
    help: 'auto: KVM if a probe boot proves that it works, else TCG',
  }),
  build: z
    .exactOptional(buildPlaceSchema)
    .describe('where kernels are built; absent: as the profile says')
    .register(runFlagRegistry, {
      flags: '--build <where>',
      group: 'Kernel and boot:',
      help: 'where kernels are built (overrides the profile); auto: in the guest if KVM works and its compiler can build a kernel of this age, else on the host',
    }),
  install: z
    .boolean()
    .default(true)
    .describe('whether missing programs may be installed on this host')
    .register(runFlagRegistry, {
      flags: '--no-install',
      group: 'Host and output:',
      help: 'never install packages on this host; print the command instead',
    }),
  collectHz: z
    .exactOptional(z.int().min(1).max(COLLECTOR_MAX_HZ))
    .describe('samples per second of the process collector; absent: no collector in any arm')
    .register(runFlagRegistry, {
      flags: '--collect [hz]',
      group: 'Measuring:',
      help: `sample every process of the measured boots, from the initrd on, in all arms (default: ${String(COLLECTOR_HZ)} samples per second)`,
      preset: COLLECTOR_HZ,
      isRepeated: true,
    }),
  openMetrics: z.exactOptional(z.boolean()).describe('also write `metrics.openmetrics`').register(runFlagRegistry, {
    flags: '--openmetrics',
    group: 'Host and output:',
    help: "also write the run's figures as results/<run>/metrics.openmetrics",
    isRepeated: true,
  }),
});
export type RunFlags = Readonly<z.infer<typeof runFlagsSchema>>;

const flagEntries = runFlagsSchema.keyof().options.flatMap((key) => {
  const flag = runFlagRegistry.get(runFlagsSchema.shape[key]);
  return flag === undefined ? [] : [{ key, flag }];
});

/** Values of flags by the name of the request's field. */
export type FlagValues = Readonly<Record<string, string | number | boolean>>;

/** The flags that the command which repeats a run has as they were given; see `isRepeated`. */
export function repeatedFlags(flags: RunFlags): FlagValues {
  return Object.fromEntries(
    flagEntries.flatMap(({ key, flag }) => {
      const value = flags[key];
      return flag.isRepeated === true && value !== undefined ? [[key, value]] : [];
    }),
  );
}

/** Flags as words of a command line: `--collect 25 --openmetrics`. */
export function flagWords(values: FlagValues): readonly string[] {
  return flagEntries.flatMap(({ key, flag }) => {
    const value = values[key];
    if (value === undefined) return [];
    const [name = ''] = flag.flags.split(' ');
    if (typeof value !== 'boolean') return [name, String(value)];
    // `--no-x` is given to say false.
    return value === name.startsWith('--no-') ? [] : [name];
  });
}

/** What a run was asked to do: enough to go on with it after an interruption. The journal begins with it. */
export const runRequestSchema = z.strictObject({
  ...runFlagsSchema.shape,
  profilePath: z.string().describe('file that the profile was read from'),
  profileText: z.string().describe('the profile as it was read'),
  guest: z.string().describe('`auto`, or the name or path of a definition'),
  image: z
    .exactOptional(z.string())
    .describe("path of the installer's medium, for a guest that is made from one; absent: it is downloaded"),
  adopt: z
    .exactOptional(adoptRequestSchema.readonly())
    .describe('a disk with an installed system that becomes the guest'),
  boot: z.exactOptional(z.literal('grub')).describe('GRUB in the guest boots, by flag or profile; absent: QEMU does'),
  keepKernel: z
    .exactOptional(z.string())
    .describe('the arm whose kernel becomes the default of a disk that is kept with the run; absent: none'),
  boots: z.number().describe('measured boots per arm; with `sequential`, at most'),
  virtualBoots: z.exactOptional(z.number()).describe('boots per arm on the virtual clock'),
  sequential: z
    .exactOptional(
      z
        .strictObject({
          budgetMinutes: z.exactOptional(z.number()).describe('minutes of measured boots; absent: no limit'),
        })
        .readonly(),
    )
    .describe('boot until the confidence intervals allow a verdict, or until measured boots have taken this long'),
  refresh: z.string().describe('with --refresh-image, a text that no earlier image was made with; otherwise empty'),
  bench: z.exactOptional(benchRequestSchema.readonly()).describe('container workloads; absent: none'),
});
export type RunRequest = Readonly<z.infer<typeof runRequestSchema>>;

/** Which guest a run takes, and why. */
export const guestChoiceSchema = z.strictObject({
  name: z.string().describe('name of its definition, or its path where it was given as a file'),
  reason: z.string().describe('one sentence'),
});
export type GuestChoice = Readonly<z.infer<typeof guestChoiceSchema>>;

import { Fault } from '../host/fault.ts';
import type { Arm, Profile } from './schema.ts';

/** A way of looking at a boot, as the kernel parameters that turn it on. */
interface Look {
  readonly name: string;
  readonly title: string;
  readonly cmdline: readonly string[];
  /** Samples a second of the process collector. */
  readonly collectHz?: number;
}

/** What a calibration compares with looking as little as drydock does: a quiet console, stamps on. */
export const LOOKS: readonly Look[] = [
  { name: 'serial', title: 'the whole kernel log on the serial console', cmdline: ['ignore_loglevel'] },
  { name: 'initcall-debug', title: 'every initcall in the log (initcall_debug)', cmdline: ['initcall_debug'] },
  { name: 'collector', title: 'every process, 25 times a second, from the initrd on', cmdline: [], collectHz: 25 },
  { name: 'no-printk-time', title: 'no stamps on the log (printk.time=0)', cmdline: ['printk.time=0'] },
];

/**
 * Derives the A/A profile of a calibration: one arm of `profile` twice, under two names and with nothing between them, and
 * once more for every way of looking.
 *
 * @throws Fault `usage` when the profile has no such arm
 */
export function calibrationOf(profile: Profile, armName: string | undefined): Profile {
  const arms = Object.entries(profile.arms);
  const chosen =
    armName === undefined
      ? (arms.find(([, arm]) => arm.role === 'baseline') ?? arms[0])
      : arms.find(([name]) => name === armName);
  if (chosen === undefined) {
    throw new Fault({
      kind: 'usage',
      headline: `The profile ${profile.name} has no arm ${armName ?? ''}`.trimEnd(),
      hint: `Its arms are ${arms.map(([name]) => name).join(', ')}.`,
    });
  }
  const [name, arm] = chosen;
  if (arm.initrd === 'busybox-image' || arm.initrd === 'none') {
    throw new Fault({
      kind: 'usage',
      headline: `The arm ${name} cannot be calibrated: one way of looking at it is the process collector, which starts from a cpio`,
      hint: 'Calibrate an arm whose initrd is a cpio; the noise of this host is the same.',
    });
  }
  const kernel = arm.kernel === 'stock' ? arm.kernel : { ...arm.kernel, name: arm.kernel.name ?? name };
  const make = (role: Arm['role'], look: Pick<Look, 'cmdline' | 'collectHz'>): Arm => ({
    ...arm,
    role,
    kernel,
    cmdline: [...arm.cmdline, ...look.cmdline],
    ...(look.collectHz === undefined ? {} : { collectHz: look.collectHz }),
  });
  const bare = { cmdline: [] };
  return {
    ...profile,
    name: `${profile.name}-calibration`.slice(0, 40),
    description: `A/A: the arm ${name} of ${profile.name} against itself, and with every way of looking at it`,
    arms: {
      a: make('baseline', bare),
      b: make('candidate', bare),
      ...Object.fromEntries(LOOKS.map((look) => [look.name, make('variant', look)])),
    },
    calibration: { arm: name, looks: LOOKS.map((look) => look.name) },
  };
}

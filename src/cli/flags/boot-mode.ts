import { Option } from 'commander';
import { Fault } from '../../host/fault.ts';
import { BOOT_MODES } from '../../model/environment.ts';
import type { RunRequest } from '../../model/request.ts';
import { nearest } from '../../profile/nearest.ts';
import type { Profile } from '../../profile/schema.ts';
import type { ClockChoice } from './boots.ts';

/** What the command line says of how guests are booted. */
export interface BootModeFlags {
  readonly boot?: (typeof BOOT_MODES)[number] | undefined;
  /** The arm whose kernel becomes the default of a disk that is kept. */
  readonly keepKernel?: string | undefined;
}

interface Measured extends BootModeFlags {
  readonly clock: ClockChoice;
  readonly collectHz?: number | undefined;
}

/** `--boot` and `--keep-kernel`. */
export const bootModeOptions = (): readonly Option[] => [
  new Option(
    '--boot <mode>',
    "direct: QEMU loads the kernel; grub: the guest's boot loader loads it from the disk (default: from the profile, else direct)",
  ).choices(BOOT_MODES),
  new Option(
    '--keep-kernel <arm>',
    "with --boot grub: also keep a disk in the run's folder that boots this arm's kernel by default",
  ),
];

function refuse(headline: string, hint: string): Fault {
  return new Fault({ kind: 'usage', headline, hint });
}

/**
 * How a run boots its guests, by the command line or else by the profile.
 *
 * @throws Fault `usage` when that contradicts what else was asked for
 */
export function requestedBootMode(profile: Profile, flags: Measured): Pick<RunRequest, 'boot' | 'keepKernel'> {
  const { keepKernel } = flags;
  if ((flags.boot ?? profile.boot ?? 'direct') === 'direct') {
    if (keepKernel === undefined) return {};
    throw refuse(
      `--keep-kernel ${keepKernel} needs a boot loader on the guest's disk, and this run has QEMU boot it`,
      'Run with --boot grub.',
    );
  }
  if (flags.clock === 'virtual') {
    throw refuse(
      'GRUB boots from a disk, and a boot on the virtual clock has none',
      'Run with --boot direct, or measure with --clock wall (or both: the boots on the virtual clock stay direct).',
    );
  }
  const watched = Object.entries(profile.arms).find(([, arm]) => arm.collectHz !== undefined)?.[0];
  if (flags.collectHz !== undefined || watched !== undefined) {
    throw refuse(
      `The process collector is put before the initrd that QEMU loads, and GRUB loads the one in the guest${watched === undefined ? '' : ` (arm ${watched})`}`,
      'Collect with --boot direct.',
    );
  }
  if (keepKernel === undefined) return { boot: 'grub' };
  const arms = Object.keys(profile.arms);
  if (arms.includes(keepKernel)) return { boot: 'grub', keepKernel };
  const meant = nearest(keepKernel, arms);
  throw refuse(
    `The profile ${profile.name} has no arm ${keepKernel}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    `Its arms are ${arms.join(', ')}.`,
  );
}

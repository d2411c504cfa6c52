import { InvalidArgumentError, Option } from 'commander';
import { Fault } from '../../host/fault.ts';
import type { RunRequest } from '../../model/request.ts';
import type { Profile } from '../../profile/schema.ts';
import { wholeNumber } from './options.ts';

/** Enough to find a 5 % effect in nearly every run, and to end one without an effect within the hour. */
const DEFAULT_MAX_BOOTS = 20;
/** Fewer can never be significant, so looking at them would be for nothing. */
const LEAST_MAX_BOOTS = 4;

/** Two show that a boot on the virtual clock repeats; a third could only say so again. */
const VIRTUAL_BOOTS = 2;

/** Weeks of boots: more is a slip of the finger, and its plan would not fit into memory. */
const MOST_BOOTS = 1_000;

/** Which clocks guests are booted on. */
export const CLOCK_CHOICES = ['wall', 'virtual', 'both'] as const;
export type ClockChoice = (typeof CLOCK_CHOICES)[number];

/** What the command line says of the number of boots. */
export interface BootFlags {
  readonly boots?: number | 'auto' | undefined;
  readonly maxBoots?: number;
  readonly budget?: number;
  readonly clock: ClockChoice;
}

function bootCount(text: string): number | 'auto' {
  if (text === 'auto') return text;
  if (!/^\d+$/.test(text) || Number(text) < 0 || Number(text) > MOST_BOOTS) {
    throw new InvalidArgumentError(`Expected a whole number from 0 to ${String(MOST_BOOTS)}, or auto.`);
  }
  return Number(text);
}

function minutes(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0) throw new InvalidArgumentError('Expected minutes, more than 0.');
  return value;
}

export const bootOptions = (): readonly Option[] => [
  new Option(
    '--boots <n|auto>',
    'measured boots per arm (default: from the profile; with --bench, one per session). Use 4 or more for a verdict. auto: boot until the confidence intervals allow a verdict',
  ).argParser(bootCount),
  new Option(
    '--max-boots <n>',
    `with --boots auto: at most this many boots per arm (default: ${String(DEFAULT_MAX_BOOTS)})`,
  ).argParser(wholeNumber(LEAST_MAX_BOOTS, MOST_BOOTS)),
  new Option('--budget <minutes>', 'with --boots auto: stop after this much time of measured boots').argParser(minutes),
];

/**
 * How many boots a run makes: what the command line says, else the profile.
 *
 * @throws Fault when a limit is given for a fixed number of boots, or for boots on the virtual clock
 */
export function requestedBoots(
  profile: Profile,
  flags: BootFlags,
): Pick<RunRequest, 'boots' | 'sequential' | 'virtualBoots'> {
  if (flags.clock === 'virtual') {
    if (flags.boots === 'auto' || flags.maxBoots !== undefined || flags.budget !== undefined) {
      throw new Fault({
        kind: 'usage',
        headline: '--boots auto, --max-boots and --budget are for the wall clock: boots on the virtual clock repeat',
        hint: 'Leave them out, or measure with --clock wall (or both).',
      });
    }
    return { boots: 0, virtualBoots: typeof flags.boots === 'number' ? flags.boots : VIRTUAL_BOOTS };
  }
  return { ...wallBoots(profile, flags), ...(flags.clock === 'both' ? { virtualBoots: VIRTUAL_BOOTS } : {}) };
}

function wallBoots(profile: Profile, flags: BootFlags): Pick<RunRequest, 'boots' | 'sequential'> {
  const boots = flags.boots ?? profile.boots;
  if (boots !== 'auto') {
    if (flags.maxBoots === undefined && flags.budget === undefined) return { boots };
    throw new Fault({
      kind: 'usage',
      headline: '--max-boots and --budget limit a run that decides itself when it has booted enough',
      hint: 'Add --boots auto, or leave them out.',
    });
  }
  const budgetMinutes = flags.budget ?? profile.budgetMinutes;
  return {
    boots: flags.maxBoots ?? profile.maxBoots ?? DEFAULT_MAX_BOOTS,
    sequential: budgetMinutes === undefined ? {} : { budgetMinutes },
  };
}

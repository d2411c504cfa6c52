import { Option } from 'commander';
import type { Command } from 'commander';
import { ablate, factorTitle } from '../../profile/ablate.ts';
import { FACTORS } from '../../profile/schema.ts';
import type { Factor } from '../../profile/schema.ts';
import type { CommandContext } from '../context.ts';
import { benchOptions } from '../flags/bench.ts';
import type { BenchFlags } from '../flags/bench.ts';
import { bootModeOptions } from '../flags/boot-mode.ts';
import type { BootModeFlags } from '../flags/boot-mode.ts';
import { bootOptions, CLOCK_CHOICES } from '../flags/boots.ts';
import type { BootFlags } from '../flags/boots.ts';
import { imageOptions } from '../flags/image.ts';
import type { ImageFlags } from '../flags/image.ts';
import { cacheDirOption, factorList, guestOption, jsonOption, resultsDirOption } from '../flags/options.ts';
import { runFlagOptions, runFlagsOf } from '../flags/run-flags.ts';
import { cacheRoot, resultsRoot } from '../locations.ts';
import { resumeCommand, runCommand } from '../run/execute.ts';

const failOnOption = () =>
  new Option('--fail-on <verdict>', 'exit 1 when a metric has this verdict')
    .choices(['worse', 'never'])
    .default('worse');

/** Where a run is kept and how it is reported: flags of `run` and of `resume`. */
interface PlaceFlags {
  readonly json: boolean;
  readonly failOn: 'worse' | 'never';
  readonly cacheDir?: string;
  readonly resultsDir?: string;
}

const placeOptions = (): readonly Option[] => [failOnOption(), jsonOption(), cacheDirOption(), resultsDirOption()];

/** What commander parses for `run`; the request's own flags are read by `runFlagsOf`. */
interface Flags extends PlaceFlags, BootFlags, BenchFlags, BootModeFlags, ImageFlags {
  readonly profile: string;
  readonly guest: string;
  readonly ablate?: readonly Factor[];
  readonly refreshImage: boolean;
  readonly dryRun: boolean;
}

const profileOption = (): Option =>
  new Option('--profile <name|file>', 'a profile of pipelines/, or a path').makeOptionMandatory();
const clockOption = (): Option =>
  new Option(
    '--clock <name>',
    'wall: boots to Docker; virtual: kernel and initrd only, time counted in instructions, free of noise',
  )
    .choices(CLOCK_CHOICES)
    .default('wall');
const ablateOption = (): Option =>
  new Option(
    '--ablate <changes>',
    'split the gain: one arm per combination of these changes (config,initrd,rtc,cmdline)',
  ).argParser(factorList);
const refreshOption = (): Option =>
  new Option('--refresh-image', "build a new guest image with today's packages").default(false);
const dryRunOption = (): Option =>
  new Option('--dry-run', 'show arms, stages, what is cached and how long it may take').default(false);

/** The parts of the help, in its order; flags that are made from the request's schema name theirs there. */
const GROUPS: readonly (readonly [string, () => readonly Option[]])[] = [
  ['Profile and guest:', () => [profileOption(), guestOption(), ...imageOptions(), refreshOption()]],
  ['Kernel and boot:', bootModeOptions],
  ['Measuring:', () => [...bootOptions(), clockOption(), ablateOption()]],
  ['Container work:', benchOptions],
  ['Host and output:', () => [dryRunOption(), ...placeOptions()]],
];

/** `drydock run`. */
export function addRunCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  const run = program
    .command('run')
    .description('run a profile: image, kernels, installation, measured boots, scores, report')
    .addHelpText(
      'after',
      `
Examples:
  npm run pipeline -- --profile docker-min
  npm run pipeline -- --profile docker-min --boots 10 --accel tcg
  npm run pipeline -- --profile docker-min --clock virtual
  npm run pipeline -- --profile docker-min --ablate config,initrd,rtc,cmdline --clock virtual
  npm run pipeline -- --profile docker-min --boots auto --budget 30
  npm run pipeline -- --profile docker-min --boot grub --keep-kernel docker-min
  npm run pipeline -- --profile docker-min --bench all
  npm run pipeline -- --profile docker-min --boots 0 --bench package-install --minutes 10
  npm run pipeline -- --profile docker-min --build guest
  npm run pipeline -- --profile docker-min --dry-run
  npm run pipeline -- --profile stock --guest centos-7-minimal --image CentOS-7-x86_64-Minimal-2009.iso
  npm run pipeline -- --profile docker-min --guest debian-12-minimal --image debian.qcow2 --image-key ~/.ssh/id_ed25519
  npm run pipeline -- --profile ./my-profile.yaml --json

Changes that --ablate knows:
${FACTORS.map((factor) => `  ${factor.padEnd(8)} ${factorTitle(factor)}`).join('\n')}

Exit codes: 0 done · 1 the kernel under test failed, or a metric got worse · 2 usage or profile
            3 infrastructure (ssh, disk, qemu, network) · 70 a bug of drydock · 130 interrupted`,
    )
    .action(async (flags: Flags) => {
      finish(
        await runCommand(context, {
          ...flags,
          run: runFlagsOf({ ...flags }),
          ...(flags.ablate === undefined ? {} : { derive: (profile) => ablate(profile, flags.ablate ?? []) }),
          cacheRoot: cacheRoot(flags.cacheDir),
          resultsRoot: resultsRoot(flags.resultsDir),
        }),
      );
    });
  for (const [group, options] of GROUPS) for (const option of options()) run.addOption(option.helpGroup(group));
  for (const option of runFlagOptions()) run.addOption(option);
}

/** `drydock resume`. */
export function addResumeCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  const resume = program
    .command('resume <run>')
    .description('continue an interrupted or failed run; verified work is not repeated')
    .addHelpText('after', '\nExample:\n  npm run drydock -- resume 20261123-153012-docker-min')
    .action(async (run: string, flags: PlaceFlags) => {
      finish(
        await resumeCommand(context, {
          run,
          json: flags.json,
          failOn: flags.failOn,
          cacheRoot: cacheRoot(flags.cacheDir),
          resultsRoot: resultsRoot(flags.resultsDir),
        }),
      );
    });
  for (const option of placeOptions()) resume.addOption(option);
}

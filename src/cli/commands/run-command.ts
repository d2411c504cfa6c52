import { Option } from 'commander';
import type { Command } from 'commander';
import { BUILD_PLACES } from '../../model/request.ts';
import { ablate, factorTitle } from '../../profile/ablate.ts';
import { FACTORS } from '../../profile/schema.ts';
import type { Factor } from '../../profile/schema.ts';
import type { CommandContext } from '../context.ts';
import { benchOptions } from '../flags/bench.ts';
import type { BenchFlags } from '../flags/bench.ts';
import { bootModeOptions } from '../flags/boot-mode.ts';
import type { BootModeFlags } from '../flags/boot-mode.ts';
import { bootOptions } from '../flags/boots.ts';
import type { BootFlags } from '../flags/boots.ts';
import { imageOptions } from '../flags/image.ts';
import type { ImageFlags } from '../flags/image.ts';
import {
  acceleratorOption,
  cacheDirOption,
  collectOption,
  factorList,
  guestOption,
  jsonOption,
  resultsDirOption,
} from '../flags/options.ts';
import { cacheRoot, resultsRoot } from '../locations.ts';
import { resumeCommand, runCommand } from './run.ts';

const failOnOption = () =>
  new Option('--fail-on <verdict>', 'exit 1 when a metric has this verdict')
    .choices(['worse', 'never'])
    .default('worse');

interface RunFlags extends BootFlags, BenchFlags, BootModeFlags, ImageFlags {
  profile: string;
  guest: string;
  accel: 'auto' | 'kvm' | 'tcg';
  build?: 'auto' | 'host' | 'guest';
  ablate?: readonly Factor[];
  install: boolean;
  refreshImage: boolean;
  collect?: number;
  json: boolean;
  dryRun: boolean;
  failOn: 'worse' | 'never';
  cacheDir?: string;
  resultsDir?: string;
}

/** `drydock run`. */
export function addRunCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  const run = program
    .command('run')
    .description('run a profile: image, kernels, installation, measured boots, scores, report')
    .requiredOption('--profile <name|file>', 'a profile of pipelines/, or a path')
    .addOption(guestOption())
    .addOption(acceleratorOption())
    .addOption(
      new Option(
        '--build <where>',
        "where kernels are built (overrides the profile); auto: in the guest if its compiler fits the kernel's age and KVM works, else on the host",
      ).choices(BUILD_PLACES),
    )
    .addOption(
      new Option(
        '--clock <name>',
        'wall: boots to Docker; virtual: kernel and initrd only, time counted in instructions, free of noise',
      )
        .choices(['wall', 'virtual', 'both'])
        .default('wall'),
    )
    .option(
      '--ablate <changes>',
      'split the gain: one arm per combination of these changes (config,initrd,rtc,cmdline)',
      factorList,
    )
    .option('--no-install', 'never install packages on this host; print the command instead')
    .option('--refresh-image', "build a new guest image with today's packages", false)
    .addOption(collectOption())
    .option('--dry-run', 'show arms, stages, what is cached and how long it may take', false)
    .addOption(failOnOption())
    .addOption(jsonOption())
    .addOption(cacheDirOption())
    .addOption(resultsDirOption())
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
    .action(async (flags: RunFlags) => {
      finish(
        await runCommand(context, {
          ...flags,
          ...(flags.ablate === undefined ? {} : { derive: (profile) => ablate(profile, flags.ablate ?? []) }),
          cacheRoot: cacheRoot(flags.cacheDir),
          resultsRoot: resultsRoot(flags.resultsDir),
        }),
      );
    });
  for (const option of [...imageOptions(), ...bootModeOptions(), ...bootOptions(), ...benchOptions()])
    run.addOption(option);
}

/** `drydock resume`. */
export function addResumeCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('resume <run>')
    .description('continue an interrupted or failed run; verified work is not repeated')
    .addOption(failOnOption())
    .addOption(jsonOption())
    .addOption(cacheDirOption())
    .addOption(resultsDirOption())
    .addHelpText('after', '\nExample:\n  npm run drydock -- resume 20261123-153012-docker-min')
    .action(async (run: string, flags: Pick<RunFlags, 'json' | 'failOn' | 'cacheDir' | 'resultsDir'>) => {
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
}

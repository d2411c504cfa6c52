import { Option } from 'commander';
import type { Command } from 'commander';
import { calibrationOf, LOOKS } from '../../profile/calibrate.ts';
import type { CommandContext } from '../context.ts';
import { cacheRoot, resultsRoot } from '../locations.ts';
import { CLOCK_CHOICES } from '../flags/boots.ts';
import type { ClockChoice } from '../flags/boots.ts';
import { cacheDirOption, guestOption, jsonOption, resultsDirOption, wholeNumber } from '../flags/options.ts';
import { runFlagOption, runFlagsOf } from '../flags/run-flags.ts';
import { runCommand } from '../run/execute.ts';

interface CalibrateFlags {
  profile: string;
  arm?: string;
  boots?: number;
  clock: ClockChoice;
  guest: string;
  json: boolean;
  dryRun: boolean;
  cacheDir?: string;
  resultsDir?: string;
}

/** `drydock calibrate`: one arm against itself, and against every way of looking at it. */
export function addCalibrateCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('calibrate')
    .description(
      "measure this host's noise, the false-alarm rate of the verdicts, and the cost of each instrumentation (A/A runs)",
    )
    .option('--profile <name|file>', 'profile that names the arm to boot', 'stock')
    .option('--arm <name>', "which arm (default: the profile's baseline)")
    .option(
      '--boots <n>',
      'boots per arm on the wall clock (default 8; with fewer, the false-alarm rate means little)',
      wholeNumber(1, 1_000),
    )
    .addOption(new Option('--clock <name>', 'which clock to calibrate').choices(CLOCK_CHOICES).default('both'))
    .addOption(runFlagOption('accelerator'))
    .addOption(guestOption())
    .addOption(runFlagOption('install'))
    .option('--dry-run', 'show arms, stages, what is cached and how long it may take', false)
    .addOption(jsonOption())
    .addOption(cacheDirOption())
    .addOption(resultsDirOption())
    .addHelpText(
      'after',
      `
Instrumentations:
${LOOKS.map((look) => `  ${look.name.padEnd(16)} ${look.title}`).join('\n')}

Examples:
  npm run drydock -- calibrate
  npm run drydock -- calibrate --profile docker-min --arm docker-min --clock virtual
  npm run drydock -- calibrate --boots 12 --clock wall`,
    )
    .action(async (flags: CalibrateFlags) => {
      const { clock, boots, arm } = flags;
      finish(
        await runCommand(context, {
          ...flags,
          run: runFlagsOf({ ...flags }),
          boots: boots ?? (clock === 'virtual' ? undefined : WALL_BOOTS),
          derive: (profile) => calibrationOf(profile, arm),
          refreshImage: false,
          // What is calibrated is drydock's looking; a boot loader would be one more thing that varies.
          boot: 'direct',
          // A false alarm is what is looked for here, not a failure.
          failOn: 'never',
          cacheRoot: cacheRoot(flags.cacheDir),
          resultsRoot: resultsRoot(flags.resultsDir),
        }),
      );
    });
}

const WALL_BOOTS = 8;

import process from 'node:process';
import { Argument, Command, CommanderError, Option } from 'commander';
import { jsonText } from '../json/text.ts';
import { z } from 'zod';
import { createHost } from '../host/node-host.ts';
import { packageFile } from '../host/package-file.ts';
import { exitCodeOf, renderFailure, toFailure } from '../pipeline/events/failure.ts';
import { profileJsonSchema } from '../profile/schema.ts';
import { recordJsonSchema } from '../store/record-schema.ts';
import { ablate, factorTitle } from '../profile/ablate.ts';
import { FACTORS } from '../profile/schema.ts';
import type { Factor } from '../profile/schema.ts';
import { addAnalyzeCommand } from './commands/analyze.ts';
import { benchOptions } from './flags/bench.ts';
import type { BenchFlags } from './flags/bench.ts';
import { imageOptions } from './flags/image.ts';
import type { ImageFlags } from './flags/image.ts';
import { bootModeOptions } from './flags/boot-mode.ts';
import type { BootModeFlags } from './flags/boot-mode.ts';
import { bootOptions } from './flags/boots.ts';
import type { BootFlags } from './flags/boots.ts';
import { addCalibrateCommand } from './commands/calibrate.ts';
import { checkConfigCommand } from './commands/check-config.ts';
import { addCompareCommand } from './commands/compare.ts';
import type { CommandContext, Output } from './context.ts';
import { doctor } from './commands/doctor.ts';
import { addHistoryCommand } from './commands/history.ts';
import type { Interruption } from './interruption.ts';
import { cacheRoot, resultsRoot } from './locations.ts';
import {
  acceleratorOption,
  cacheDirOption,
  collectOption,
  factorList,
  guestOption,
  jsonOption,
  resultsDirOption,
} from './flags/options.ts';
import { addNeedsCommand } from './commands/needs.ts';
import { addProcessesCommand } from './commands/processes.ts';
import { resumeCommand, runCommand } from './commands/run.ts';
import { addThesisCommand } from './commands/thesis.ts';

const DEFAULT_COLUMNS = 100;

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY,
    get columns() {
      return stream.isTTY ? stream.columns : DEFAULT_COLUMNS;
    },
  };
}

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

function buildProgram(context: CommandContext, finish: (code: number) => void): Command {
  const program = new Command('drydock')
    .description('Builds, boots, measures and scores a minimal VM kernel for Docker.')
    .version(context.version)
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        context.stdout.write(text);
      },
      writeErr: (text) => {
        context.stderr.write(text);
      },
    });

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
      ).choices(['auto', 'host', 'guest']),
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

  addCalibrateCommand(program, context, finish);
  addNeedsCommand(program, context, finish);

  program
    .command('doctor')
    .description('check this host, and install missing tools where allowed')
    .option('--no-install', 'only list what is missing, with the command that installs it')
    .option(
      '--tests',
      "also check what drydock's own tests need: a browser, and the tools that make CentOS guests",
      false,
    )
    .option('--bench', 'also check what container work on this host needs: a dockerd', false)
    .option('--json', 'print the checks as JSON', false)
    .addOption(cacheDirOption())
    .addHelpText(
      'after',
      '\nExamples:\n  npm run drydock -- doctor\n  npm run drydock -- doctor --no-install\n  npm run drydock -- doctor --tests',
    )
    .action(async (flags: { install: boolean; tests: boolean; bench: boolean; json: boolean; cacheDir?: string }) => {
      await doctor(context, { ...flags, cacheRoot: cacheRoot(flags.cacheDir) });
      finish(0);
    });

  program
    .command('check-config <file>')
    .description('check a kernel configuration against what Docker needs; exit 1 when a required option is missing')
    .option('--kernel <version>', 'judge by this kernel version (default: the one the file names)')
    .option('--json', 'print the rows as JSON', false)
    .addHelpText(
      'after',
      '\nExamples:\n  npm run drydock -- check-config .config\n  npm run drydock -- check-config /proc/config.gz --kernel 6.1',
    )
    .action(async (file: string, flags: { kernel?: string; json: boolean }) => {
      finish(await checkConfigCommand(context, { file, kernel: flags.kernel, json: flags.json }));
    });

  program
    .command('schema')
    .description('print the JSON Schema of a profile, or of a record')
    .addArgument(new Argument('[what]', 'which one').choices(['profile', 'record']).default('profile'))
    .action((what: 'profile' | 'record') => {
      const schema = what === 'record' ? recordJsonSchema() : profileJsonSchema();
      context.stdout.write(`${jsonText(schema, 2)}\n`);
      finish(0);
    });

  addAnalyzeCommand(program, context, finish);
  addCompareCommand(program, context, finish);
  addHistoryCommand(program, context, finish);
  addProcessesCommand(program, context, finish);
  addThesisCommand(program, context, finish);
  return program;
}

/** Commands that start programs or keep what they make: a signal ends them in order. */
const ENDS_IN_ORDER = new Set(['run', 'resume', 'calibrate', 'needs', 'doctor']);

/** Runs the command line to its end; the exit code. */
export async function main(interruption: Interruption): Promise<number> {
  const { stop: signal, kill } = interruption;
  const host = createHost({ kill });
  const { version } = z
    .looseObject({ version: z.string() })
    .parse(JSON.parse(await host.files.readText(packageFile('package.json'))));
  const context: CommandContext = {
    host,
    version,
    signal,
    stdout: output(process.stdout),
    stderr: output(process.stderr),
  };
  let code = 0;
  const program = buildProgram(context, (finished) => {
    code = finished;
  });
  program.hook('preAction', (_, command) => {
    if (!ENDS_IN_ORDER.has(command.name())) interruption.exitOnSignal();
  });
  try {
    await program.parseAsync(process.argv);
    return code;
  } catch (error) {
    // commander has said what is wrong already; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = toFailure(error, signal);
    context.stderr.write(`${renderFailure(failure)}\n`);
    return exitCodeOf(failure);
  }
}

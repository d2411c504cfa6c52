import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { createHost } from '../host/node-host.ts';
import { packageFile } from '../host/package-file.ts';
import { exitCodeOf, renderFailure, toFailure } from '../pipeline/events/failure.ts';
import { addAnalyzeCommand } from './commands/analyze.ts';
import { addCalibrateCommand } from './commands/calibrate.ts';
import { addCheckConfigCommand } from './commands/check-config.ts';
import { addCompareCommand } from './commands/compare.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addHistoryCommand } from './commands/history.ts';
import { addNeedsCommand } from './commands/needs.ts';
import { addProcessesCommand } from './commands/processes.ts';
import { addResumeCommand, addRunCommand } from './commands/run.ts';
import { addSchemaCommand } from './commands/schema.ts';
import { addThesisCommand } from './commands/thesis.ts';
import type { CommandContext, Output } from './context.ts';
import type { Interruption } from './interruption.ts';

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

/** In the order of `--help`. */
const COMMANDS = [
  addRunCommand,
  addResumeCommand,
  addCalibrateCommand,
  addNeedsCommand,
  addDoctorCommand,
  addCheckConfigCommand,
  addSchemaCommand,
  addAnalyzeCommand,
  addCompareCommand,
  addHistoryCommand,
  addProcessesCommand,
  addThesisCommand,
];

/**
 * The command line as commander reads it. It parses words without reading the process's own.
 *
 * @param finish takes the exit code of the command that has run
 */
export function buildProgram(context: CommandContext, finish: (code: number) => void): Command {
  const program = new Command('drydock')
    .description('Builds, boots, measures and scores a minimal VM kernel for Docker.')
    .version(context.version)
    .showHelpAfterError('Add --help to see all options and examples.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        context.stdout.write(text);
      },
      writeErr: (text) => {
        context.stderr.write(text);
      },
    });

  for (const add of COMMANDS) add(program, context, finish);
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

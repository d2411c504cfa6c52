import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CommanderError } from 'commander';
import { z } from 'zod';
import { silentProgram } from '../../../scripts/reference/files.ts';
import { REPOSITORY } from '../drydock-main.ts';

const { scripts } = z
  .looseObject({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')));

/** The words that drydock gets; undefined where the command starts another program. */
function drydockWords([program, ...words]: readonly string[]): readonly string[] | undefined {
  if (program === 'drydock') return words;
  if (program !== 'npm' || words[0] !== 'run') return undefined;
  const [script, ...rest] = words.slice(1).filter((word, index) => index > 0 || word !== '--silent');
  const given = rest[0] === '--' ? rest.slice(1) : rest;
  if (script === 'drydock') return given;
  return script === 'pipeline' ? ['run', ...given] : undefined;
}

/** A definition that drydock comes with must exist; one of the reader's own (`./mine.yaml`) need not. */
function missingDefinition(folder: string, asked: unknown): string | undefined {
  if (typeof asked !== 'string' || asked === 'auto' || /[<>]|^\.{0,2}\//.test(asked)) return undefined;
  const isPath = asked.includes('/') || asked.endsWith('.yaml');
  const file = isPath ? asked : `${folder}/${asked}.yaml`;
  return existsSync(path.join(REPOSITORY, file)) ? undefined : `there is no ${file}`;
}

/** What is wrong with words for drydock; undefined when its own parser takes them. Nothing is run. */
function problemOfWords(words: readonly string[], mayBeIncomplete: boolean): string | undefined {
  const program = silentProgram();
  let problem: string | undefined;
  for (const command of program.commands) {
    command.action(() => {
      const { profile, guest } = command.opts<{ profile?: unknown; guest?: unknown }>();
      problem = missingDefinition('pipelines', profile) ?? missingDefinition('vm-images', guest);
    });
  }
  try {
    // `[options]` is how a usage line says that there are options.
    program.parse(
      words.filter((word) => !/^\[.*\]$/.test(word)),
      { from: 'user' },
    );
    return problem;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const isIncomplete = ['commander.missingArgument', 'commander.missingMandatoryOptionValue'].includes(error.code);
    return isIncomplete && mayBeIncomplete ? undefined : error.message;
  }
}

/**
 * What is wrong with a command of the documentation: an unknown script of npm, or words that drydock's parser refuses.
 *
 * @param mayBeIncomplete for a mention in a sentence, such as `drydock analyze`: what is required may be absent
 */
export function problemOf(command: readonly string[], mayBeIncomplete = false): string | undefined {
  const [program, run, ...rest] = command;
  if (program === 'npm' && run === 'run') {
    const script = rest.find((word) => !word.startsWith('--'));
    if (script === undefined) return mayBeIncomplete ? undefined : 'no script is named';
    if (!Object.hasOwn(scripts, script) && !script.startsWith('<')) return `package.json has no script ${script}`;
  }
  const words = drydockWords(command);
  if (words === undefined || (words.length === 0 && mayBeIncomplete)) return undefined;
  return words[0]?.startsWith('<') === true ? undefined : problemOfWords(words, mayBeIncomplete);
}

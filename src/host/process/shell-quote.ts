import { Fault } from '../fault.ts';

/**
 * One argument as a POSIX shell word: single quotes keep every byte as it is, and a single quote itself leaves the
 * quotes for a moment (POSIX 2.2.2). NUL cannot be in an argument at all.
 */
function quoteArgument(argument: string): string {
  if (argument.includes('\0')) {
    throw new Fault({
      kind: 'internal',
      headline: 'A command argument contains a NUL byte',
      hint: 'Please report this: no argument of a program can contain one.',
    });
  }
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** A whole command line that any POSIX shell splits back into exactly `command`. */
export function quoteCommand(command: readonly string[]): string {
  return command.map(quoteArgument).join(' ');
}

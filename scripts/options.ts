import process from 'node:process';
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/**
 * Reads a script's options. `--help` prints the help and ends with exit code 0; an option that the script does not have ends
 * with exit code 2.
 */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(help: string, options: T) {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(help);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), help);
  }
}

/** A whole number from 1 on. Anything else ends with exit code 2. */
export function countFrom(name: string, value: string, help: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  fail(`--${name} takes a whole number from 1 on, not "${value}"`, help);
}

function fail(message: string, help: string): never {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
}

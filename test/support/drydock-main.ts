import { spawn } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expectNoWarnings } from './node-warnings.ts';

/** The command line as one file (scripts/bundle.ts), as deep below the repository as src/cli/main.ts is. */
export const BUNDLE = 'dist/bundle/main.js';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What node is given to start the real command line from the repository: `npm test` bundles it first and says where
 * (DRYDOCK_TEST_MAIN), for a compiled one starts in a third of the processor time; a test by itself takes the source.
 */
export function drydockMain(): readonly string[] {
  const compiled = process.env.DRYDOCK_TEST_MAIN;
  return compiled === undefined ? ['--import', 'tsx', 'src/cli/main.ts'] : [compiled];
}

/** How a command of drydock ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the real command line to its end.
 *
 * @param input what it reads on standard input
 * @throws Error when Node printed a warning
 */
export async function runMain(args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  const child = spawn(process.execPath, [...drydockMain(), ...args], { cwd: REPOSITORY });
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // It may have ended with a complaint before it read anything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expectNoWarnings(stderr, `drydock ${args.join(' ')}`);
  return { code: await code, stdout, stderr };
}

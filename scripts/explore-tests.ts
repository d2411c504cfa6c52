#!/usr/bin/env -S npx tsx
/**
 * Draws new values for every property (fast-check) of the unit and protocol tests. See HELP.
 *
 *     npm run test:explore [-- --effort 20]
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { $, chalk, glob } from 'zx';
import { countFrom, readOptions } from './options.ts';

const HELP = `npm run test:explore [-- --effort <n>]

Runs the property tests (fast-check) with new random values. The seed is printed first. A failure prints it again, with the
command that repeats it.

  --effort <n>       how many times as many values as npm test draws (default: 20)
  DRYDOCK_TEST_SEED  environment variable: the seed, to repeat a run

Example: npm run test:explore -- --effort 5`;
const { effort: asked = '20' } = readOptions(HELP, { effort: { type: 'string' } });
const { DRYDOCK_TEST_SEED: given = '' } = process.env;

/** Files of tests that draw values. */
async function filesWithProperties(): Promise<readonly string[]> {
  const files = await glob('test/{unit,protocol}/*.test.ts');
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return files.filter((_, index) => texts[index]?.includes("from 'fast-check'"));
}

const seed = given === '' ? String(randomInt(2 ** 31)) : given;
const effort = String(countFrom('effort', asked, HELP));
const repeat = `DRYDOCK_TEST_SEED=${seed} npm run test:explore -- --effort ${effort}`;
console.log(`Seed ${seed}, ${effort} times as many values as usual. Repeat with: ${repeat}`);

const env = { ...process.env, DRYDOCK_TEST_SEED: seed, DRYDOCK_TEST_EFFORT: effort };
const result = await $({
  stdio: 'inherit',
  nothrow: true,
  env,
})`npx vitest run --project unit --project protocol ${await filesWithProperties()}`;
if (result.exitCode !== 0) console.log(chalk.red(`FAILED with seed ${seed}. Repeat with: ${repeat}`));
process.exitCode = result.exitCode ?? 1;

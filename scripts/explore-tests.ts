#!/usr/bin/env -S npx tsx
/**
 * Draws new values for every property of the unit and protocol tests, and more of them than usual. The seed is new each
 * time unless DRYDOCK_TEST_SEED gives one. It is printed first and last, and in every failure.
 *
 *     npm run test:explore [-- --effort 20]
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { $, argv, chalk, glob } from 'zx';

const USUAL_EFFORT = 20;
const { DRYDOCK_TEST_SEED: given = '' } = process.env;

/** Files of tests that draw values. */
async function filesWithProperties(): Promise<readonly string[]> {
  const files = await glob('test/{unit,protocol}/*.test.ts');
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return files.filter((_, index) => texts[index]?.includes("from 'fast-check'"));
}

const seed = given === '' ? String(randomInt(2 ** 31)) : given;
const effort = String(argv.effort ?? USUAL_EFFORT);
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

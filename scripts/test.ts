#!/usr/bin/env -S npx tsx
/**
 * Everything that `npm test` runs once the host has what it needs. The boots (e2e) wait for QEMU more than they work, so they
 * run beside the other tests, as soon as their guest image is made; what they say is shown when they have ended. They are
 * the longest way to the end, so the others give them the processors they want.
 *
 *     npx tsx scripts/test.ts
 */
import { $, chalk } from 'zx';

const COMPILED = 'dist/cli/main.js';

const env = { ...process.env, DRYDOCK_TEST_MAIN: COMPILED };
const shown = $({ stdio: 'inherit', nothrow: true, env });
const kept = $({ nothrow: true, quiet: true, env });

/** The guest image, then the boots. */
async function boots(compiled: Promise<boolean>): Promise<boolean> {
  const image = await kept`node --import tsx scripts/guest-image.ts`;
  if (!(await compiled)) return false;
  // Two at once: a guest of two processors keeps little more than one busy.
  const result = image.exitCode === 0 ? await kept`npx vitest run --project e2e --maxWorkers 2` : image;
  const passed = result.exitCode === 0;
  console.log(passed ? chalk.green('\nThe boots:') : chalk.red('\nThe boots FAILED:'));
  console.log(result.stdall);
  return passed;
}

async function others(compiled: Promise<boolean>): Promise<boolean> {
  if (!(await compiled)) return false;
  if ((await shown`nice npm run --silent check`).exitCode !== 0) return false;
  const projects = ['unit', 'protocol', 'rig', 'browser'].flatMap((name) => ['--project', name]);
  return (await shown`nice npx vitest run ${projects}`).exitCode === 0;
}

/** Types are checked by `npm run check`; this is for the many commands that tests start. */
async function compile(): Promise<boolean> {
  return (await shown`npm run --silent build -- --noCheck`).exitCode === 0;
}

const compiled = compile();
const passed = await Promise.all([boots(compiled), others(compiled)]);
process.exitCode = passed.every(Boolean) ? 0 : 1;

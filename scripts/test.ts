#!/usr/bin/env -S npx tsx
/**
 * Everything that `npm test` runs once the host has what it needs: the checks, the tests, and then the boots. The guest image
 * of the boots is made meanwhile: that is minutes of one core and of waiting for an archive.
 *
 *     npx tsx scripts/test.ts
 */
import { $, chalk } from 'zx';

const $$ = $({ stdio: 'inherit', nothrow: true, verbose: false });
const image = $({ nothrow: true, quiet: true })`node --import tsx scripts/guest-image.ts`;

async function passes(): Promise<boolean> {
  if ((await $$`npm run --silent check`).exitCode !== 0) return false;
  const quick = ['unit', 'protocol', 'rig', 'browser'].flatMap((name) => ['--project', name]);
  if ((await $$`npx vitest run ${quick}`).exitCode !== 0) return false;
  const made = await image;
  if (made.exitCode !== 0) {
    console.error(chalk.red('The guest image could not be made:'));
    console.error(made.stdall);
    return false;
  }
  return (await $$`npx vitest run --project e2e`).exitCode === 0;
}

const passed = await passes();
if (!passed) await image.kill().catch(() => undefined);
process.exitCode = passed ? 0 : 1;

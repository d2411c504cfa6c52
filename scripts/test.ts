#!/usr/bin/env -S npx tsx
/**
 * Everything that `npm test` runs once the host has what it needs. The boots (e2e) wait for QEMU more than they work, so they
 * run beside the other tests, as soon as their guest image is made; what they say is shown when they have ended.
 *
 *     npx tsx scripts/test.ts
 */
import { $, chalk } from 'zx';

const shown = $({ stdio: 'inherit', nothrow: true });
const kept = $({ nothrow: true, quiet: true });

/** The guest image, then the boots. */
async function boots(): Promise<boolean> {
  const image = await kept`node --import tsx scripts/guest-image.ts`;
  // Two at once: a guest of two processors keeps little more than one busy.
  const result = image.exitCode === 0 ? await kept`npx vitest run --project e2e --maxWorkers 2` : image;
  const passed = result.exitCode === 0;
  console.log(passed ? chalk.green('\nThe boots:') : chalk.red('\nThe boots FAILED:'));
  console.log(result.stdall);
  return passed;
}

async function others(): Promise<boolean> {
  if ((await shown`npm run --silent check`).exitCode !== 0) return false;
  const projects = ['unit', 'protocol', 'rig', 'browser'].flatMap((name) => ['--project', name]);
  return (await shown`npx vitest run ${projects}`).exitCode === 0;
}

const passed = await Promise.all([boots(), others()]);
process.exitCode = passed.every(Boolean) ? 0 : 1;

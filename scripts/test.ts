#!/usr/bin/env -S npx tsx
/**
 * What `npm test` runs once the host has what it needs. The boots (e2e) wait for QEMU more than they work, so they
 * run beside the other tests, as soon as their guest image is made; what they say is shown when they have ended. Image and
 * boots take longest, so the other tests have to do with half of the processors.
 *
 * The last lines name every part that passed, failed or was not run. A part that prints a warning of Node fails.
 *
 *     npx tsx scripts/test.ts
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { $, chalk } from 'zx';
import type { ProcessPromise } from 'zx';
import { BUNDLE } from '../test/support/drydock-main.ts';
import { nodeWarnings } from '../test/support/node-warnings.ts';

type Part = 'bundle' | 'tests' | 'guest image' | 'boots';
type Outcome = 'passed' | 'FAILED' | 'not run';
const outcomes = new Map<Part, Outcome>(
  (['bundle', 'tests', 'guest image', 'boots'] as const).map((part) => [part, 'not run']),
);

// What is read here is no terminal to the programs, so they are told whether to colour.
const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
const env = { ...process.env, ...colour, DRYDOCK_TEST_MAIN: BUNDLE };
const start = $({ nothrow: true, quiet: true, env });

/** Waits for a part's program and notes how it ended. */
async function judge(part: Part, program: ProcessPromise, isShown: boolean): Promise<boolean> {
  if (isShown) {
    program.stdout.pipe(process.stdout, { end: false });
    program.stderr.pipe(process.stderr, { end: false });
  }
  const { exitCode, stdall } = await program;
  const warnings = nodeWarnings(stdall);
  const passed = exitCode === 0 && warnings.length === 0;
  outcomes.set(part, passed ? 'passed' : 'FAILED');
  if (!isShown) {
    console.log(passed ? chalk.green(`\nThe ${part}:`) : chalk.red(`\nThe ${part} FAILED:`));
    console.log(stdall);
  }
  if (warnings.length > 0) console.log(chalk.red(`Node printed a warning in the ${part}: ${warnings.join('\n')}`));
  return passed;
}

/** The guest image, then the boots. */
async function boots(bundled: Promise<boolean>): Promise<void> {
  const hasImage = await judge('guest image', start`node --import tsx scripts/guest-image.ts`, false);
  if (!hasImage || !(await bundled)) return;
  // Two at once: a guest of two processors keeps little more than one busy.
  await judge('boots', start`npx vitest run --project e2e --maxWorkers 2`, false);
}

/** The processors that this process may use, by number (proc(5): `0-3,8`). */
const CPUS = (/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')
  .split(',')
  .flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
/** Not `nice`: every command of drydock is a session of its own, and Linux shares processors between sessions first (sched(7)). */
const onHalf = CPUS.length < 2 ? [] : ['taskset', '--cpu-list', CPUS.slice(0, CPUS.length / 2).join(',')];

async function others(bundled: Promise<boolean>): Promise<void> {
  if (!(await bundled)) return;
  const projects = ['unit', 'protocol', 'rig', 'browser'].flatMap((name) => ['--project', name]);
  await judge('tests', start`${onHalf} npx vitest run ${projects} --maxWorkers 2`, true);
}

// Types are checked by `npm run check`; this is for the many commands that tests start.
const bundled = judge('bundle', start`npx tsx scripts/bundle.ts`, true);
const parts = await Promise.allSettled([boots(bundled), others(bundled)]);

for (const part of parts) if (part.status === 'rejected') console.error(part.reason);
console.log('');
for (const [part, outcome] of outcomes) {
  const colourOf = outcome === 'passed' ? chalk.green : outcome === 'FAILED' ? chalk.red : chalk.yellow;
  console.log(`${colourOf(outcome.padEnd(7))}  ${part}`);
}
process.exitCode = [...outcomes.values()].every((outcome) => outcome === 'passed') ? 0 : 1;

#!/usr/bin/env -S npx tsx
/**
 * All of the static checks at once: each is a program of its own that keeps one core busy, so they share the machine. What
 * a check printed is shown when it fails, and every check is run to its end.
 *
 *     npm run check
 */
import { $, chalk } from 'zx';

const CHECKS = ['types', 'lint', 'imports', 'dead', 'format', 'docs'];

const results = await Promise.all(
  CHECKS.map(async (name) => {
    const startedMs = performance.now();
    const result = await $({ nothrow: true, quiet: true })`npm run --silent ${`check:${name}`}`;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const passed = result.exitCode === 0;
    console.log(`${passed ? chalk.green('passed') : chalk.red('FAILED')}  ${name.padEnd(8)} ${seconds.padStart(5)} s`);
    if (!passed) console.log(result.stdall);
    return passed;
  }),
);
process.exitCode = results.every(Boolean) ? 0 : 1;

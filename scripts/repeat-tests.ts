#!/usr/bin/env -S npx tsx
/**
 * Finds a test that fails once in a hundred. See HELP.
 *
 *     npm run test:repeat -- --times 20 --busy 2 [--project unit --project rig]
 */
import process from 'node:process';
import { $, chalk } from 'zx';
import { BUNDLE } from '../test/support/drydock-main.ts';
import { nodeWarnings } from '../test/support/node-warnings.ts';
import { countFrom, readOptions } from './options.ts';

interface Round {
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly warnings: number;
  readonly exitCode: number | null;
  readonly output: string;
}

/** What vitest counts in its last lines, `Tests  1 failed | 90 passed (91)`. */
function countOf(output: string, outcome: 'passed' | 'failed'): number {
  const line = /^ *Tests +(.*)$/m.exec(output)?.[1] ?? '';
  return Number(new RegExp(`(\\d+) ${outcome}`).exec(line)?.[1] ?? 0);
}

/** A process that only uses up processor time. It ends by itself when this script is gone. */
function startBusyLoop() {
  return $({
    nothrow: true,
    quiet: true,
  })`while kill -0 ${process.pid} 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done`;
}

async function runOnce(projects: readonly string[]): Promise<Round> {
  const startedMs = performance.now();
  const env = { ...process.env, NO_COLOR: '1', DRYDOCK_TEST_MAIN: BUNDLE };
  const options = projects.flatMap((name) => ['--project', name]);
  const result = await $({ nothrow: true, quiet: true, env })`npx vitest run ${options}`;
  return {
    seconds: (performance.now() - startedMs) / 1000,
    passed: countOf(result.stdall, 'passed'),
    failed: countOf(result.stdall, 'failed'),
    warnings: nodeWarnings(result.stdall).length,
    exitCode: result.exitCode,
    output: result.stdall,
  };
}

const HELP = `npm run test:repeat [-- --times <n>] [--busy <n>] [--project <name>]...

Repeats tests while busy loops use the processors. Stops at the first round that fails or prints a warning of Node, shows what
it printed, and exits with 1. The host needs what npm test installs (npm run drydock -- doctor --tests).

  --times <n>       rounds (default: 20; a round takes some minutes)
  --busy <n>        busy loops (default: 2)
  --project <name>  a project of vitest.config.ts; several are allowed (default: unit, protocol, rig)

Example: npm run test:repeat -- --times 100 --project unit`;
const options = readOptions(HELP, {
  times: { type: 'string' },
  busy: { type: 'string' },
  project: { type: 'string', multiple: true },
});
const times = countFrom('times', options.times ?? '20', HELP);
const busy = countFrom('busy', options.busy ?? '2', HELP);
const asked = options.project ?? ['unit', 'protocol', 'rig'];

await $({ stdio: 'inherit' })`npx tsx scripts/bundle.ts`;
const head = `round  seconds  passed  failed  warnings`;
const row = ({ seconds, passed, failed, warnings }: Round, index: number): string =>
  [
    String(index + 1).padStart(5),
    seconds.toFixed(0).padStart(9),
    ...[passed, failed].map((count) => String(count).padStart(8)),
    String(warnings).padStart(10),
  ].join('');

const loops = Array.from({ length: busy }, startBusyLoop);
const rounds: Round[] = [];
const isGood = (round: Round): boolean => round.exitCode === 0 && round.warnings === 0 && round.passed > 0;
try {
  console.log(`${asked.join(', ')}, ${String(times)} times beside ${String(busy)} busy loops\n${head}`);
  while (rounds.length < times && rounds.every(isGood)) {
    const round = await runOnce(asked);
    rounds.push(round);
    console.log((isGood(round) ? chalk.green : chalk.red)(row(round, rounds.length - 1)));
  }
} finally {
  await Promise.all(loops.map((loop) => loop.kill('SIGKILL')));
}
const bad = rounds.find((round) => !isGood(round));
if (bad !== undefined) {
  console.log(bad.output);
  console.log(chalk.red(`Round ${String(rounds.length)} of ${String(times)} FAILED:`));
  console.log([head, ...rounds.map(row)].join('\n'));
}
process.exitCode = bad === undefined && rounds.length === times ? 0 : 1;

import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Seed of every property unless DRYDOCK_TEST_SEED gives another: `npm test` draws the same values on every machine. */
const FIXED_SEED = 20_170_901;

/** The whole number in an environment variable, or `without` when it is not set. */
function numberFrom(variable: string, without: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return without;
  const number = Number(text);
  if (!Number.isInteger(number)) throw new Error(`${variable}=${text} is not a whole number`);
  return number;
}

/** How many times as many values as usual every property draws. */
const effort = Math.max(1, numberFrom('DRYDOCK_TEST_EFFORT', 1));
const seed = numberFrom('DRYDOCK_TEST_SEED', FIXED_SEED);

/** The number of runs of a property that takes other than the 100 of fast-check, times the effort. */
export function runs(count: number): number {
  return count * effort;
}

/** The command that draws the values of the running test again. */
function commandToRepeat(): string {
  const { testPath = '', currentTestName = '' } = expect.getState();
  // vitest joins the names of suites and of the test by ">" here and by a space where it filters.
  const name = currentTestName.replaceAll(' > ', ' ').replace(/[$()*+.?[\\\]^{|}'"`]/g, '.');
  const effortWord = effort === 1 ? '' : ` DRYDOCK_TEST_EFFORT=${String(effort)}`;
  return `DRYDOCK_TEST_SEED=${String(seed)}${effortWord} npx vitest run ${path.relative('.', testPath)} -t '${name}'`;
}

/** Throws what fast-check says of a property that failed, and how to see it fail again. */
function report(details: fc.RunDetails<unknown>): void {
  if (!details.failed) return;
  const message = [
    fc.defaultReportMessage(details),
    `Repeat it: ${commandToRepeat()}`,
    "Once it is fixed, put the counterexample into the property's `examples`.",
  ].join('\n\n');
  throw new Error(message, { cause: details.errorInstance });
}

fc.installGlobalPlugin(() => ({ onAllRunsComplete: report }));

/** Has every property draw from the seed; one that fails says how to repeat it. */
export function configureProperties(): void {
  fc.configureGlobal({ seed, numRuns: runs(100) });
}

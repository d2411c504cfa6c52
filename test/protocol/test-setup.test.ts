import { spawn } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { expectNoWarnings, nodeWarnings } from '../support/node-warnings.ts';

/** What vitest prints of a suite of test/fixtures/suites, and its exit code. */
async function runSuite(name: string, environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/fixtures/suites/vitest.config.ts', name],
    { env: { ...process.env, NO_COLOR: '1', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { output: stdout + stderr, exitCode };
}

describe('the setup of all tests', () => {
  test('fails the test in which Node printed a warning, and no other', async () => {
    const { output, exitCode } = await runSuite('warning.fails');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /FAIL .*piles up listeners\nError: Node printed a warning: MaxListenersExceededWarning: Possible EventEmitter memory leak/,
    );
    expect(output).toMatch(/Tests +1 failed \| 1 passed/);
    expect(nodeWarnings(output)).toEqual([expect.stringContaining('MaxListenersExceededWarning')]);
  });

  test('has every property draw the same values, and say how to draw them again', async () => {
    const environment = { DRYDOCK_TEST_SEED: '', DRYDOCK_TEST_EFFORT: '' };
    const [one, two] = await Promise.all([
      runSuite('property.fails', environment),
      runSuite('property.fails', environment),
    ]);
    const counterexamples = (output: string) => output.match(/Counterexample: .*/g);
    expect(counterexamples(one.output)?.length).toBeGreaterThanOrEqual(2);
    expect(counterexamples(one.output)).toEqual(counterexamples(two.output));
    expect(one.output).toMatch(
      /Repeat it: DRYDOCK_TEST_SEED=\d+ npx vitest run test\/fixtures\/suites\/property\.fails\.ts -t 'a \.wrong\. property'/,
    );
    expect(one.output).toContain("-t 'one that waits'");
    expect(one.output).toContain('drew 100 values');
  });

  test('takes another seed and more runs from the environment', async () => {
    const { output } = await runSuite('property.fails', { DRYDOCK_TEST_SEED: '-7', DRYDOCK_TEST_EFFORT: '3' });
    expect(output).toContain('{ seed: -7,');
    expect(output).toContain('Repeat it: DRYDOCK_TEST_SEED=-7 DRYDOCK_TEST_EFFORT=3 npx vitest run');
    expect(output).toContain('drew 300 values');
  });
});

test('a warning of Node is found in what a program prints, and nothing else', () => {
  const warning = '(node:4711) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.';
  expect(nodeWarnings(`one\n\u001b[33m${warning}\u001b[39m\n(Use \`node --trace-warnings ...\`)\n`)).toEqual([warning]);
  expect(() => {
    expectNoWarnings(warning, 'drydock');
  }).toThrow(`drydock printed a warning of Node:\n${warning}`);
  expectNoWarnings('Warning: the disk is nearly full\nsaid (node:1) Warning: no\n', 'drydock');
});

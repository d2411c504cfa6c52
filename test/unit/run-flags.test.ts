import { Command } from 'commander';
import { expect, test } from 'vitest';
import { runFlagOptions, runFlagsOf } from '../../src/cli/flags/run-flags.ts';
import { flagWords, repeatedFlags, runFlagRegistry, runFlagsSchema } from '../../src/model/request.ts';

function parsed(...words: readonly string[]) {
  const command = new Command('run').exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of runFlagOptions()) command.addOption(option);
  command.parse(words, { from: 'user' });
  return runFlagsOf(command.opts());
}

test('flags are fields of the request, with the defaults, choices and limits of its schema', () => {
  expect(parsed()).toEqual({ accelerator: 'auto', install: true });
  expect(parsed('--accel', 'tcg', '--build', 'guest', '--no-install', '--openmetrics', '--collect')).toEqual({
    ...{ accelerator: 'tcg', build: 'guest', install: false, openMetrics: true, collectHz: 25 },
  });
  expect(parsed('--collect', '250').collectHz).toBe(250);
  for (const hz of ['0', '251', '2.5', 'often']) {
    expect(() => parsed('--collect', hz)).toThrow(/whole number from 1 to 250/);
  }
  expect(() => parsed('--accel', 'hvf')).toThrow(/Allowed choices are auto, kvm, tcg/);
});

test('every field has a flag, and no two fields share one', () => {
  const flags = Object.values(runFlagsSchema.shape).map((field) => runFlagRegistry.get(field)?.flags);
  expect(flags).not.toContain(undefined);
  expect(new Set(flags).size).toBe(flags.length);
});

test('the flags of a request come back as the words that give them', () => {
  const flags = parsed('--accel', 'tcg', '--no-install', '--collect', '50', '--openmetrics');
  const words = flagWords(repeatedFlags(flags));
  expect(words).toEqual(['--collect', '50', '--openmetrics']);
  expect(repeatedFlags(parsed(...words))).toEqual(repeatedFlags(flags));
});

test('a flag that is given to say no is repeated where it said no', () => {
  expect(flagWords({ install: false })).toEqual(['--no-install']);
  expect(flagWords({ install: true, openMetrics: false })).toEqual([]);
  expect(flagWords({ openMetrics: true })).toEqual(['--openmetrics']);
});

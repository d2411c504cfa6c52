import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteCommand } from '../../src/host/process/shell-quote.ts';
import { runs } from '../support/properties.ts';

/** What a real shell makes of a command line: the arguments of printf, NUL after each. */
function shellSplits(command: string): string[] {
  return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('a quoted command', () => {
  test('is split by a real shell into exactly the arguments it was made of', () => {
    const argument = fc
      .array(
        fc.oneof(
          fc.constantFrom("'", '"', '\\', '$', '`', ' ', '\n', '\t', '*', '~', '!', ';', '&', '#', '-', '(', '{', '='),
          fc.string({ unit: 'grapheme', maxLength: 3 }),
        ),
      )
      .map((parts) => parts.join('').replaceAll('\0', ''))
      // A lone surrogate has no bytes; what Node writes for it is another string.
      .filter((text) => Buffer.from(text).toString() === text);
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 6 }), (args) => {
        expect(shellSplits(quoteCommand(['printf', '%s\\0', ...args]))).toEqual(args);
      }),
      { numRuns: runs(100) },
    );
  });

  test('cannot carry a NUL byte and says so', () => {
    expect(() => quoteCommand(['echo', 'a\0b'])).toThrow('NUL');
  });
});

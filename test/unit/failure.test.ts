import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { exitCodeOf, renderFailure, toFailure } from '../../src/pipeline/events/failure.ts';

describe('a failure', () => {
  test.each([
    ['kernel-panic', 1],
    ['missing-root', 1],
    ['build-failed', 1],
    ['profile', 2],
    ['kernel-config', 2],
    ['digest-mismatch', 2],
    ['no-ssh', 3],
    ['busy-host', 3],
    ['disk-full', 3],
    ['internal', 70],
    ['interrupted', 130],
  ] as const)('of kind %s ends with exit code %i', (kind, code) => {
    expect(exitCodeOf({ kind, headline: '', hint: '' })).toBe(code);
  });

  test('shows headline, place, facts, console, hint, log and the resume command, in that order', () => {
    const text = renderFailure(
      {
        kind: 'kernel-panic',
        headline: 'Kernel panic: no brakes',
        hint: 'Look at the trace.',
        detail: ['a fact'],
        consoleTail: ['[ 1.0] last words'],
        logPath: 'results/x/console.log',
      },
      { step: 'boot:03:docker-min', resume: 'npm run drydock -- resume x' },
    );
    expect(text).toBe(
      [
        '✗ Kernel panic: no brakes',
        '  in boot:03:docker-min',
        '',
        '  a fact',
        '',
        'Last lines of the console:',
        '  [ 1.0] last words',
        '',
        '→ Look at the trace.',
        '  log:    results/x/console.log',
        '  resume: npm run drydock -- resume x',
      ].join('\n'),
    );
  });

  test('that nobody foresaw is our bug, with its stack', () => {
    const failure = toFailure(new TypeError('x is not a function'));
    expect(failure.kind).toBe('internal');
    expect(failure.detail?.[0]).toContain('TypeError: x is not a function');
  });

  test('after an abort is an interruption, whatever the torn-down code threw', () => {
    const fault = new Fault({ kind: 'qemu-died', headline: 'QEMU is gone', hint: '' });
    expect(toFailure(fault, AbortSignal.abort()).kind).toBe('interrupted');
    expect(toFailure(fault, new AbortController().signal).kind).toBe('qemu-died');
  });
});

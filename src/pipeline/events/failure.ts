import { Fault } from '../../host/fault.ts';
import type { Failure, FailureKind } from '../../model/failure.ts';

/**
 * Exit codes by whose fault it is: 1 the kernel under test, 2 usage or profile, 3 infrastructure, 70 drydock itself
 * (sysexits EX_SOFTWARE), 130 interrupted.
 */
const EXIT_CODES: Readonly<Record<FailureKind, number>> = {
  'kernel-panic': 1,
  hang: 1,
  'missing-root': 1,
  'missing-init': 1,
  'not-ready': 1,
  'wrong-kernel': 1,
  'bad-clock': 1,
  'build-failed': 1,
  regressed: 1,
  usage: 2,
  profile: 2,
  'kernel-config': 2,
  'patch-rejected': 2,
  'digest-mismatch': 2,
  'missing-tool': 3,
  'disk-full': 3,
  'no-ssh': 3,
  'qemu-died': 3,
  'busy-host': 3,
  'command-failed': 3,
  'download-failed': 3,
  unavailable: 3,
  locked: 3,
  internal: 70,
  interrupted: 130,
};

export function exitCodeOf(failure: Failure): number {
  return EXIT_CODES[failure.kind];
}

/** Anything that was thrown, as a `Failure`; what is not a `Fault` is our own bug. */
export function toFailure(error: unknown, signal?: AbortSignal): Failure {
  if (signal?.aborted === true) {
    return {
      kind: 'interrupted',
      headline: 'Interrupted; everything that was running has been ended',
      hint: 'What was finished is kept: resume the run to go on.',
    };
  }
  if (error instanceof Fault) return error.failure;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: 'internal',
    headline: `drydock has a bug: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'Please report it with the lines below.',
    detail: stack.split('\n').slice(0, 12),
  };
}

/** Where a failure happened, and how to go on. */
export interface FailurePlace {
  readonly step?: string;
  readonly resume?: string;
}

/** The one rendering of a failure: headline, stage, facts, last console lines, hint, log, the resume command. */
export function renderFailure(failure: Failure, place: FailurePlace = {}): string {
  const section = (title: string, rows: readonly string[] | undefined): string[] =>
    rows === undefined || rows.length === 0 ? [] : ['', title, ...rows.map((row) => `  ${row}`)];
  return [
    `✗ ${failure.headline}`,
    ...(place.step === undefined ? [] : [`  in ${place.step}`]),
    ...(failure.detail === undefined || failure.detail.length === 0
      ? []
      : ['', ...failure.detail.map((row) => `  ${row}`)]),
    ...section('Last lines of the console:', failure.consoleTail),
    '',
    `→ ${failure.hint}`,
    ...(failure.logPath === undefined ? [] : [`  log:    ${failure.logPath}`]),
    ...(place.resume === undefined ? [] : [`  resume: ${place.resume}`]),
  ].join('\n');
}

import { Fault } from '../../host/fault.ts';
import type { Failure, FailureKind } from '../../model/failure.ts';

/** What a kind of failure means to a user. */
interface FailureKindFacts {
  /** By whose fault it is; sysexits' EX_SOFTWARE (70) for drydock itself. */
  readonly exitCode: 1 | 2 | 3 | 70 | 130;
  readonly meaning: string;
}

/** Every kind of failure. docs/reference/exit-codes.md is made from it. */
export const FAILURE_KINDS: Readonly<Record<FailureKind, FailureKindFacts>> = {
  'kernel-panic': { exitCode: 1, meaning: 'The kernel under test panicked' },
  hang: { exitCode: 1, meaning: 'The guest printed nothing for too long, or its kernel reported that it is stuck' },
  'missing-root': { exitCode: 1, meaning: 'The root file system was not found or not mounted' },
  'missing-init': { exitCode: 1, meaning: 'The root file system or the initrd has no program to start' },
  'not-ready': { exitCode: 1, meaning: 'The guest booted, and Docker or a container in it does not work' },
  'wrong-kernel': {
    exitCode: 1,
    meaning: 'The guest runs another kernel than the one that was installed, or did not reboot',
  },
  'bad-clock': { exitCode: 1, meaning: "The guest's clock is not usable for measuring" },
  'build-failed': { exitCode: 1, meaning: 'The kernel did not compile' },
  regressed: { exitCode: 1, meaning: 'A metric got worse' },
  usage: { exitCode: 2, meaning: 'The command line asks for something that does not exist or does not go together' },
  profile: { exitCode: 2, meaning: 'The profile or the guest definition has a mistake' },
  'kernel-config': {
    exitCode: 2,
    meaning: 'A requested kernel symbol is not in the final configuration, or a needed one is missing',
  },
  'patch-rejected': { exitCode: 2, meaning: 'The semantic patch does not fit this kernel source' },
  'digest-mismatch': { exitCode: 2, meaning: 'A file does not have the digest that was given for it' },
  'missing-tool': { exitCode: 3, meaning: 'A program that drydock needs is not installed' },
  'disk-full': { exitCode: 3, meaning: 'The disk is full' },
  'no-ssh': { exitCode: 3, meaning: 'The guest does not answer on SSH' },
  'qemu-died': { exitCode: 3, meaning: 'QEMU ended by itself' },
  'busy-host': { exitCode: 3, meaning: 'The host gave a guest too little processor time to boot, twice' },
  'command-failed': { exitCode: 3, meaning: 'A program that drydock runs failed' },
  'download-failed': { exitCode: 3, meaning: 'A download failed' },
  unavailable: { exitCode: 3, meaning: 'Something that the run needs cannot be had on this machine' },
  locked: { exitCode: 3, meaning: 'Another run of drydock holds a lock, or took it over' },
  internal: { exitCode: 70, meaning: 'A bug of drydock' },
  interrupted: { exitCode: 130, meaning: 'Ctrl-C, SIGTERM, or the terminal was closed' },
};

export function exitCodeOf(failure: Failure): number {
  return FAILURE_KINDS[failure.kind].exitCode;
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

/**
 * Why a run stopped. The kind decides the exit code (see `pipeline/events/failure.ts`), because whose fault it is decides who
 * has to act: the kernel under test, the person who wrote the profile, the machine, or drydock itself.
 */
export type FailureKind =
  // the kernel under test
  | 'kernel-panic'
  | 'hang'
  | 'missing-root'
  | 'missing-init'
  | 'not-ready'
  | 'wrong-kernel'
  | 'bad-clock'
  | 'build-failed'
  | 'regressed'
  // usage or profile
  | 'usage'
  | 'profile'
  | 'kernel-config'
  | 'patch-rejected'
  | 'digest-mismatch'
  // infrastructure
  | 'missing-tool'
  | 'disk-full'
  | 'no-ssh'
  | 'qemu-died'
  | 'busy-host'
  | 'command-failed'
  | 'download-failed'
  | 'unavailable'
  | 'locked'
  // ours, or the user's wish
  | 'internal'
  | 'interrupted';

export interface Failure {
  readonly kind: FailureKind;
  /** One sentence that names the cause, without a full stop. */
  readonly headline: string;
  /** What a tired person can do next: one or two sentences, or a command. */
  readonly hint: string;
  /** Facts that support the headline: problem list, code frame, tail of stderr. */
  readonly detail?: readonly string[];
  /** Last console lines, oldest first, when a guest was involved. */
  readonly consoleTail?: readonly string[];
  /** File with the whole story. */
  readonly logPath?: string;
}

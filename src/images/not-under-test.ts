import { Fault } from '../host/fault.ts';
import type { FailureKind } from '../model/failure.ts';

const KEPT: readonly FailureKind[] = [
  ...(['interrupted', 'missing-tool', 'disk-full', 'internal', 'unavailable'] as const),
  ...(['download-failed', 'digest-mismatch', 'profile', 'usage'] as const),
];

/**
 * Turns a boot failure during image creation into kind `unavailable` (exit code 3): no kernel is under test yet.
 *
 * @param what begins the sentence that the boot's own headline ends
 */
export function notUnderTest(error: unknown, what: string): unknown {
  if (!(error instanceof Fault) || KEPT.includes(error.failure.kind)) return error;
  const { failure } = error;
  return new Fault({ ...failure, kind: 'unavailable', headline: `${what}: ${failure.headline}` }, { cause: error });
}

import type { OkExitCodes } from '../host.ts';

/** Whether a command that ended so did not fail; default: 0 alone is well. */
export function isOkExit(exitCode: number, ok: OkExitCodes = [0]): boolean {
  return ok === 'any' || ok.includes(exitCode);
}

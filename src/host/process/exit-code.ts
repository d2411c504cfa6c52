import type { OkExitCodes } from '../host.ts';

/** Whether a command that ended so did not fail; 0 alone is well unless told. */
export function isOkExit(exitCode: number, ok: OkExitCodes = [0]): boolean {
  return ok === 'any' || ok.includes(exitCode);
}

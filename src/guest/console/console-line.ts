import { withoutEscapes } from '../../text/terminal-escapes.ts';

/** One line the guest printed, with the host's own clock. */
export interface ConsoleLine {
  /** 0-based position on this console. */
  readonly index: number;
  /** Host monotonic seconds at which the line's first byte arrived. */
  readonly atSec: number;
  /** Without line end, carriage returns and terminal escapes. */
  readonly text: string;
}

/** The text a person would read: no terminal escapes, no carriage returns. */
export function plainText(raw: string): string {
  return withoutEscapes(raw).replaceAll('\r', '');
}

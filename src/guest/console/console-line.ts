/** One line the guest printed, with the host's own clock. */
export interface ConsoleLine {
  /** 0-based position on this console. */
  readonly index: number;
  /** Host monotonic seconds at which the line's first byte arrived. */
  readonly atSec: number;
  /** Without line end, carriage returns and terminal escapes. */
  readonly text: string;
}

// ECMA-48 control sequences (CSI … final byte), OSC strings and two-byte escapes: systemd colours its status lines.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** The text a person would read: no terminal escapes, no carriage returns. */
export function plainText(raw: string): string {
  return raw.replace(ESCAPES, '').replaceAll('\r', '');
}

import type { ClockPoint } from './clock-fit.ts';

/**
 * `console.stamps` beside a `console.log`: when the host received which bytes. A line holds a byte offset into
 * `console.log` and the host seconds since the start of QEMU, with six decimals; the bytes from there to the next line's
 * offset came at that time, or up to `STAMP_RESOLUTION_SEC` later.
 */
export interface ByteStamp {
  readonly offset: number;
  readonly atSec: number;
}

/** Chunks that follow a stamp within this time share it: a UART hands over single bytes. */
export const STAMP_RESOLUTION_SEC = 1e-4;

/** Reads `console.stamps`; lines of any other form are skipped, for a kill may have cut the last one. */
export function parseStamps(text: string): readonly ByteStamp[] {
  return text.split('\n').flatMap((line) => {
    const [, offset, atSec] = /^(\d{1,15}) (\d{1,11}\.\d{6})$/.exec(line) ?? [];
    return offset === undefined ? [] : [{ offset: Number(offset), atSec: Number(atSec) }];
  });
}

/** A kernel line found on the console: both of its times, and what it said. */
export interface ConsoleStampedLine extends ClockPoint {
  readonly message: string;
}

/** The kernel's own stamp, anywhere in a line: a login prompt may stand before it. More digits are no clock (stamps.ts). */
const STAMP = /\[ *(\d{1,11}\.\d{6})\](?:\[ *[TC]\d+\])? ([^\r\n]*)/;

/**
 * Every kernel line of a console log with the arrival of its stamp's first byte, not of the physical line's: what stands
 * before it on the line (a login prompt) may have come much earlier.
 */
export function stampedConsoleLines(consoleText: string, stamps: readonly ByteStamp[]): readonly ConsoleStampedLine[] {
  const encoder = new TextEncoder();
  const found: ConsoleStampedLine[] = [];
  let offset = 0;
  let index = 0;
  for (const line of consoleText.split('\n')) {
    const match = STAMP.exec(line);
    if (match?.[1] !== undefined) {
      const position = offset + encoder.encode(line.slice(0, match.index)).length;
      while ((stamps[index + 1]?.offset ?? Number.POSITIVE_INFINITY) <= position) index += 1;
      const stamp = stamps[index];
      if (stamp !== undefined && stamp.offset <= position)
        found.push({ guestSec: Number(match[1]), hostSec: stamp.atSec, message: match[2] ?? '' });
    }
    offset += encoder.encode(line).length + 1;
  }
  return found;
}

import type { Boot, OtherLine } from '../../model/boots/bootlog.ts';

/** One row of `scripts/show_delta`: the line's time, and the time since the line before it or since the base. */
export interface DeltaRow {
  readonly line: number;
  readonly atSec: number;
  readonly deltaSec: number;
  readonly message: string;
}

/** A base time in seconds, or the beginning of the message whose line is the base. */
export type DeltaBase = number | string;

/**
 * The kernel tree's `scripts/show_delta`, to the digit: every line against the one before it (the first against 0, and
 * negative where a stamp goes back), or with a base every line against that (`-b`; for text, the first message that begins
 * so). Returns undefined when no message begins with the base. Unlike the script, a base of 0 is a base.
 */
export function showDelta(boot: Boot, base?: DeltaBase): DeltaRow[] | undefined {
  const baseSec = typeof base === 'string' ? boot.lines.find(({ message }) => message.startsWith(base))?.atSec : base;
  if (base !== undefined && baseSec === undefined) return undefined;
  let previousSec = 0;
  return boot.lines.map(({ line, atSec, message }) => {
    const deltaSec = Math.round((atSec - (baseSec ?? previousSec)) * 1e6) / 1e6;
    previousSec = atSec;
    return { line, atSec, deltaSec, message };
  });
}

/** A row as the script prints it: `[0.670842 < 0.274363 >] Freeing initrd memory: 19784K`. */
export function formatDeltaRow(row: DeltaRow): string {
  return `[${row.atSec.toFixed(6)} < ${row.deltaSec.toFixed(6)} >] ${row.message}`;
}

/**
 * A boot as the script prints it whole, from its first stamped line to its last: each with its time and cost, and what
 * carries no stamp as it stood, in the order of the text. Returns undefined when no message begins with the base.
 */
export function deltaListing(boot: Boot, other: readonly OtherLine[], base?: DeltaBase): string[] | undefined {
  const rows = showDelta(boot, base);
  if (rows === undefined) return undefined;
  let next = other.findIndex(({ line }) => line >= (rows[0]?.line ?? 0));
  const listing: string[] = [];
  for (const row of rows) {
    // What shares a line with a stamp stood before it: a prompt, or a program's line that the kernel cut.
    for (let piece = other[next]; piece !== undefined && piece.line <= row.line; piece = other[next]) {
      listing.push(piece.text);
      next += 1;
    }
    listing.push(formatDeltaRow(row));
  }
  return listing;
}

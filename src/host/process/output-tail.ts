import { filledLines } from '../../text/lines.ts';

/** Of stderr, for a program that ends badly: its last words, not its life. */
const KEPT_BYTES = 16 * 1024;
const SAID_LINES = 25;

/** The last words of a program, kept within bounds however long it speaks. */
export function createLastWords(): { add(chunk: Uint8Array): void; lines(): readonly string[] } {
  let kept = Buffer.alloc(0);
  return {
    add(chunk) {
      kept = Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES);
    },
    lines: () => filledLines(kept.toString('utf8')).slice(-SAID_LINES),
  };
}

import { withoutEscapes } from '../../text/terminal-escapes.ts';

/** Every control character but tab. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;
const NOISY = /[\x00-\x08\x0b-\x1f\x7f]/;

/**
 * Splits one physical console line into what a reader would see: escape sequences and control characters removed, and a
 * carriage return in mid-line taken as the end of a piece, since the next writer starts at column 0.
 */
export function cleanLine(line: string): readonly string[] {
  if (!NOISY.test(line)) return line === '' ? [] : [line];
  return withoutEscapes(line)
    .split('\r')
    .map((piece) => piece.replace(CONTROLS, ''))
    .filter((piece) => piece !== '');
}

/**
 * Terminal noise of a serial console. ECMA-48: CSI sequences (colour, cursor, SeaBIOS's screen reset), OSC strings up to
 * BEL or ST, and two-character escapes; then every control character but tab.
 */
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;
const NOISY = /[\x00-\x08\x0b-\x1f\x7f]/;

/**
 * Splits one physical console line into what a reader would see: escape sequences and control characters removed, and a
 * carriage return in mid-line taken as the end of a piece, since the next writer starts at column 0.
 */
export function cleanLine(line: string): readonly string[] {
  if (!NOISY.test(line)) return line === '' ? [] : [line];
  return line
    .replace(ESCAPES, '')
    .split('\r')
    .map((piece) => piece.replace(CONTROLS, ''))
    .filter((piece) => piece !== '');
}

// ECMA-48: CSI sequences (colour, cursor, SeaBIOS's screen reset), OSC strings up to BEL or ST, and two-character escapes.
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;

/**
 * A console's text without terminal escapes. Node's `stripVTControlCharacters` knows no private parameters but `?`: of
 * SeaBIOS's `ESC [ = 3 h` it leaves `3h` on the first line.
 */
export function withoutEscapes(text: string): string {
  return text.replace(ESCAPES, '');
}

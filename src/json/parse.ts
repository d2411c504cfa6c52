/** The value of a JSON text, or undefined where it is none: a crash can leave a file empty or torn. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A place in a text file and what is wrong there. */
export interface CodePlace {
  readonly path: string;
  /** The whole text of the file. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units as the yaml package counts them. */
  readonly column: number;
  /** How much to underline, in code units; what reaches beyond the line's end is left out. At least one mark is made. */
  readonly length: number;
  /** e.g. `machine.cpus — expected a whole number`. */
  readonly message: string;
}

/**
 * A problem as `path:line:column message`, followed by the line it is on between its neighbours, with carets under it:
 *
 * ```
 * pipelines/x.yaml:4:10 machine.cpus — expected a whole number
 *   3 | machine:
 * > 4 |   cpus: two
 *     |         ^^^
 *   5 |   memoryMb: 2048
 * ```
 * A line that the file does not have (something is missing at its end) leaves the header and the last lines.
 */
export function codeFrame({ path, text, line, column, length, message }: CodePlace): string {
  const lines = text.split(/\r\n|\r|\n/);
  // The empty piece after a final line end is no line, unless it is the very place meant.
  if (lines.at(-1) === '' && line < lines.length) lines.pop();
  const numbers = [line - 1, line, line + 1].filter((number) => number >= 1 && number <= lines.length);
  const gutter = String(numbers.at(-1) ?? line).length;
  const frame = numbers.flatMap((number) => {
    const content = lines[number - 1] ?? '';
    const shown = `${number === line ? '>' : ' '} ${String(number).padStart(gutter)} | ${printable(content)}`.trimEnd();
    return number === line ? [shown, `  ${' '.repeat(gutter)} | ${underline(content, column, length)}`] : [shown];
  });
  return [`${path}:${line}:${column} ${message}`, ...frame].join('\n');
}

function underline(content: string, column: number, length: number): string {
  const start = Math.min(Math.max(0, column - 1), content.length);
  const marked = Math.max(1, Math.min(length, content.length - start));
  // Tabs stay tabs, so that the carets stand below their letters at any tab width.
  const lead = content.slice(0, start).replaceAll(/[^\t]/gu, ' ');
  const width = [...content.slice(start, start + marked)].length;
  return lead + '^'.repeat(Math.max(1, width));
}

/** Control characters but tabs would act on the terminal instead of showing. */
function printable(content: string): string {
  return content.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

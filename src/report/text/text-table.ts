import { replaceUnprintable } from './markup.ts';

export interface TextColumn {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** Columns with a higher number go first when the terminal is narrow; 0, or none, stays. */
  readonly spare?: number;
}

export interface TextTableOptions {
  /** No line is longer than this many characters. */
  readonly columns?: number | undefined;
  /** The character of a rule under the heads; there is none without it. */
  readonly rule?: '─' | '-' | undefined;
  /** SGR colour code of a cell. */
  readonly colour?: (row: number, column: number) => string | undefined;
}

/**
 * Rows under their heads, two spaces apart. Where `columns` is given no line is longer: spare columns are left out, then the
 * end is cut, and says so with an ellipsis. Control characters of log text are never passed on to a terminal.
 */
export function textTable(
  heads: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  options: TextTableOptions = {},
): string[] {
  const { columns = Number.POSITIVE_INFINITY, rule, colour } = options;
  const table = heads.map((column, index) => {
    const cells = rows.map((row) => oneLine(row[index] ?? ''));
    return { column, index, cells, width: Math.max(...[column.head, ...cells].map(length)) };
  });
  const spares = [...new Set(table.map(({ column }) => column.spare ?? 0))].sort((a, b) => b - a);
  const choices = spares.map((most) => table.filter(({ column }) => (column.spare ?? 0) <= most));
  const fits = (some: typeof table): boolean => some.reduce((sum, { width }) => sum + width + 2, -2) <= columns;
  const shown = choices.find(fits) ?? choices.at(-1) ?? table;
  const line = (cellOf: (one: (typeof table)[number]) => string): string =>
    cut(
      shown
        .map((one) => pad(cellOf(one), one.width, one.column))
        .join('  ')
        .trimEnd(),
      columns,
    );
  const body = rows.map((_row, row) => {
    const plain = line(({ cells }) => cells[row] ?? '');
    // A line that was cut stays without colour: a code that is not closed would paint the rest of the screen.
    if (colour === undefined || plain.endsWith('…')) return plain;
    return shown
      .map(({ column, index, cells, width }) => {
        const text = pad(cells[row] ?? '', width, column);
        const code = colour(row, index);
        return code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
      })
      .join('  ')
      .trimEnd();
  });
  return [
    line(({ column }) => column.head),
    ...(rule === undefined ? [] : [line(({ width }) => rule.repeat(width))]),
    ...body,
  ];
}

/** Text as one printable line that moves no cursor. */
export function oneLine(text: string): string {
  return replaceUnprintable(text).replaceAll(/\s+/g, ' ');
}

/** A line no longer than the terminal; a missing end shows as an ellipsis. */
export function cut(line: string, columns: number | undefined): string {
  if (columns === undefined || length(line) <= columns) return line;
  return `${[...line].slice(0, Math.max(0, columns - 1)).join('')}…`;
}

/** Words on lines no longer than `width`; a longer word is cut into pieces. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((whole) => pieces(whole, width))) {
    if (line !== '' && length(line) + 1 + length(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function pieces(word: string, width: number): readonly string[] {
  if (length(word) <= width) return [word];
  const characters = [...word];
  const count = Math.ceil(characters.length / width);
  return Array.from({ length: count }, (_, index) => characters.slice(index * width, (index + 1) * width).join(''));
}

function pad(text: string, width: number, column: TextColumn): string {
  const space = ' '.repeat(Math.max(0, width - length(text)));
  return column.align === 'right' ? space + text : text + space;
}

function length(text: string): number {
  return [...text].length;
}

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../drydock-main.ts';

function markdownIn(folder: string, recursive: boolean): readonly string[] {
  return readdirSync(path.join(REPOSITORY, folder), { encoding: 'utf8', recursive })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name))
    .toSorted();
}

/** Every page of the repository's documentation, by its path. */
export const PAGES = [...markdownIn('.', false), ...markdownIn('docs', true)];

/** The text of a page. */
export function textOf(page: string): string {
  return readFileSync(path.join(REPOSITORY, page), 'utf8');
}

/** The headings of a page as GitHub names them in links: `-1` is the second of a name. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const outside = textOf(page).replaceAll(/^```[\s\S]*?^```/gm, '');
  return new Set(
    [...outside.matchAll(/^#{1,6} +(.+)$/gm)].map(([, title = '']) => {
      const words = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const name = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name}-${String(before)}`;
    }),
  );
}

/**
 * The lines of fenced and indented blocks of code, without `run:` of a workflow; a line that ends in a backslash goes on in
 * the next one.
 */
export function codeLinesOf(text: string): readonly string[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ');
  const fenced = [...joined.matchAll(/^ *```.*\n([\s\S]*?)^ *```/gm)].flatMap(([, body = '']) => body.split('\n'));
  const indented = [...joined.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/^ {4}(.*)$/gm)].map(
    ([, line = '']) => line,
  );
  return [...fenced, ...indented].map((line) => line.trim().replace(/^(?:- )?run: /, ''));
}

/** The fenced blocks of YAML. */
export function yamlBlocksOf(text: string): readonly string[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, body = '']) => body);
}

/** Code spans outside of blocks. */
export function codeSpansOf(text: string): readonly string[] {
  return [...text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) =>
    span.replaceAll(String.raw`\|`, '|'),
  );
}

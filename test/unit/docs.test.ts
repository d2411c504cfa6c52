import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { REPOSITORY } from '../support/drydock-main.ts';

const markdownOf = (folder: string, recursive: boolean): readonly string[] =>
  readdirSync(path.join(REPOSITORY, folder), { encoding: 'utf8', recursive })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name));
const PAGES = [...markdownOf('.', false), ...markdownOf('docs', true)];
const textOf = (page: string): string => readFileSync(path.join(REPOSITORY, page), 'utf8');

/** Headings as GitHub names them in links: lower case, punctuation dropped, spaces as dashes, `-1` for the second of a name. */
function anchorsOf(page: string): ReadonlySet<string> {
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

describe.each(PAGES)('%s', (page) => {
  test('has no dead link', () => {
    const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const dead = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(REPOSITORY, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  test('names only files of src, test and scripts that are there', () => {
    const named = [...textOf(page).matchAll(/\b(?:src|test|scripts)\/[\w./-]+\.(?:ts|c|sh|pl|log)\b/g)].map(
      ([file]) => file,
    );
    expect(named.filter((file) => !existsSync(path.join(REPOSITORY, file)))).toEqual([]);
  });
});

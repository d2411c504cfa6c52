import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { generatedFiles } from '../../scripts/reference/files.ts';
import { keysWithoutMeaning } from '../../scripts/reference/keys.ts';
import { SCHEMAS } from '../../scripts/reference/schema-pages.ts';
import { guestSchema } from '../../src/profile/guest-schema.ts';
import { parseDefinition } from '../../src/profile/load.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import { problemOf } from '../support/docs/commands.ts';
import { anchorsOf, codeLinesOf, codeSpansOf, PAGES, textOf, yamlBlocksOf } from '../support/docs/pages.ts';
import { commandsOf } from '../support/docs/shell-words.ts';
import { REPOSITORY } from '../support/drydock-main.ts';

/** Commands with what is wrong with them, one line each. */
function problemsOf(lines: readonly string[], mayBeIncomplete: boolean): readonly string[] {
  return lines.flatMap((line) =>
    commandsOf(line).flatMap((command) => {
      const problem = problemOf(command, mayBeIncomplete);
      return problem === undefined ? [] : [`${line}: ${problem}`];
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

  test('names only files of src, test, scripts and docs that are there', () => {
    const named = [
      ...textOf(page).matchAll(/(?<![\w/.-])(?:src|test|scripts|docs)\/[\w./-]+\.(?:ts|c|sh|pl|log|md|json)\b/g),
    ].map(([file]) => file);
    expect(named.filter((file) => !existsSync(path.join(REPOSITORY, file)))).toEqual([]);
  });
});

test.each([
  [
    'npm ci && npm run check # both',
    [
      ['npm', 'ci'],
      ['npm', 'run', 'check'],
    ],
  ],
  [
    'dmesg | drydock analyze - --base "Freeing unused"',
    [['dmesg'], ['drydock', 'analyze', '-', '--base', 'Freeing unused']],
  ],
  ['drydock resume <run> > log.txt', [['drydock', 'resume', '<run>']]],
] as const)('%s is read as a shell reads it', (line, commands) => {
  expect(commandsOf(line)).toEqual(commands);
});

/** Pages that show a whole profile or a whole guest definition. */
const DEFINITIONS = PAGES.flatMap((page) =>
  yamlBlocksOf(textOf(page))
    .filter((text) => /^name: /m.test(text))
    .map((text) => [page, text] as const),
);

test.each(DEFINITIONS)('the definition in %s is valid', (page, text) => {
  const schema = /^family: /m.test(text) ? guestSchema : profileSchema;
  expect(() => parseDefinition<z.ZodType>(schema, page, text)).not.toThrow();
});

/** A changelog keeps the commands of its day. */
describe.each(PAGES.filter((page) => page !== 'CHANGELOG.md'))('the commands of %s', (page) => {
  test('in blocks of code parse', () => {
    expect(problemsOf(codeLinesOf(textOf(page)), false)).toEqual([]);
  });

  test('in sentences parse as far as they go', () => {
    const spans = codeSpansOf(textOf(page)).filter((span) => /^(?:npm run|drydock) /.test(span));
    expect(problemsOf(spans, true)).toEqual([]);
  });
});

test.each(readdirSync(path.join(REPOSITORY, 'examples')))('the command of examples/%s parses', (name) => {
  const lines = readFileSync(path.join(REPOSITORY, 'examples', name), 'utf8').split('\n');
  const commands = lines.filter((line) => /^# +npm run/.test(line)).map((line) => line.replace(/^# +/, ''));
  expect(commands).not.toEqual([]);
  expect(problemsOf(commands, false)).toEqual([]);
});

describe('what is made from the code', async () => {
  test.each([...(await generatedFiles())])('%s is fresh (npm run docs)', (file, text) => {
    expect(textOf(file)).toBe(text);
  });

  test.each(Object.entries(SCHEMAS))('every key of a %s has a meaning', (_, schema) => {
    expect(keysWithoutMeaning(schema)).toEqual([]);
  });

  test('docs/reference/ holds nothing else', async () => {
    const made = [...(await generatedFiles()).keys()].filter((file) => file.startsWith('docs/reference/'));
    const pages = PAGES.filter((page) => page.startsWith('docs/reference/'));
    expect(pages).toEqual(made.toSorted());
  });
});

#!/usr/bin/env -S npx tsx
/**
 * Writes what is made from the code: the two JSON Schemas and the pages of docs/reference/. A unit test (docs) fails when
 * one of them is stale.
 *
 *     npm run docs
 */
import { readFile, writeFile } from 'node:fs/promises';
import { chalk } from 'zx';
import { packageFile } from '../src/host/package-file.ts';
import { generatedFiles } from './reference/files.ts';

for (const [file, text] of await generatedFiles()) {
  const before = await readFile(packageFile(file), 'utf8').catch(() => '');
  if (before === text) continue;
  await writeFile(packageFile(file), text);
  console.log(`${chalk.green('written')}  ${file}`);
}

import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFiles } from '../../src/host/files.ts';

const files = createFiles();
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-files-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

test('an atomic write is never seen half, and leaves one file', async () => {
  const file = path.join(scratch, 'atomic/file');
  const versions = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(2_000_000));
  await files.writeAtomic(file, versions[0] ?? '');
  const written = new AbortController();
  const reading = (async () => {
    const seen = new Set<string>();
    while (!written.signal.aborted) seen.add(await readFile(file, 'utf8'));
    return seen;
  })();
  for (let round = 0; round < 3; round += 1) {
    // All at once: writers of one file must not meet in each other's temporary file either.
    await Promise.all(versions.map((version) => files.writeAtomic(file, version)));
  }
  written.abort();
  for (const text of await reading) expect(versions.includes(text)).toBe(true);
  expect(await readdir(path.dirname(file))).toEqual(['file']);
});

test('an atomic write that fails leaves what was there, and nothing else', async () => {
  const folder = path.join(scratch, 'taken');
  await files.makeDirectory(path.join(folder, 'file/inside'));
  await expect(files.writeAtomic(path.join(folder, 'file'), 'text')).rejects.toMatchObject({
    failure: { kind: 'unavailable', headline: `A folder is where a file should be: ${path.join(folder, 'file')}` },
  });
  expect(await readdir(folder)).toEqual(['file']);
  expect(await readdir(path.join(folder, 'file'))).toEqual(['inside']);
});

test('a full disk is a full disk', async () => {
  await expect(files.appendText('/dev/full', 'x')).rejects.toMatchObject({
    failure: { kind: 'disk-full', headline: 'No space left while writing /dev/full' },
  });
});

test('a path through a file, and a name that is too long, are named and not taken for a bug', async () => {
  const file = path.join(scratch, 'plain');
  await writeFile(file, '');
  await expect(files.makeDirectory(path.join(file, 'below'))).rejects.toMatchObject({
    failure: {
      kind: 'unavailable',
      headline: `Part of this path is a file, not a folder: ${path.join(file, 'below')}`,
    },
  });
  await expect(files.makeDirectory(file)).rejects.toMatchObject({
    failure: { kind: 'unavailable', headline: `A file is where a folder should be: ${file}` },
  });
  await expect(files.makeDirectory(path.join(scratch, 'x'.repeat(300)))).rejects.toMatchObject({
    failure: { kind: 'unavailable' },
  });
  await expect(files.stat(path.join(scratch, 'x'.repeat(300)))).rejects.toMatchObject({
    failure: { kind: 'unavailable' },
  });
});

test('the digest is of the bytes, whatever the size', async () => {
  for (const size of [0, 1, (1 << 20) - 1, (1 << 20) + 1, 3_000_000]) {
    const content = randomBytes(size);
    const file = path.join(scratch, 'digest');
    await writeFile(file, content);
    expect(await files.sha256(file)).toBe(createHash('sha256').update(content).digest('hex'));
  }
});

test('what is not there has no status and an empty list, and can be removed', async () => {
  const absent = path.join(scratch, 'absent');
  expect(await files.stat(absent)).toBeUndefined();
  expect(await files.stat(path.join(scratch, 'digest/below-a-file'))).toBeUndefined();
  expect(await files.list(absent)).toEqual([]);
  await files.remove(absent);
});

test('free space is that of the nearest folder that exists', async () => {
  expect(await files.freeBytes(path.join(scratch, 'not/yet/there'))).toBeGreaterThan(0);
});

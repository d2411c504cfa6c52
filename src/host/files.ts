import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { Fault } from './fault.ts';
import type { Files, FileStat } from './host.ts';

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Turns a full disk into its own failure; everything else goes on as it was. */
export async function noticingFullDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new Fault(
      {
        kind: 'disk-full',
        headline: `No space left while writing ${file}`,
        hint: 'Free space, or put the cache elsewhere with --cache-dir.',
      },
      { cause: error },
    );
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await fs.open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAtomic(file: string, content: string | Uint8Array): Promise<void> {
  // Unique, for two writers of one file must not write into each other's half.
  const temporary = `${file}.tmp-${randomUUID()}`;
  try {
    await noticingFullDisk(file, async () => {
      await fs.mkdir(path.dirname(file), { recursive: true });
      await fs.writeFile(temporary, content);
      await syncFile(temporary);
      await fs.rename(temporary, file);
    });
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

async function stat(file: string): Promise<FileStat | undefined> {
  try {
    const found = await fs.stat(file);
    return { sizeBytes: found.size, kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other' };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Files on this machine. */
export function createFiles(): Files {
  return {
    readText: (file) => fs.readFile(file, 'utf8'),
    readBytes: (file) => fs.readFile(file),
    writeAtomic,
    appendText: (file, text) => noticingFullDisk(file, () => fs.appendFile(file, text)),
    stat,
    isWritable: (file) =>
      fs.access(file, constants.W_OK).then(
        () => true,
        () => false,
      ),
    list: async (directory) => ((await stat(directory)) === undefined ? [] : (await fs.readdir(directory)).sort()),
    makeDirectory: async (directory) => {
      await noticingFullDisk(directory, () => fs.mkdir(directory, { recursive: true }));
    },
    makeTempDirectory: (parent, prefix) =>
      noticingFullDisk(parent, async () => {
        await fs.mkdir(parent, { recursive: true });
        return fs.mkdtemp(path.join(parent, prefix));
      }),
    remove: (target) => fs.rm(target, { recursive: true, force: true }),
    rename: async (from, to) => {
      await fs.mkdir(path.dirname(to), { recursive: true });
      await fs.rename(from, to);
    },
    copy: (from, to) =>
      noticingFullDisk(to, async () => {
        await fs.mkdir(path.dirname(to), { recursive: true });
        await fs.copyFile(from, to, constants.COPYFILE_FICLONE);
      }),
    chmod: (file, mode) => fs.chmod(file, mode),
    sha256: async (file) => {
      const hash = createHash('sha256');
      const stream = createReadStream(file, { highWaterMark: 1 << 20 });
      for await (const chunk of stream) hash.update(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
      return hash.digest('hex');
    },
    freeBytes: async (target) => {
      let folder = path.resolve(target);
      while ((await stat(folder)) === undefined) folder = path.dirname(folder);
      const facts = await fs.statfs(folder);
      return facts.bavail * facts.bsize;
    },
  };
}

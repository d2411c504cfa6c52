import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { Fault } from './fault.ts';
import type { FailureKind } from '../model/failure.ts';
import type { Files, FileStat } from './host.ts';
import { mountedBelow, mountsBelow } from './mounts.ts';

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

interface SystemCause {
  readonly kind: FailureKind;
  /** Followed by the file's name. */
  readonly headline: string;
  readonly hint: string;
}

const OTHER_FOLDER = 'Choose another folder with --cache-dir or --results-dir, or fix this one.';

/** What the operating system's error numbers (errno(3)) mean for files; other numbers are bugs of drydock. */
const CAUSES: Readonly<Record<string, SystemCause>> = {
  ENOSPC: {
    kind: 'disk-full',
    headline: 'No space left while writing',
    hint: 'Free space, or put the cache elsewhere with --cache-dir.',
  },
  EDQUOT: {
    kind: 'disk-full',
    headline: 'The disk quota is used up, writing',
    hint: 'Free space, or put the cache elsewhere with --cache-dir.',
  },
  EACCES: { kind: 'unavailable', headline: 'Permission denied:', hint: `This user may not use it. ${OTHER_FOLDER}` },
  EPERM: { kind: 'unavailable', headline: 'Not permitted:', hint: `This user may not use it. ${OTHER_FOLDER}` },
  EROFS: { kind: 'unavailable', headline: 'The file system is read-only:', hint: OTHER_FOLDER },
  ENOTDIR: { kind: 'unavailable', headline: 'Part of this path is a file, not a folder:', hint: OTHER_FOLDER },
  EISDIR: { kind: 'unavailable', headline: 'A folder is where a file should be:', hint: OTHER_FOLDER },
  EEXIST: { kind: 'unavailable', headline: 'A file is where a folder should be:', hint: OTHER_FOLDER },
  ENAMETOOLONG: { kind: 'unavailable', headline: 'The name is too long:', hint: OTHER_FOLDER },
  ELOOP: { kind: 'unavailable', headline: 'Too many links lead to', hint: OTHER_FOLDER },
  EIO: {
    kind: 'unavailable',
    headline: 'The disk failed at',
    hint: 'The kernel log of this machine (dmesg) says more.',
  },
  EMFILE: { kind: 'unavailable', headline: 'Too many open files, at', hint: 'Raise the limit: ulimit -n 4096.' },
};

/** Turns what the operating system refuses into a failure that names the cause; everything else goes on as it was. */
export async function namingCause<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = CAUSES[errorCode(error) ?? ''];
    if (cause === undefined) throw error;
    throw new Fault({ ...cause, headline: `${cause.headline} ${file}` }, { cause: error });
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
    await namingCause(file, async () => {
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
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    return { sizeBytes: found.size, kind, mode: found.mode & 0o7777 };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    return namingCause(file, () => Promise.reject(error instanceof Error ? error : new Error(String(error))));
  }
}

/** Files on this machine. */
export function createFiles(): Files {
  return {
    readText: (file) => namingCause(file, () => fs.readFile(file, 'utf8')),
    readBytes: (file) => namingCause(file, () => fs.readFile(file)),
    openRead: (file) => namingCause(file, async () => (await fs.open(file, 'r')).createReadStream()),
    readStandardInput: () => buffer(process.stdin),
    writeAtomic,
    appendText: (file, text) => namingCause(file, () => fs.appendFile(file, text)),
    stat,
    isWritable: (file) =>
      fs.access(file, constants.W_OK).then(
        () => true,
        () => false,
      ),
    list: async (directory) =>
      (await stat(directory)) === undefined
        ? []
        : namingCause(directory, async () => (await fs.readdir(directory)).sort()),
    makeDirectory: async (directory) => {
      await namingCause(directory, () => fs.mkdir(directory, { recursive: true }));
    },
    makeTempDirectory: (parent, prefix) =>
      namingCause(parent, async () => {
        await fs.mkdir(parent, { recursive: true });
        return fs.mkdtemp(path.join(parent, prefix));
      }),
    remove: (target) =>
      namingCause(target, async () => {
        const mounts = await mountsBelow(target);
        if (mounts.length > 0) throw mountedBelow(target, mounts);
        await fs.rm(target, { recursive: true, force: true });
      }),
    mountsBelow,
    rename: (from, to) =>
      namingCause(to, async () => {
        await fs.mkdir(path.dirname(to), { recursive: true });
        await fs.rename(from, to);
      }),
    copy: (from, to) =>
      namingCause(to, async () => {
        await fs.mkdir(path.dirname(to), { recursive: true });
        await fs.copyFile(from, to, constants.COPYFILE_FICLONE);
      }),
    chmod: (file, mode) => namingCause(file, () => fs.chmod(file, mode)),
    sha256: (file) =>
      namingCause(file, async () => {
        const hash = createHash('sha256');
        const stream = createReadStream(file, { highWaterMark: 1 << 20 });
        for await (const chunk of stream) hash.update(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
        return hash.digest('hex');
      }),
    freeBytes: async (target) => {
      let folder = path.resolve(target);
      while ((await stat(folder)) === undefined) folder = path.dirname(folder);
      const facts = await fs.statfs(folder);
      return facts.bavail * facts.bsize;
    },
  };
}

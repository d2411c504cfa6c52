import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import type { Argv, Host } from '../../host/host.ts';
import { readNewcAt } from './newc.ts';
import type { CpioEntry } from './newc.ts';
import { zstdStreamBytes } from './zstd-stream.ts';

type CompressionName = 'none' | 'gzip' | 'zstd' | 'xz';

/** A form in which the kernel takes a compressed archive, told by its first bytes (lib/decompress.c). */
interface Compression {
  readonly name: Exclude<CompressionName, 'none'>;
  readonly magic: readonly number[];
  /** Programs that take the name of a file and leave another one beside it, with this ending more or less; gzip is Node's own. */
  readonly tool?: {
    readonly suffix: string;
    readonly unpack: Argv;
    readonly pack: Argv;
    /** Length of the stream, for a program that takes the zeros behind it for damage. */
    readonly streamBytes?: (bytes: Uint8Array) => number;
  };
}

/** One thread each, so that the same content gives the same bytes on any machine with the same tool. */
const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  {
    name: 'zstd',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    tool: {
      suffix: '.zst',
      unpack: ['zstd', '--decompress', '--quiet'],
      pack: ['zstd', '-9', '--single-thread', '--quiet'],
      streamBytes: zstdStreamBytes,
    },
  },
  {
    name: 'xz',
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    // The kernel's unpacker knows no other check than CRC32 (Documentation/staging/xz.rst).
    tool: { suffix: '.xz', unpack: ['xz', '--decompress'], pack: ['xz', '--check=crc32', '--threads=1'] },
  },
];

/** An initrd as distributions make it. */
export interface DistributionInitrd {
  /** Uncompressed archives at the beginning (microcode, ACPI tables): the kernel reads them where they lie, so they stay. */
  readonly early: Uint8Array;
  /** Everything behind them: what becomes the rootfs. */
  readonly entries: readonly CpioEntry[];
  readonly compression: CompressionName;
}

const NONE = 'none';
const NEWC_MAGIC = '070701';

function startsWith(bytes: Uint8Array, offset: number, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[offset + index] === byte);
}

function isNewc(bytes: Uint8Array, offset: number): boolean {
  return Buffer.from(bytes.subarray(offset, offset + NEWC_MAGIC.length)).toString('latin1') === NEWC_MAGIC;
}

/** Zeros between archives are nothing to the kernel either. */
function skipZeros(bytes: Uint8Array, offset: number): number {
  let at = offset;
  while (bytes[at] === 0) at += 1;
  return at;
}

async function runOn(
  host: Host,
  workDir: string,
  command: Argv,
  content: Uint8Array,
  names: { readonly from: string; readonly to: string },
): Promise<Uint8Array> {
  const [from, to] = [path.join(workDir, names.from), path.join(workDir, names.to)];
  await host.files.writeAtomic(from, content);
  await host.processes.run([...command, from]);
  const result = await host.files.readBytes(to);
  for (const file of [from, to]) await host.files.remove(file);
  return result;
}

/** What `info: true` makes of zlib's answer (Node's zlib, "Class: Options"). */
const inflated = z.object({ buffer: z.instanceof(Uint8Array), engine: z.object({ bytesWritten: z.int() }) });

/** The kernel would go on with another archive there; leaving it out without a word would be another initrd. xz says so itself. */
function checkNothingBehind(content: Uint8Array, streamBytes: number): void {
  const at = skipZeros(content, streamBytes);
  if (at < content.length) throw unreadable(`behind its compressed archive something follows, ${String(at)} bytes on`);
}

async function unpack(host: Host, workDir: string, { tool }: Compression, content: Uint8Array): Promise<Uint8Array> {
  try {
    if (tool === undefined) {
      const { buffer, engine } = inflated.parse(gunzipSync(content, { info: true }));
      checkNothingBehind(content, engine.bytesWritten);
      return buffer;
    }
    const streamBytes = tool.streamBytes?.(content);
    if (streamBytes !== undefined) checkNothingBehind(content, streamBytes);
    const stream = content.subarray(0, streamBytes);
    return await runOn(host, workDir, tool.unpack, stream, { from: `archive${tool.suffix}`, to: 'archive' });
  } catch (error) {
    if (error instanceof Fault) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw unreadable(tool === undefined ? `gzip says: ${words}` : words, error);
  }
}

/** Archives in a row, as the kernel unpacks them: what comes later replaces what is there under the same name. */
function readArchives(bytes: Uint8Array): readonly CpioEntry[] {
  const byPath = new Map<string, CpioEntry>();
  let links = 0;
  for (let offset = skipZeros(bytes, 0); offset < bytes.length;) {
    const { entries, end } = readNewcAt(bytes, offset);
    // Inode numbers count within one archive.
    const base = links;
    for (const entry of entries) {
      const isLink = entry.kind === 'file' && entry.link !== undefined;
      if (isLink) links = Math.max(links, base + (entry.link ?? 0) + 1);
      byPath.set(entry.path, isLink ? { ...entry, link: base + (entry.link ?? 0) } : entry);
    }
    offset = skipZeros(bytes, end);
  }
  return [...byPath.values()];
}

function unreadable(why: string, cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'unavailable',
      headline: `The guest's own initrd could not be taken apart: ${why}`,
      hint: "Its archives have to be newc cpios, plain or under gzip, zstd or xz; initrd: busybox needs none of the guest's.",
    },
    { cause },
  );
}

/**
 * Takes a distribution's initrd apart: uncompressed archives, then one that may be compressed.
 *
 * @param workDir scratch folder for the tools
 * @throws Fault `unavailable` for a compression that is not known and for archives that are damaged
 */
export async function openInitrd(host: Host, initrd: Uint8Array, workDir: string): Promise<DistributionInitrd> {
  try {
    let mainStart = 0;
    let offset = skipZeros(initrd, 0);
    while (offset < initrd.length && isNewc(initrd, offset)) {
      mainStart = offset;
      offset = skipZeros(initrd, readNewcAt(initrd, offset).end);
    }
    // Nothing compressed: the last archive is the main one.
    if (offset >= initrd.length) {
      const main = initrd.subarray(mainStart);
      return { early: initrd.subarray(0, mainStart), entries: readArchives(main), compression: NONE };
    }
    const compression = COMPRESSIONS.find(({ magic }) => startsWith(initrd, offset, magic));
    if (compression === undefined) {
      const bytes = Buffer.from(initrd.subarray(offset, offset + 4)).toString('hex');
      throw unreadable(`at byte ${String(offset)} begins something unknown (${bytes})`);
    }
    const content = await unpack(host, workDir, compression, initrd.subarray(offset));
    return { early: initrd.subarray(0, offset), entries: readArchives(content), compression: compression.name };
  } catch (error) {
    if (error instanceof RangeError) throw unreadable(error.message, error);
    throw error;
  }
}

/** Compresses an archive as the initrd was from which it came. */
export async function compressArchive(
  host: Host,
  archive: Uint8Array,
  compression: CompressionName,
  workDir: string,
): Promise<Uint8Array> {
  if (compression === NONE) return archive;
  const tool = COMPRESSIONS.find(({ name }) => name === compression)?.tool;
  // gzip(1)'s own level; its header holds no name and, from zlib, no time.
  if (tool === undefined) return gzipSync(archive, { level: 6 });
  return runOn(host, workDir, tool.pack, archive, { from: 'archive', to: `archive${tool.suffix}` });
}

/** One file as its archive would have it without a compression of its own (a module's .gz, .xz, .zst). */
export async function decompressFile(host: Host, content: Uint8Array, workDir: string): Promise<Uint8Array> {
  const form = COMPRESSIONS.find(({ magic }) => startsWith(content, 0, magic));
  return form === undefined ? content : unpack(host, workDir, form, content);
}

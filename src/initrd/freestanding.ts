import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Argv, Host } from '../host/host.ts';
import { packageFile } from '../host/package-file.ts';
import { jsonText } from '../json/text.ts';

/**
 * No C library (it would make an initrd of 2 MB half as big again), no build id, no addresses that change: the same
 * compiler gives the same bytes.
 */
const FLAGS: readonly string[] = [
  '-std=gnu11',
  '-Os',
  '-Wall',
  '-Wextra',
  '-static',
  '-nostdlib',
  '-ffreestanding',
  // The program's own memcpy must not be compiled into a call of itself.
  '-fno-tree-loop-distribute-patterns',
  '-fno-stack-protector',
  '-fno-pie',
  '-no-pie',
  '-fno-asynchronous-unwind-tables',
  '-Wl,--build-id=none',
  '-Wl,-z,norelro',
  '-s',
];

/**
 * Of the program that reads the clock where a virtual boot ends. They are not the others' flags, because flags are part of
 * what the cache knows a program by.
 */
export const CLOCK_FLAGS: readonly string[] = [
  '-Os',
  '-static',
  '-nostdlib',
  '-fno-pie',
  '-no-pie',
  '-fno-stack-protector',
  '-fcf-protection=none',
  '-fno-asynchronous-unwind-tables',
  '-fno-ident',
  '-Wl,--build-id=none',
  '-s',
];

/** A C program of drydock's own that runs in guests: x86-64, without a library. */
export interface FreestandingProgram {
  /** Its file name. */
  readonly name: string;
  /** Paths of its sources; the first is compiled, the others are what it includes, by file name. */
  readonly sources: readonly [string, ...string[]];
  /** How it is compiled, where it is not as most are. */
  readonly flags?: readonly string[];
}

/** What the freestanding programs share: system calls, an output buffer, numbers out of /proc. */
export const SYSTEM_HEADER = packageFile('src/initrd/collector-system.h');

/**
 * Hex sha256 of everything in the program, and in what goes `beside` it, that comes from drydock itself; belongs into the key
 * of what caches it.
 *
 * @param beside paths of other files that are packed with the program
 */
export async function freestandingDigest(
  host: Host,
  { sources, flags = FLAGS }: FreestandingProgram,
  beside: readonly string[] = [],
): Promise<string> {
  const texts = await Promise.all([...sources, ...beside].map((source) => host.files.readText(source)));
  return createHash('sha256')
    .update(jsonText([flags, ...texts]))
    .digest('hex');
}

export interface CompileOptions {
  /** Folder to compile in; the program's path in it is returned. */
  readonly workDir: string;
  readonly signal?: AbortSignal;
  readonly logPath?: string;
}

/**
 * Compiles a program of 13 kB at most, byte for byte the same for the same gcc and binutils.
 *
 * @throws Fault `command-failed` or `missing-tool`
 */
export async function compileFreestanding(
  host: Host,
  { name, sources, flags = FLAGS }: FreestandingProgram,
  options: CompileOptions,
): Promise<string> {
  const { workDir, ...rest } = options;
  for (const source of sources) await host.files.copy(source, path.join(workDir, path.basename(source)));
  // Relative names, so that no path of this machine gets in.
  const command: Argv = ['gcc', ...flags, '-o', name, path.basename(sources[0])];
  await host.processes.run(command, { cwd: workDir, ...rest });
  return path.join(workDir, name);
}

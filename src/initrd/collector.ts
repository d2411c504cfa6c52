import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Argv, Host } from '../host/host.ts';
import { writeNewc } from './newc.ts';

/** How often the collector looks unless told otherwise; 25 Hz is what bootchart2 and systemd-bootchart take. */
export const COLLECTOR_HZ = 25;
/** What src/initrd/collector.c takes at most. */
export const COLLECTOR_MAX_HZ = 250;

const PROGRAM = 'drydock-collect';
const SOURCES = ['collector.c', 'collector-system.h'] as const;

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
  // The collector's own memcpy must not be compiled into a call of itself.
  '-fno-tree-loop-distribute-patterns',
  '-fno-stack-protector',
  '-fno-pie',
  '-no-pie',
  '-fno-asynchronous-unwind-tables',
  '-Wl,--build-id=none',
  '-Wl,-z,norelro',
  '-s',
];

/** Sources stand beside this file in src/, and `../../src/initrd` leads there from dist/initrd too. */
function sourcePath(name: (typeof SOURCES)[number]): string {
  return decodeURIComponent(new URL(`../../src/initrd/${name}`, import.meta.url).pathname);
}

/** Kernel parameters that start the collector before the initrd's own /init; of several `rdinit=` the last one counts. */
export function collectorCmdline(hz: number): readonly string[] {
  return [`rdinit=/${PROGRAM}`, `drydock.collect=${String(hz)}`];
}

/** Hex sha256 of everything in the collector that comes from drydock itself; belongs into the key of what caches it. */
export async function collectorDigest(host: Host): Promise<string> {
  const texts = await Promise.all(SOURCES.map((name) => host.files.readText(sourcePath(name))));
  return createHash('sha256')
    .update(JSON.stringify([FLAGS, ...texts]))
    .digest('hex');
}

export interface CompileOptions {
  /** Folder to compile in; the program's path in it is returned. */
  readonly workDir: string;
  readonly signal?: AbortSignal;
  readonly logPath?: string;
}

/**
 * Compiles the collector: a static x86-64 program of some 13 kB, byte for byte the same for the same gcc and binutils.
 *
 * @throws Fault `command-failed` or `missing-tool`
 */
export async function compileCollector(host: Host, options: CompileOptions): Promise<string> {
  const { workDir, ...rest } = options;
  for (const name of SOURCES) await host.files.copy(sourcePath(name), path.join(workDir, name));
  // Relative names, so that no path of this machine gets in.
  const command: Argv = ['gcc', ...FLAGS, '-o', PROGRAM, 'collector.c'];
  await host.processes.run(command, { cwd: workDir, ...rest });
  return path.join(workDir, PROGRAM);
}

/**
 * Puts the collector before an initrd of any kind, as a cpio archive of its own: the kernel unpacks one archive after the
 * other (Documentation/driver-api/early-userspace/buffer-format.rst), compressed or not, and an archive padded to 512
 * bytes leaves what follows aligned as it was.
 */
export async function prependCollector(
  host: Host,
  options: { readonly programPath: string; readonly initrdPath: string; readonly outputPath: string },
): Promise<void> {
  const content = await host.files.readBytes(options.programPath);
  const archive = writeNewc([{ kind: 'file', path: PROGRAM, mode: 0o755, content }]);
  const initrd = await host.files.readBytes(options.initrdPath);
  await host.files.writeAtomic(options.outputPath, Buffer.concat([archive, initrd]));
}

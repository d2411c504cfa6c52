import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Host } from '../host/host.ts';
import { packageFile } from '../host/package-file.ts';
import { jsonText } from '../json/text.ts';
import { writeNewc } from './archive/newc.ts';

const sourcePath = (name: 'virtual-clock-end.c' | 'virtual-clock-end.sh'): string => packageFile(`src/initrd/${name}`);

/** No library, no unwinding tables, no build id: the program is its own code and nothing of the machine that made it. */
const COMPILE = [
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
] as const;

/** Hex sha256 of everything in the hand-over archive that comes from drydock; belongs into the key of whatever caches it. */
export async function handOverDigest(host: Host): Promise<string> {
  const texts = await Promise.all([
    host.files.readText(sourcePath('virtual-clock-end.c')),
    host.files.readText(sourcePath('virtual-clock-end.sh')),
  ]);
  return createHash('sha256')
    .update(jsonText([COMPILE, ...texts]))
    .digest('hex');
}

/**
 * Makes the archive that ends a boot where its initrd would mount the root: `/scripts/drydock` and the program that reads
 * the clock. Laid behind any initrd (the kernel unpacks concatenated archives in order, each at a multiple of four bytes;
 * Documentation/driver-api/early-userspace/buffer-format.rst), it serves Debian's initramfs and drydock's alike.
 */
export async function buildHandOver(host: Host, workDir: string, outputPath: string): Promise<void> {
  const program = path.join(workDir, 'clock');
  await host.processes.run(['gcc', ...COMPILE, '-o', program, sourcePath('virtual-clock-end.c')]);
  const archive = writeNewc([
    { kind: 'directory', path: 'drydock', mode: 0o755 },
    { kind: 'file', path: 'drydock/clock', mode: 0o755, content: await host.files.readBytes(program) },
    { kind: 'directory', path: 'scripts', mode: 0o755 },
    {
      kind: 'file',
      path: 'scripts/drydock',
      mode: 0o644,
      content: await host.files.readBytes(sourcePath('virtual-clock-end.sh')),
    },
  ]);
  await host.files.writeAtomic(outputPath, archive);
}

/** One initrd of several archives: each begins at a multiple of four bytes, as the kernel's unpacker demands. */
export function concatenateArchives(archives: readonly Uint8Array[]): Uint8Array {
  const padded = archives.flatMap((archive) => [archive, new Uint8Array((4 - (archive.length % 4)) % 4)]);
  return Buffer.concat(padded);
}

import type { Host } from '../host/host.ts';
import { packageFile } from '../host/package-file.ts';
import { writeNewc } from './archive/newc.ts';
import { CLOCK_FLAGS, compileFreestanding, freestandingDigest } from './freestanding.ts';
import type { FreestandingProgram } from './freestanding.ts';

const CLOCK: FreestandingProgram = {
  name: 'clock',
  sources: [packageFile('src/initrd/virtual-clock-end.c')],
  flags: CLOCK_FLAGS,
};
const SCRIPT = packageFile('src/initrd/virtual-clock-end.sh');

/** Hex sha256 of everything in the hand-over archive that comes from drydock; belongs into the key of whatever caches it. */
export function handOverDigest(host: Host): Promise<string> {
  return freestandingDigest(host, CLOCK, [SCRIPT]);
}

/**
 * Makes the archive that ends a boot where its initrd would mount the root: `/scripts/drydock` and the program that reads
 * the clock. Laid behind any initrd (the kernel unpacks concatenated archives in order, each at a multiple of four bytes;
 * Documentation/driver-api/early-userspace/buffer-format.rst), it serves Debian's initramfs and drydock's alike.
 */
export async function buildHandOver(host: Host, workDir: string, outputPath: string): Promise<void> {
  const program = await compileFreestanding(host, CLOCK, { workDir });
  const archive = writeNewc([
    { kind: 'directory', path: 'drydock', mode: 0o755 },
    { kind: 'file', path: 'drydock/clock', mode: 0o755, content: await host.files.readBytes(program) },
    { kind: 'directory', path: 'scripts', mode: 0o755 },
    {
      kind: 'file',
      path: 'scripts/drydock',
      mode: 0o644,
      content: await host.files.readBytes(SCRIPT),
    },
  ]);
  await host.files.writeAtomic(outputPath, archive);
}

/** One initrd of several archives: each begins at a multiple of four bytes, as the kernel's unpacker demands. */
export function concatenateArchives(archives: readonly Uint8Array[]): Uint8Array {
  const padded = archives.flatMap((archive) => [archive, new Uint8Array((4 - (archive.length % 4)) % 4)]);
  return Buffer.concat(padded);
}

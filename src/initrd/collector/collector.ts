import type { Host } from '../../host/host.ts';
import { packageFile } from '../../host/package-file.ts';
import { compileFreestanding, freestandingDigest, SYSTEM_HEADER } from '../freestanding.ts';
import type { CompileOptions, FreestandingProgram } from '../freestanding.ts';
import { writeNewc } from '../archive/newc.ts';

const PROGRAM = 'drydock-collect';
const COLLECTOR: FreestandingProgram = {
  name: PROGRAM,
  sources: [packageFile('src/initrd/collector/collector.c'), SYSTEM_HEADER],
};

/** Kernel parameters that start the collector before the initrd's own /init; of several `rdinit=` the last one counts. */
export function collectorCmdline(hz: number): readonly string[] {
  return [`rdinit=/${PROGRAM}`, `drydock.collect=${String(hz)}`];
}

/** Hex sha256 of everything in the collector that comes from drydock itself; belongs into the key of what caches it. */
export function collectorDigest(host: Host): Promise<string> {
  return freestandingDigest(host, COLLECTOR);
}

/**
 * Compiles the collector.
 *
 * @throws Fault `command-failed` or `missing-tool`
 */
export function compileCollector(host: Host, options: CompileOptions): Promise<string> {
  return compileFreestanding(host, COLLECTOR, options);
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

import type { Host } from '../../host/host.ts';
import { packageFile } from '../../host/package-file.ts';
import { compileFreestanding, freestandingDigest, SYSTEM_HEADER } from '../../initrd/freestanding.ts';
import type { CompileOptions, FreestandingProgram } from '../../initrd/freestanding.ts';

const SOURCE = packageFile('src/containers/sampler/sampler.c');

const SAMPLER: FreestandingProgram = { name: 'drydock-sampler', sources: [SOURCE, SYSTEM_HEADER] };

/** Hex sha256 of everything in the sampler that comes from drydock itself; belongs into the key of what caches it. */
export function samplerDigest(host: Host): Promise<string> {
  return freestandingDigest(host, SAMPLER);
}

/**
 * Compiles the sampler (src/containers/sampler/sampler.c): one program for every x86-64 machine, whatever its distribution.
 *
 * @returns the program's path in `workDir`
 * @throws Fault `command-failed` or `missing-tool`
 */
export function compileSampler(host: Host, options: CompileOptions): Promise<string> {
  return compileFreestanding(host, SAMPLER, options);
}

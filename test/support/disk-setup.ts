import { tmpdir } from 'node:os';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { cacheRoot } from '../../src/cli/locations.ts';
import { judgeSpace, lookAtDisk } from './disk-space.ts';

const GIB = 1024 ** 3;

/**
 * What each project writes on an empty cache, in GiB. A run with a kernel of its own needs what preflight asks of it (12 GiB,
 * src/stages/host/preflight.ts); a guest without one is its archive, its 4 GB disk and the overlays of two boots at once.
 */
const NEEDS: Readonly<Record<string, { readonly cache: number; readonly temporary: number }>> = {
  e2e: { cache: 3, temporary: 1 },
  grub: { cache: 2, temporary: 1 },
  containers: { cache: 1, temporary: 4 },
  'docker-min': { cache: 12, temporary: 2 },
  kernels: { cache: 4, temporary: 4 },
  'guest-build': { cache: 12, temporary: 1 },
  // Each way has a cache of its own below the temporary folder.
  interruption: { cache: 1, temporary: 13 },
};

/**
 * Says before a project's first test how much disk it needs and how much is free.
 *
 * @throws Error when it is not enough
 */
export default function setup({ name }: TestProject): Promise<void> {
  return requireSpace(name);
}

/** The same for a project by its name. */
export async function requireSpace(name: string): Promise<void> {
  const need = NEEDS[name];
  if (need === undefined) throw new Error(`How much disk do the tests of ${name} need? See NEEDS in disk-setup.ts.`);
  const verdicts = await judgeSpace(
    name,
    [
      { what: 'cache', folder: cacheRoot(undefined), bytes: need.cache * GIB },
      { what: 'temporary files', folder: tmpdir(), bytes: need.temporary * GIB },
    ],
    lookAtDisk,
  );
  for (const { verdict, sentence } of verdicts) {
    if (verdict === 'short') throw new Error(sentence);
    process.stdout.write(`${sentence}\n`);
  }
}

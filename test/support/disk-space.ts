import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';

const GIB = 1024 ** 3;

/** A folder that tests write to, and how much at most. */
export interface SpaceNeed {
  readonly what: string;
  readonly folder: string;
  readonly bytes: number;
}

/** `unknown`: the file system did not say what is free; the tests run. */
export interface SpaceVerdict {
  readonly verdict: 'enough' | 'short' | 'unknown';
  readonly sentence: string;
}

/** What a look at a folder's file system shows; two folders on one file system share its free space. */
export type LookAtDisk = (folder: string) => Promise<{ readonly device: number; readonly freeBytes: number }>;

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

/** Holds what tests are going to write against what is free, a file system at a time. */
export async function judgeSpace(
  project: string,
  needs: readonly SpaceNeed[],
  look: LookAtDisk,
): Promise<readonly SpaceVerdict[]> {
  const disks = new Map<number, { freeBytes: number; needs: SpaceNeed[] }>();
  const unknown: SpaceVerdict[] = [];
  for (const need of needs) {
    try {
      const { device, freeBytes } = await look(need.folder);
      disks.set(device, { freeBytes, needs: [...(disks.get(device)?.needs ?? []), need] });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const sentence = `Disk space for ${project} not checked: ${need.folder} needs ${gib(need.bytes)}, ${why}.`;
      unknown.push({ verdict: 'unknown', sentence });
    }
  }
  const judged = [...disks.values()].map(({ freeBytes, needs: onDisk }): SpaceVerdict => {
    const bytes = onDisk.reduce((sum, need) => sum + need.bytes, 0);
    const places = onDisk.map((need) => `${need.folder} (${need.what})`).join(' and ');
    const facts = `${project} needs ${gib(bytes)} in ${places}; ${gib(freeBytes)} are free`;
    if (freeBytes >= bytes) return { verdict: 'enough', sentence: `Disk space: ${facts}.` };
    const remedy = 'Free space there, or set DRYDOCK_CACHE and TMPDIR to folders on a larger disk.';
    return { verdict: 'short', sentence: `Not enough disk space: ${facts}. ${remedy}` };
  });
  return [...unknown, ...judged];
}

/** Looks at the file system that holds a folder, or will hold it once it exists. */
export const lookAtDisk: LookAtDisk = async (folder) => {
  let there = path.resolve(folder);
  while (!existsSync(there)) there = path.dirname(there);
  const [{ dev }, { bavail, bsize }] = await Promise.all([stat(there), statfs(there)]);
  return { device: dev, freeBytes: bavail * bsize };
};

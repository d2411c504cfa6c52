import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from './fault.ts';
import { quoteCommand } from './process/shell-quote.ts';

/** Mount points of a mountinfo file (proc_pid_mountinfo(5)), in the order in which they were mounted. */
export function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , , point] = line.split(' ');
    // Space, tab, newline and backslash stand in the file as octal numbers.
    return point === undefined
      ? []
      : [point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
  });
}

/** What is mounted below a folder, innermost first; the folder itself may be a mount point. A folder that is not there has none. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined) return [];
  const below = path.join(real, path.sep);
  const points = mountPoints(await readFile('/proc/self/mountinfo', 'utf8'));
  return points.filter((point) => point.startsWith(below)).reverse();
}

/** Why drydock does not work in a folder that has something mounted below it. */
export function mountedBelow(folder: string, mounts: readonly string[]): Fault {
  return new Fault({
    kind: 'unavailable',
    headline: `${folder} has something mounted below it, and drydock deletes and copies folders there`,
    hint: `Unmount it, then try again: sudo umount -- ${mounts.map((mount) => quoteCommand([mount])).join(' ')}`,
    detail: mounts.map((mount) => `mounted: ${mount}`),
  });
}

import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { judgeSpace, lookAtDisk } from '../support/disk-space.ts';
import type { LookAtDisk } from '../support/disk-space.ts';

const GIB = 1024 ** 3;
const NEEDS = [
  { what: 'cache', folder: '/cache', bytes: 3 * GIB },
  { what: 'temporary files', folder: '/tmp', bytes: GIB },
];
const free =
  (disks: Readonly<Record<string, { device: number; gib: number }>>): LookAtDisk =>
  (folder) => {
    const disk = disks[folder];
    return disk === undefined
      ? Promise.reject(new Error('ENOSYS'))
      : Promise.resolve({ device: disk.device, freeBytes: disk.gib * GIB });
  };

test('two folders on one disk need the sum of both', async () => {
  const one = { device: 1, gib: 3.5 };
  expect(await judgeSpace('e2e', NEEDS, free({ '/cache': one, '/tmp': one }))).toEqual([
    {
      verdict: 'short',
      sentence:
        'Not enough disk space: e2e needs 4.0 GiB in /cache (cache) and /tmp (temporary files); 3.5 GiB are free. ' +
        'Free space there, or set DRYDOCK_CACHE and TMPDIR to folders on a larger disk.',
    },
  ]);
});

test('two disks are judged one by one', async () => {
  const disks = { '/cache': { device: 1, gib: 3 }, '/tmp': { device: 2, gib: 0.5 } };
  expect((await judgeSpace('e2e', NEEDS, free(disks))).map(({ verdict }) => verdict)).toEqual(['enough', 'short']);
});

test('a disk that does not say what is free is not checked, and the other one is', async () => {
  const verdicts = await judgeSpace('e2e', NEEDS, free({ '/tmp': { device: 2, gib: 2 } }));
  expect(verdicts).toEqual([
    { verdict: 'unknown', sentence: 'Disk space for e2e not checked: /cache needs 3.0 GiB, ENOSYS.' },
    { verdict: 'enough', sentence: 'Disk space: e2e needs 1.0 GiB in /tmp (temporary files); 2.0 GiB are free.' },
  ]);
});

test('the disk of a folder that does not exist yet is the one of its parent', async () => {
  const [parent, child] = await Promise.all([
    lookAtDisk(tmpdir()),
    lookAtDisk(path.join(tmpdir(), 'drydock-not-there', 'deeper')),
  ]);
  expect(child.device).toBe(parent.device);
  expect(child.freeBytes).toBeGreaterThan(0);
});

import { expect, test } from 'vitest';
import { mountPoints } from '../../src/host/mounts.ts';

test('mount points are read as the kernel writes them, with white space and backslashes as octal numbers', () => {
  const mountinfo = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
    '40 36 0:21 / /cache/a\\040b\\134c rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  expect(mountPoints(mountinfo)).toEqual(['/mnt2', '/cache/a b\\c']);
});

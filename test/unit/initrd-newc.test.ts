import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { readNewc, readNewcAt, writeNewc } from '../../src/initrd/archive/newc.ts';
import type { CpioEntry } from '../../src/initrd/archive/newc.ts';

const part = fc.stringMatching(/^[a-zé0-9_-]{1,12}$/);
const entryPath = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const mode = fc.integer({ min: 0, max: 0o7777 });
const number = fc.integer({ min: 0, max: 4095 });
const entry: fc.Arbitrary<CpioEntry> = fc.oneof(
  fc.record({ kind: fc.constant('directory' as const), path: entryPath, mode }),
  fc.record({ kind: fc.constant('file' as const), path: entryPath, mode, content: fc.uint8Array({ maxLength: 700 }) }),
  fc.record({ kind: fc.constant('symlink' as const), path: entryPath, target: fc.stringMatching(/^[a-z./]{1,20}$/) }),
  fc.record({
    kind: fc.constantFrom('character-device' as const, 'block-device' as const),
    path: entryPath,
    mode,
    major: number,
    minor: number,
  }),
);
const archive = fc.uniqueArray(entry, { selector: (one) => one.path, maxLength: 12 });

describe('a newc archive', () => {
  test('gives back exactly what was put in, in the same order', () => {
    fc.assert(
      fc.property(archive, (entries) => {
        expect(readNewc(writeNewc(entries))).toEqual(entries);
      }),
    );
  });

  test('is padded to whole blocks of 512 bytes and the same every time', () => {
    fc.assert(
      fc.property(archive, (entries) => {
        const bytes = writeNewc(entries);
        expect(bytes.length % 512).toBe(0);
        expect(Buffer.from(writeNewc(entries)).equals(bytes)).toBe(true);
      }),
    );
  });

  test('is read by BusyBox’s cpio as it was meant: types, modes, owners, times, devices and links', async () => {
    const entries: CpioEntry[] = [
      { kind: 'directory', path: 'dev', mode: 0o755 },
      { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'block-device', path: 'dev/vda', mode: 0o660, major: 254, minor: 0 },
      { kind: 'file', path: 'init', mode: 0o755, content: new TextEncoder().encode('#!/bin/sh\n') },
      { kind: 'symlink', path: 'linuxrc', target: 'init' },
    ];
    const listing = await createHost().processes.run(['busybox', 'cpio', '-itv'], {
      input: writeNewc(entries),
      env: { TZ: 'UTC' },
    });
    const rows = listing.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' '));
    expect(rows).toEqual([
      'drwxr-xr-x 0/0 0 1970-01-01 00:00:00 dev',
      'crw------- 0/0 0 1970-01-01 00:00:00 dev/console',
      'brw-rw---- 0/0 0 1970-01-01 00:00:00 dev/vda',
      '-rwxr-xr-x 0/0 10 1970-01-01 00:00:00 init',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 linuxrc -> init',
    ]);
  });

  test('keeps hard links: one file under several names, read back as such and by GNU cpio', async () => {
    const content = new TextEncoder().encode('busybox\n');
    const entries: CpioEntry[] = [
      { kind: 'directory', path: 'bin', mode: 0o755 },
      { kind: 'file', path: 'bin/busybox', mode: 0o755, content, link: 2 },
      { kind: 'file', path: 'bin/alone', mode: 0o644, content: new Uint8Array(0) },
      { kind: 'file', path: 'bin/sh', mode: 0o755, content, link: 2 },
      { kind: 'file', path: 'bin/mount', mode: 0o755, content, link: 2 },
    ];
    const archive = writeNewc(entries);
    expect(readNewc(archive)).toEqual(entries);
    // The content is there once.
    expect(Buffer.from(archive).toString('latin1').split('busybox\n')).toHaveLength(2);

    const folder = await mkdtemp(path.join(tmpdir(), 'drydock-newc-'));
    try {
      await createHost().processes.run(['cpio', '-i', '--quiet'], { cwd: folder, input: archive });
      const [one, other, alone] = await Promise.all(
        ['busybox', 'mount', 'alone'].map((name) => stat(path.join(folder, 'bin', name))),
      );
      expect(one).toMatchObject({ nlink: 3, size: content.length });
      expect(other?.ino).toBe(one?.ino);
      expect(alone?.nlink).toBe(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('takes hard links as one file wherever in the archive its content lies', () => {
    const link = (name: string, content: Uint8Array): CpioEntry => ({
      kind: 'file',
      path: name,
      mode: 0o755,
      content,
      link: 1,
    });
    const archive = Buffer.from(writeNewc([link('a', Uint8Array.of(0x78)), link('b', Uint8Array.of(0x78))]));
    // As other writers have it: the first name carries the content. Sizes stand at byte 54 of each header, of 110 bytes.
    const [headA, headB] = [archive.subarray(0, 112), archive.subarray(112, 224)];
    const sized = (head: Buffer, size: string): Buffer =>
      Buffer.concat([head.subarray(0, 54), Buffer.from(size), head.subarray(62)]);
    const first = Buffer.concat([
      sized(headA, '00000001'),
      Buffer.from('x\0\0\0'),
      sized(headB, '00000000'),
      archive.subarray(228),
    ]);
    expect(readNewc(first)).toEqual(readNewc(archive));
    expect(first.equals(archive)).toBe(false);
  });

  test('is read in a row with others, names as `find .` prints them become relative, and the root is nobody’s', () => {
    const one = writeNewc([{ kind: 'directory', path: 'kernel', mode: 0o755 }]);
    const dotted = Buffer.from(
      writeNewc([
        { kind: 'directory', path: 'xxdev', mode: 0o700 },
        { kind: 'directory', path: 'y', mode: 0o755 },
      ]),
    );
    dotted.write('./dev', dotted.indexOf('xxdev'), 'latin1');
    dotted.write('.', dotted.indexOf('y\0'), 'latin1');
    const both = Buffer.concat([one, dotted]);
    const first = readNewcAt(both, 0);
    expect(first.entries.map((entry) => entry.path)).toEqual(['kernel']);
    expect(first.end).toBeLessThanOrEqual(one.length);
    expect(readNewcAt(both, one.length).entries).toEqual([{ kind: 'directory', path: 'dev', mode: 0o700 }]);
  });

  test('has the header that the kernel documents, byte for byte', () => {
    const bytes = writeNewc([{ kind: 'file', path: 'a', mode: 0o644, content: Uint8Array.of(0x78) }]);
    const header =
      '070701' +
      '00000001' +
      '000081a4' +
      '00000000'.repeat(2) +
      '00000001' +
      '00000000' +
      '00000001' +
      '00000000'.repeat(4) +
      '00000002' +
      '00000000';
    expect(Buffer.from(bytes.subarray(0, 116)).toString('latin1')).toBe(`${header}a\0x\0\0\0`);
  });

  test.each(['/init', '', 'a//b', './a', 'a/../b', 'TRAILER!!!', 'a\0b'])('refuses the path %j', (bad) => {
    expect(() => writeNewc([{ kind: 'directory', path: bad, mode: 0o755 }])).toThrow(RangeError);
  });

  test('refuses a path given twice', () => {
    const twice: CpioEntry = { kind: 'directory', path: 'dev', mode: 0o755 };
    expect(() => writeNewc([twice, twice])).toThrow('Twice');
  });

  test('is not read when it is cut short or something else', () => {
    const bytes = writeNewc([{ kind: 'file', path: 'a', mode: 0o644, content: new Uint8Array(2000) }]);
    expect(() => readNewc(bytes.subarray(0, 1000))).toThrow(RangeError);
    expect(() => readNewc(new Uint8Array(600))).toThrow('No newc header');
  });
});

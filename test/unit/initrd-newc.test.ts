import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { readNewc, writeNewc } from '../../src/initrd/newc.ts';
import type { CpioEntry } from '../../src/initrd/newc.ts';

const part = fc.stringMatching(/^[a-zé0-9_-]{1,12}$/);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const mode = fc.integer({ min: 0, max: 0o7777 });
const number = fc.integer({ min: 0, max: 4095 });
const entry: fc.Arbitrary<CpioEntry> = fc.oneof(
  fc.record({ kind: fc.constant('directory' as const), path, mode }),
  fc.record({ kind: fc.constant('file' as const), path, mode, content: fc.uint8Array({ maxLength: 700 }) }),
  fc.record({ kind: fc.constant('symlink' as const), path, target: fc.stringMatching(/^[a-z./]{1,20}$/) }),
  fc.record({
    kind: fc.constantFrom('character-device' as const, 'block-device' as const),
    path,
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

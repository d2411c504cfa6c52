import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONSOLE_PATTERNS, matchConsole } from '../../src/guest/console/console-patterns.ts';
import { stepsSeen } from '../../src/guest/console/readiness.ts';

const fixtures = path.join(import.meta.dirname, '../fixtures/guest');

/** What each recorded console must be taken for: the first fatal row, or none. */
const RECORDED = [
  ['panic-no-root.log', 'panic-root', 'missing-root'],
  ['panic-no-init.log', 'panic-init', 'missing-init'],
  ['panic-init-died.log', 'panic-init-died', 'kernel-panic'],
  ['drydock-no-root.log', 'drydock-root', 'missing-root'],
  ['drydock-no-init.log', 'drydock-init', 'missing-init'],
  ['initramfs-tools-no-root.log', 'initramfs-tools-root', 'missing-root'],
  ['initramfs-tools-no-init.log', 'initramfs-tools-init', 'missing-init'],
  ['healthy-stock.log', undefined, undefined],
] as const;

describe('console patterns', () => {
  test.each(RECORDED)('a real console, %s, is taken for %s', (file, id, kind) => {
    const lines = readFileSync(path.join(fixtures, file), 'utf8').replaceAll('\r', '').split('\n');
    const hit = lines.map(matchConsole).find((found) => found?.pattern.fatal === true);
    expect(hit?.pattern.id).toBe(id);
    expect(hit?.pattern.kind).toBe(kind);
  });

  test.each([
    ['[    2.1] Kernel panic - not syncing: Out of memory and no killable processes...', 'panic-memory'],
    ['[    2.1] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted', 'panic'],
    [
      "[    1.8] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug and send a report.",
      'panic-timer',
    ],
    ['[    2.1] BUG: unable to handle page fault for address: ffffdead', 'bug'],
    ['[    2.1] kernel BUG at mm/slub.c:305!', 'bug'],
    ['[    2.1] general protection fault, probably for non-canonical address 0x1: 0000 [#1] SMP', 'fault'],
    ['[    2.1] No filesystem could mount root, tried: ', undefined],
    ['[    0.9] RAMDISK: incomplete write (3228 != 32768)', 'ram-disk'],
    ['[    0.9] RAMDISK: image too big! (8192KiB/4096KiB)', 'ram-disk'],
    ['[    0.9] RAMDISK: zstd decompressor not configured!', 'ram-disk'],
    ["[    0.9] RAMDISK: Couldn't find valid RAM disk image starting at 0.", 'ram-disk'],
    ['[    0.9] RAMDISK: gzip image found at block 0', undefined],
    ['[    0.0] RAMDISK: [mem 0x3dd2d000-0x3ffdffff]', undefined],
    ['[    1.1] drydock: initrd leaves /dev/vda to the kernel', undefined],
    ['You are in emergency mode. After logging in, type "journalctl -xb"', 'systemd-emergency'],
    ['[  OK  ] Reached target emergency.target - Emergency Mode.', 'systemd-emergency'],
    ['systemd[1]: Failed to mount early API filesystems.', 'systemd-freeze'],
    ['watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [swapper/1:0]', 'soft-lockup'],
    ['INFO: task jbd2/vda-8:55 blocked for more than 120 seconds.', 'hung-task'],
    ['[   30.1] drydock: failed: docker run: no such image', 'drydock-failed'],
    ['[    1.1] drydock: initrd start', undefined],
    ['[    1.1] drydock: initrd switching root', undefined],
    ['[   36.0] drydock: docker0 up', undefined],
    ['[   36.0] drydock: ready', undefined],
    ["error: file `/boot/vmlinuz-6.1' not found.", 'grub-error'],
    ["error: ../../grub-core/fs/fshelp.c:257:file `/boot/vmlinuz-6.1' not found.", 'grub-error'],
    ['error: no such device: /boot/vmlinuz-6.1.', 'grub-error'],
    ['error: you need to load the kernel first.', 'grub-error'],
    ['error: could not lock config file', undefined],
    ['[    3.1] systemd[1]: error: no such device', undefined],
    ['grub rescue> ', 'grub-prompt'],
    ['grub> ', 'grub-prompt'],
    ['[    0.1] Command line: root=/dev/vda init=/sbin/init panic=-1', undefined],
  ])('%s', (line, id) => {
    expect(matchConsole(line)?.pattern.id).toBe(id);
  });

  test("a headline carries the line's own words", () => {
    const line = '[    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)';
    expect(matchConsole(line)?.headline).toContain('unknown-block(0,0)');
  });

  test('slow guests are only warned about: soft lockups and hung tasks end no boot', () => {
    const warnings = CONSOLE_PATTERNS.filter((pattern) => !pattern.fatal).map((pattern) => pattern.id);
    expect(warnings).toEqual(expect.arrayContaining(['soft-lockup', 'hung-task', 'rcu-stall']));
  });

  test('every row has an id of its own, and every hint says what to do', () => {
    const ids = CONSOLE_PATTERNS.map((pattern) => pattern.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const pattern of CONSOLE_PATTERNS) expect(pattern.hint.length).toBeGreaterThan(20);
  });
});

describe('the steps of a boot', () => {
  const consoleOf = (file: string) =>
    readFileSync(path.join(fixtures, file), 'utf8')
      .split('\n')
      .map((text, index) => ({ index, atSec: index, text }));

  test('are all seen on the console of a healthy guest', () => {
    expect(stepsSeen(consoleOf('healthy-stock.log'))).toBe(
      'seen on the console: the first word on the console, the first process, systemd, the bridge docker0, ' +
        'Docker to run a container (drydock: ready)',
    );
  });

  test('end where a boot ended', () => {
    expect(stepsSeen(consoleOf('panic-no-root.log'))).toBe('seen on the console: the first word on the console');
    expect(stepsSeen([])).toBe('seen on the console: nothing');
  });
});

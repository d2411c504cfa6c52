import { describe, expect, test } from 'vitest';
import { formatDeltaRow, showDelta } from '../../src/bootlog/reading/deltas.ts';
import { attributeInitcalls, costliestInitcalls } from '../../src/bootlog/reading/initcalls.ts';
import { findMarkers } from '../../src/bootlog/reading/markers.ts';
import { bootMetrics } from '../../src/bootlog/reading/metrics.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { RNG_READY, checkPresence } from '../../src/bootlog/reading/presence.ts';
import { parseSpan, parseStartupFinished } from '../../src/bootlog/reading/startup.ts';
import { summarizeBootLog } from '../../src/bootlog/summary.ts';
import type { Boot, InitcallSpan } from '../../src/model/boots/bootlog.ts';
import { readFixture } from '../fixtures/bootlog/read-fixture.ts';

function bootOf(...lines: string[]): Boot {
  const boot = parseBootLog(lines.join('\n')).boots.at(-1);
  if (boot === undefined) throw new Error('no boot was found');
  return boot;
}

function golden(name: string): Boot {
  return bootOf(readFixture(name).text);
}

describe('show_delta', () => {
  const boot = bootOf('[    0.500000] NET4: one', '[    0.750000] two', '[    0.700000] three');

  test('sets every line against the one before it, the first against 0', () => {
    expect(showDelta(boot)?.map(({ deltaSec }) => deltaSec)).toEqual([0.5, 0.25, -0.05]);
  });

  test('sets every line against the first message that begins with the base', () => {
    expect(showDelta(boot, 'two')?.map(({ deltaSec }) => deltaSec)).toEqual([-0.25, 0, -0.05]);
    expect(showDelta(boot, 'wo')).toBeUndefined();
  });

  test('takes a number as base, 0 included', () => {
    expect(showDelta(boot, 0)?.map(({ deltaSec }) => deltaSec)).toEqual([0.5, 0.75, 0.7]);
  });

  test("prints what the kernel's script prints, and that can be read again", () => {
    const text = (showDelta(boot) ?? []).map(formatDeltaRow).join('\n');
    expect(text.split('\n')[1]).toBe('[0.750000 < 0.250000 >] two');
    expect(bootOf(text).lines.map(({ deltaSec }) => deltaSec)).toEqual([0.5, 0.25, -0.05]);
  });
});

describe('initcalls', () => {
  const named = (spans: readonly InitcallSpan[]): unknown[] =>
    spans.map(({ name, usecs, selfUsecs, depth, parent }) => [
      name,
      usecs,
      selfUsecs,
      depth,
      parent === undefined ? '' : spans[parent]?.name,
    ]);

  test('hold the probes that ran inside them, and the cost of those comes off their own', () => {
    const { spans } = attributeInitcalls(
      bootOf(
        '[    0.000000] Linux version 6.1.0 x',
        '[    1.000000] calling  virtio_init+0x0/0x20 @ 1',
        '[    1.003000] probe of virtio0 returned 0 after 1000 usecs',
        '[    1.009000] probe of 0000:00:01.0 returned 0 after 8000 usecs',
        '[    1.010000] initcall virtio_init+0x0/0x20 returned 0 after 10000 usecs',
        '[    1.020000] probe of late returned -517 after 15000 usecs',
      ),
    );
    expect(named(spans)).toEqual([
      ['virtio_init', 10000, 2000, 0, ''],
      ['0000:00:01.0', 8000, 7000, 1, 'virtio_init'],
      ['virtio0', 1000, 1000, 2, '0000:00:01.0'],
      ['late', 15000, 15000, 0, ''],
    ]);
    expect(spans.at(-1)?.returned).toBe(-517);
  });

  test('of another task stand beside those of the first, async functions and modules included', () => {
    const { spans, unfinished } = attributeInitcalls(
      bootOf(
        '[    0.000000] Linux version 4.19.0 x',
        '[    1.000000] calling  ata_init+0x0/0x20 @ 1',
        '[    1.100000] calling  1_async_port_probe+0x0/0x40 @ 35',
        '[    1.200000] calling  floppy_module_init+0x0/0x1000 [floppy] @ 156',
        '[    1.300000] initcall ata_init+0x0/0x20 returned 0 after 1000 usecs',
        '[    1.400000] initcall 1_async_port_probe+0x0/0x40 returned 0 after 2000 usecs',
        '[    1.500000] calling  never_back+0x0/0x20 @ 1',
      ),
    );
    expect(spans.map(({ kind, name, pid, depth }) => [kind, name, pid, depth])).toEqual([
      ['initcall', 'ata_init', 1, 0],
      ['async', 'async_port_probe', 35, 0],
    ]);
    expect(unfinished.map(({ name, pid }) => [name, pid])).toEqual([
      ['floppy_module_init', 156],
      ['never_back', 1],
    ]);
  });

  test('with a caller stamp give a probe to the task that ran it', () => {
    const { spans } = attributeInitcalls(
      bootOf(
        '[    0.000000][    T0] Linux version 6.1.0 x',
        '[    1.000000][    T1] calling  a_init+0x0/0x20 @ 1',
        '[    1.001000][    T9] calling  b_init+0x0/0x20 [b] @ 9',
        '[    1.005000][    T1] probe of dev returned 0 after 100 usecs',
        '[    1.006000][    T9] initcall b_init+0x0/0x20 [b] returned 0 after 5000 usecs',
        '[    1.007000][    T1] initcall a_init+0x0/0x20 returned 0 after 7000 usecs',
      ),
    );
    expect(named(spans)).toEqual([
      ['a_init', 7000, 6900, 0, ''],
      ['b_init', 5000, 5000, 0, ''],
      ['dev', 100, 100, 1, 'a_init'],
    ]);
  });

  for (const [release, factor] of [
    ['3.10.0-514.el7.x86_64', 1.024],
    ['4.10.17', 1.024],
    ['5.17.15', 1.024],
    ['5.18.0', 1],
    ['6.1.0-49-amd64', 1],
  ] as const) {
    test(`of ${release} are ${factor === 1 ? 'taken as stated' : 'corrected for the shift by 10 bits'}`, () => {
      const report = attributeInitcalls(
        bootOf(
          `[    0.000000] Linux version ${release} x`,
          '[    2.000000] initcall a+0x0/0x2 returned 0 after 1000 usecs',
          '[    2.100000] probe of b returned 0 after 1000 usecs',
        ),
      );
      expect(report.corrected).toBe(factor !== 1);
      expect(report.spans.map(({ name, usecs }) => [name, usecs])).toEqual([
        ['a', 1000 * factor],
        ['b', 1000],
      ]);
    });
  }

  test('of a real 6.1 boot all return, and their own costs add up to no more than the boot took', () => {
    const boot = golden('debian-12-tcg-initcall-debug.log');
    const report = attributeInitcalls(boot);
    expect(report.spans.filter(({ kind }) => kind === 'initcall')).toHaveLength(677);
    expect(report.spans.filter(({ kind }) => kind === 'probe')).toHaveLength(19);
    expect(report.unfinished).toEqual([]);
    expect(costliestInitcalls(report, 2).map(({ name, selfUsecs }) => [name, selfUsecs])).toEqual([
      ['crypto_kdf108_init', 3448064],
      ['serio1', 769147],
    ]);
    const bootTask = report.spans.filter(({ pid, kind }) => pid === 1 && kind === 'initcall');
    const total = bootTask.reduce((sum, { selfUsecs }) => sum + selfUsecs, 0) / 1e6;
    expect(total).toBeLessThan(findMarkers(boot)['initmem-freed']?.atSec ?? 0);
    for (const { parent, startSec, depth } of report.spans) {
      const outer = parent === undefined ? undefined : report.spans[parent];
      expect(depth).toBe(outer === undefined ? 0 : outer.depth + 1);
      if (outer !== undefined) expect(startSec).toBeGreaterThan(outer.startSec - 0.005);
    }
  });
});

describe('markers', () => {
  test("take the root's own systemd after an initrd that says it switches root", () => {
    const boot = bootOf(
      '[    1.000000] Run /init as init process',
      '[    1.500000] systemd[1]: systemd 252 running in system mode (+PAM)',
      '[    1.600000] systemd[1]: Running in initrd.',
      '[    4.000000] systemd[1]: Switching root.',
      '[    5.000000] systemd[1]: systemd 252 running in system mode (+PAM)',
    );
    expect(findMarkers(boot)['systemd-start']?.atSec).toBe(4);
  });

  test('take the second introduction where nothing else tells of the hand-over', () => {
    const boot = bootOf(
      '[    1.500000] systemd[1]: systemd 252 running in system mode (+PAM)',
      '[    5.000000] systemd[1]: systemd 252 running in system mode (+PAM)',
    );
    expect(findMarkers(boot)['systemd-start']?.atSec).toBe(5);
  });

  test("find no systemd-start where only the initrd's systemd spoke", () => {
    const boot = bootOf(
      '[    1.500000] systemd[1]: systemd 252 running in system mode (+PAM)',
      '[    1.600000] systemd[1]: Running in initrd.',
    );
    expect(findMarkers(boot)['systemd-start']).toBeUndefined();
  });

  test('are not fooled by a restart of systemd after the boot, or by its name in a command line', () => {
    const boot = bootOf(
      '[    0.000000] Command line: systemd[1]: Startup finished in never',
      '[    1.000000] Run /sbin/init as init process',
      '[    1.500000] systemd[1]: systemd 252 running in system mode (+PAM)',
      '[    9.000000] systemd[1]: Startup finished in 1s (kernel) + 8s (userspace) = 9s.',
      '[   50.000000] systemd[1]: systemd 252 running in system mode (+PAM)',
      '[   60.000000] systemd-journald[200]: Received SIGTERM from PID 1 (systemd-shutdow).',
    );
    expect(findMarkers(boot)).toMatchObject({ 'systemd-start': { atSec: 1.5 }, 'startup-finished': { atSec: 9 } });
  });

  test("prefer drydock's own mark for docker0 to the kernel's earlier line", () => {
    const boot = bootOf(
      '[    1.000000] IPv6: ADDRCONF(NETDEV_UP): docker0: link is not ready',
      '[    2.000000] drydock: docker0 up',
    );
    expect(findMarkers(boot)['docker0-up']?.atSec).toBe(2);
  });

  test('that are missing yield no metric, and a boot without an initrd has no initrd phase', () => {
    const boot = bootOf(
      '[    1.000000] Run /sbin/init as init process',
      '[    2.000000] systemd[1]: Inserted module x',
      '[    3.000000] drydock: modules begin',
    );
    expect(bootMetrics(findMarkers(boot))).toEqual({});
  });

  /** Put together from the messages of 6.1's init/initramfs.c, do_mounts_rd.c, do_mounts.c and do_mounts_initrd.c; no log of a boot. */
  const OLD_INITRD = [
    '[    0.100000] Trying to unpack rootfs image as initramfs...',
    '[    0.110000] rootfs image is not initramfs (junk within compressed archive); looks like an initrd',
    '[    0.120000] Freeing initrd memory: 1112K',
    '[    0.500000] RAMDISK: gzip image found at block 0',
    '[    0.600000] VFS: Mounted root (ext2 filesystem) readonly on device 1:0.',
    '[    0.700000] drydock: initrd start',
    '[    0.900000] VFS: Mounted root (ext4 filesystem) readonly on device 254:0.',
    '[    0.900000] Trying to move old root to /initrd ... ',
    '[    0.910000] Freeing unused kernel image (initmem) memory: 600K',
    '[    0.920000] Run /sbin/init as init process',
    '[    1.500000] systemd[1]: systemd 252 running in system mode',
  ] as const;

  test('of an old-style initrd lie before init, whose start is then the root’s own', () => {
    const { markers, phases, metrics, warnings } = summarizeBootLog(OLD_INITRD.join('\n'));
    expect(markers['initrd-mounted']?.atSec).toBe(0.6);
    expect(markers['initrd-left']?.atSec).toBe(0.9);
    expect(phases.map(({ name, startSec }) => [name, startSec])).toEqual([
      ['firmware tables', 0.1],
      ['RAM disk', 0.5],
      ['initrd', 0.6],
      ['leaving the initrd', 0.9],
      ['freeing init memory', 0.91],
      ['systemd', 0.92],
    ]);
    expect(metrics).toEqual({ kernel_init: 0.91, initrd_release: 0.01 });
    expect(warnings.join('\n')).toContain('ran its /linuxrc (0.300 s, with mounting the root) before it freed');
  });

  test('of a RAM disk that the kernel does not leave again are none: it is the root itself', () => {
    const boot = bootOf(...OLD_INITRD.filter((line) => !/drydock|254:0|old root/.test(line)));
    const markers = findMarkers(boot);
    expect(markers['initrd-mounted']).toBeUndefined();
    expect(markers['initrd-left']).toBeUndefined();
  });
});

describe('presence checks', () => {
  test('count lines of any pattern, flags or not, and show the first', () => {
    const boot = bootOf(
      '[    0.000000] Command line: usb=off',
      '[    1.000000] usb 1-1: new device',
      '[    2.000000] usb 1-2: new device',
    );
    const [found] = checkPresence(boot, [{ id: 'usb', title: 'USB', pattern: /usb/g }]);
    expect(found).toEqual({
      id: 'usb',
      title: 'USB',
      lines: 2,
      first: { line: 2, atSec: 1, message: 'usb 1-1: new device' },
    });
  });

  for (const message of ['nonblocking pool is initialized', 'crng init done', 'fast init done']) {
    test(`find the random pool ready by "${message}"`, () => {
      expect(checkPresence(bootOf(`[    1.000000] random: ${message}`), [RNG_READY])[0]?.first?.atSec).toBe(1);
    });
  }
});

describe("systemd's own account", () => {
  test('is read with every field, in every unit', () => {
    const line =
      'systemd[1]: Startup finished in 1.5s (firmware) + 512ms (loader) + 900ms (kernel) + 2.900s (initrd) + 1min 14.700s (userspace) = 1min 20.512s.';
    expect(parseStartupFinished(line)).toEqual({
      firmwareSec: 1.5,
      loaderSec: 0.512,
      kernelSec: 0.9,
      initrdSec: 2.9,
      userspaceSec: 74.7,
      totalSec: 80.512,
    });
  });

  test('is read from systemd-analyze, whose text goes on', () => {
    const text =
      'Startup finished in 2.2s (kernel) + 31.3s (userspace) = 33.5s \ngraphical.target reached after 31.2s in userspace.\n';
    expect(parseStartupFinished(text)).toEqual({ kernelSec: 2.2, userspaceSec: 31.3, totalSec: 33.5 });
  });

  test('is nothing else', () => {
    expect(parseStartupFinished('systemd[1]: Started Foo.')).toBeUndefined();
    expect(parseSpan('soon')).toBeUndefined();
  });
});

describe('the summary of a log', () => {
  test('takes the last boot and says so', () => {
    const summary = summarizeBootLog(readFixture('two-boots.log').text);
    expect(summary.metrics).toEqual({ kernel_init: 0.1 });
    expect(summary.warnings).toEqual([expect.stringContaining('holds 2 boots'), 'the last of 2 boots is summarised']);
  });

  test('of a text without stamps is empty but for the warning', () => {
    const summary = summarizeBootLog('hello\n');
    expect(summary).toMatchObject({ markers: {}, phases: [], costliest: [], metrics: {} });
    expect(summary.warnings).toHaveLength(1);
  });

  test('of a real boot has phases that share their ends', () => {
    const { phases } = summarizeBootLog(readFixture('debian-12-tcg-systemd.log').text);
    expect(phases.map(({ name }) => name)).toEqual([
      'firmware tables',
      'early init',
      'PCI and drivers',
      'freeing init memory',
      'initrd',
      'systemd',
    ]);
    for (const [index, { startSec }] of phases.entries())
      if (index > 0) expect(startSec).toBe(phases[index - 1]?.endSec);
  });
});

import { describe, expect, test } from 'vitest';
import { attributeInitcalls } from '../../src/bootlog/reading/initcalls.ts';
import { findMarkers } from '../../src/bootlog/reading/markers.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { RNG_READY, checkPresence } from '../../src/bootlog/reading/presence.ts';
import { parseStartupFinished } from '../../src/bootlog/reading/startup.ts';
import type { MarkerId } from '../../src/model/boots/boot.ts';
import type { Boot, BootLog } from '../../src/model/boots/bootlog.ts';
import { readFixture, readFixtures } from '../fixtures/bootlog/read-fixture.ts';

/**
 * Every form that kernels from 3.10 to 6.x, consoles and init systems give the lines drydock reads: the row of the facts
 * about log lines, the form, the golden log that holds it, how it stands in that text, and what must be read from it.
 */
interface Form {
  readonly row: string;
  readonly form: string;
  readonly fixture: string;
  readonly stands: RegExp;
  readonly read: (boot: Boot, log: BootLog) => unknown;
  readonly expected: unknown;
}

const at = (id: MarkerId) => (boot: Boot) => findMarkers(boot)[id]?.text;
const rng = (boot: Boot): string | undefined => checkPresence(boot, [RNG_READY])[0]?.first?.message;
const startup = (boot: Boot): string[] => Object.keys(parseStartupFinished(at('startup-finished')(boot) ?? '') ?? {});
const span = (name: string) => (boot: Boot) => {
  const found = attributeInitcalls(boot).spans.find((one) => one.name === name);
  return found === undefined ? undefined : [found.kind, found.module ?? 'built in', found.returned];
};
const messageOf = (line: number) => (boot: Boot) =>
  boot.lines.filter((one) => one.line === line).map((one) => one.message);
const warnings = (_boot: Boot, log: BootLog): string =>
  [...log.warnings, ...log.boots.flatMap((one) => one.warnings)].join('; ');

const FORMS: readonly Form[] = [
  // prefix
  {
    row: 'prefix',
    form: '[%5lu.%06lu]',
    fixture: 'linux-4.10-three-frees.log',
    stands: /^\[ {4}0\.818967\] /m,
    read: (boot) => findMarkers(boot)['initmem-freed']?.atSec,
    expected: 0.818967,
  },
  {
    row: 'prefix',
    form: 'PRINTK_CALLER of a task',
    fixture: 'linux-4.19-caller.log',
    stands: /\]\[ {4}T7\] /,
    read: (boot) => boot.lines[3]?.caller,
    expected: 'T7',
  },
  {
    row: 'prefix',
    form: 'PRINTK_CALLER of an interrupt',
    fixture: 'linux-4.19-caller.log',
    stands: /\]\[ {4}C0\] /,
    read: (boot) => boot.lines.at(-1)?.caller,
    expected: 'C0',
  },
  {
    row: 'prefix',
    form: '<N> level',
    fixture: 'linux-4.19-caller.log',
    stands: /^<5>\[/m,
    read: (boot) => boot.lines[0]?.level,
    expected: 5,
  },
  {
    row: 'prefix',
    form: '<N> level with a facility',
    fixture: 'linux-4.19-caller.log',
    stands: /^<30>\[/m,
    read: (boot) => boot.lines[8]?.level,
    expected: 6,
  },
  // initcalls and probes
  {
    row: 'initcall',
    form: 'built in, 3.10 to 5.17 over 1024',
    fixture: 'linux-3.10-syslog.log',
    stands: /after 1000 usecs/,
    read: (boot) => attributeInitcalls(boot).spans.map(({ usecs }) => usecs),
    expected: [1024],
  },
  {
    row: 'initcall',
    form: 'of a module',
    fixture: 'linux-4.14-initcalls.log',
    stands: /calling {2}loop_init\+0x0\/0x1000 \[loop\] @ 91/,
    read: span('loop_init'),
    expected: ['initcall', 'loop', 0],
  },
  {
    row: 'initcall',
    form: 'with a negative return',
    fixture: 'linux-4.14-initcalls.log',
    stands: /returned -19 after 0 usecs/,
    read: span('pcc_init'),
    expected: ['initcall', 'built in', -19],
  },
  {
    row: 'initcall',
    form: 'async function',
    fixture: 'linux-4.14-initcalls.log',
    stands: /calling {2}1_async_port_probe/,
    read: span('async_port_probe'),
    expected: ['async', 'libata', 0],
  },
  {
    row: 'initcall',
    form: 'exact since 5.18',
    fixture: 'debian-12-tcg-initcall-debug.log',
    stands: /^\[.*initcall .* usecs$/m,
    read: (boot) => attributeInitcalls(boot).corrected,
    expected: false,
  },
  {
    row: 'probe',
    form: '6.1',
    fixture: 'debian-12-tcg-initcall-debug.log',
    stands: /probe of serio1 returned \d+ after \d+ usecs/,
    read: (boot) => attributeInitcalls(boot).spans.filter(({ kind }) => kind === 'probe').length,
    expected: 19,
  },
  // init memory
  {
    row: 'initmem freed',
    form: '3.10: 1620k freed',
    fixture: 'linux-3.10-syslog.log',
    stands: /memory: 1620k freed$/m,
    read: at('initmem-freed'),
    expected: 'Freeing unused kernel memory: 1620k freed',
  },
  {
    row: 'initmem freed',
    form: '3.11 to 4.9: a range',
    fixture: 'linux-3.16-range.log',
    stands: /kernel memory: 1476K \(ffff\w+ - ffff\w+\)$/m,
    read: at('initmem-freed'),
    expected: 'Freeing unused kernel memory: 1476K (ffffffff818f5000 - ffffffff81a66000)',
  },
  {
    row: 'initmem freed',
    form: '4.10: three alike, the first counts',
    fixture: 'linux-4.10-three-frees.log',
    stands: /(?:[^]*kernel memory: \d+K\n){3}/,
    read: at('initmem-freed'),
    expected: 'Freeing unused kernel memory: 1609K',
  },
  {
    row: 'initmem freed',
    form: '4.19 to 5.4: kernel image memory',
    fixture: 'linux-4.19-caller.log',
    stands: /kernel image memory: 2408K$/m,
    read: at('initmem-freed'),
    expected: 'Freeing unused kernel image memory: 2408K',
  },
  {
    row: 'initmem freed',
    form: '5.5 and later: (initmem), then the gaps',
    fixture: 'linux-5.15-efi-dracut.log',
    stands: /\(initmem\)[^]*\(text\/rodata gap\)[^]*\(rodata\/data gap\)/,
    read: at('initmem-freed'),
    expected: 'Freeing unused kernel image (initmem) memory: 3336K',
  },
  // initrd
  {
    row: 'initrd freed',
    form: '3.10: 19784k freed',
    fixture: 'linux-3.10-syslog.log',
    stands: /initrd memory: 19784k freed$/m,
    read: at('initrd-freed'),
    expected: 'Freeing initrd memory: 19784k freed',
  },
  {
    row: 'initrd freed',
    form: '3.11 to 4.9: a range',
    fixture: 'linux-3.16-range.log',
    stands: /initrd memory: 15308K \(ffff/,
    read: at('initrd-freed'),
    expected: 'Freeing initrd memory: 15308K (ffff880036081000 - ffff880036f74000)',
  },
  {
    row: 'initrd freed',
    form: '4.10 and later: the size',
    fixture: 'linux-4.10-three-frees.log',
    stands: /initrd memory: 19836K$/m,
    read: at('initrd-freed'),
    expected: 'Freeing initrd memory: 19836K',
  },
  {
    row: 'unpack',
    form: 'with BLK_DEV_RAM',
    fixture: 'linux-4.10-three-frees.log',
    stands: /Trying to unpack/,
    read: at('initrd-unpack'),
    expected: 'Trying to unpack rootfs image as initramfs...',
  },
  {
    row: 'unpack',
    form: 'without BLK_DEV_RAM',
    fixture: 'linux-5.15-efi-dracut.log',
    stands: /Unpacking initramfs/,
    read: at('initrd-unpack'),
    expected: 'Unpacking initramfs...',
  },
  {
    row: 'init exec',
    form: 'none to 4.17',
    fixture: 'linux-4.10-three-frees.log',
    stands: /^(?![^]*as init process)/,
    read: at('init-exec'),
    expected: undefined,
  },
  {
    row: 'init exec',
    form: 'later',
    fixture: 'linux-4.19-caller.log',
    stands: /Run \/init/,
    read: at('init-exec'),
    expected: 'Run /init as init process',
  },
  // RNG
  {
    row: 'RNG',
    form: 'nonblocking pool',
    fixture: 'linux-3.10-syslog.log',
    stands: /nonblocking pool is initialized/,
    read: rng,
    expected: 'random: nonblocking pool is initialized',
  },
  {
    row: 'RNG',
    form: 'crng init done',
    fixture: 'linux-4.10-three-frees.log',
    stands: /crng init done/,
    read: rng,
    expected: 'random: crng init done',
  },
  {
    row: 'RNG',
    form: 'fast init done',
    fixture: 'linux-4.19-caller.log',
    stands: /random: fast init done/,
    read: rng,
    expected: 'random: fast init done',
  },
  {
    row: 'RNG',
    form: 'crng: fast init done',
    fixture: 'linux-5.15-efi-dracut.log',
    stands: /crng: fast init done/,
    read: rng,
    expected: 'random: crng: fast init done',
  },
  // systemd
  {
    row: 'systemd',
    form: 'all five spans, in ms, s and min',
    fixture: 'linux-5.15-efi-dracut.log',
    stands: /512ms \(loader\).*1min 12\.900s \(userspace\)/,
    read: startup,
    expected: ['firmwareSec', 'loaderSec', 'kernelSec', 'initrdSec', 'userspaceSec', 'totalSec'].toSorted(),
  },
  {
    row: 'systemd',
    form: 'kernel, initrd and userspace',
    fixture: 'centos-7-dracut-ring.log',
    stands: /900ms \(kernel\) \+ 2\.900s \(initrd\)/,
    read: startup,
    expected: ['kernelSec', 'initrdSec', 'userspaceSec', 'totalSec'].toSorted(),
  },
  {
    row: 'systemd',
    form: 'a BusyBox initrd has no field',
    fixture: 'drydock-guest-debian.log',
    stands: /Startup finished in 2\.200s \(kernel\) \+ 31\.300s \(userspace\)/,
    read: startup,
    expected: ['kernelSec', 'userspaceSec', 'totalSec'].toSorted(),
  },
  // what a log does not say, or says twice
  {
    row: 'overflow',
    form: 'no version line',
    fixture: 'overflowed-ring-dropped.log',
    stands: /^\[ {3}20\./,
    read: warnings,
    expected: expect.stringContaining('no "Linux version" line: the log starts at 20.000000 s'),
  },
  {
    row: 'overflow',
    form: 'dropped on the console',
    fixture: 'overflowed-ring-dropped.log',
    stands: /\*\* 7 printk messages dropped \*\*/,
    read: warnings,
    expected: expect.stringContaining('7 printk message(s) never reached the console'),
  },
  {
    row: 'overflow',
    form: 'missed by the journal',
    fixture: 'overflowed-ring-dropped.log',
    stands: /Missed 12 kernel messages/,
    read: warnings,
    expected: expect.stringContaining('missed 12'),
  },
  {
    row: 'clock',
    form: 'lines before it read 0.000000',
    fixture: 'debian-12-tcg-systemd.log',
    stands: /^\[ {4}0\.000000\] .*\r?\n\[ {4}0\.000000\] /m,
    read: (boot) => boot.lines.slice(0, 20).every(({ atSec, deltaSec }) => atSec === 0 && deltaSec === 0),
    expected: true,
  },
  {
    row: 'clock',
    form: 'a late start is told',
    fixture: 'debian-12-tcg-systemd.log',
    stands: /Fast TSC calibration failed/,
    read: warnings,
    expected: expect.stringContaining('starts late'),
  },
  {
    row: 'clock',
    form: 'restarts with the next boot',
    fixture: 'two-boots.log',
    stands: /Restarting system[^]*Linux version/,
    read: (_boot, log) => log.boots.length,
    expected: 2,
  },
  {
    row: 'console',
    form: 'CR LF',
    fixture: 'linux-5.10-crlf-serial.log',
    stands: /\r\n/,
    read: (boot) => boot.lines.filter(({ message }) => message.includes('\r')),
    expected: [],
  },
  {
    row: 'console',
    form: 'two printks in one line',
    fixture: 'split-lines.log',
    stands: /0xc080-\[ {4}1\.000500\]/,
    read: messageOf(3),
    expected: ['pci 0000:00:1f.2: reg 0x10: [io  0xc080-', 'ACPI: bus type USB registered'],
  },
  {
    row: 'console',
    form: 'two printks in one line, with levels',
    fixture: 'split-lines.log',
    stands: /a<6>\[/,
    read: (boot) => boot.lines.slice(-3).map(({ level, message }) => [level, message]),
    expected: [
      [6, 'a'],
      [6, 'b'],
      [4, 'c'],
    ],
  },
  {
    row: 'console',
    form: "a program's line that the kernel cut",
    fixture: 'split-lines.log',
    stands: /Started Jour\[[^]*nal Service/,
    read: (_boot, log) => log.other.map(({ text }) => text).filter((text) => /Jour|nal/.test(text)),
    expected: ['[  OK  ] Started Jour', 'nal Service.'],
  },
  {
    row: 'console',
    form: 'a carriage return in mid-line',
    fixture: 'split-lines.log',
    stands: /ramdisk \.\.\.\r\[/,
    read: (boot) => boot.lines[0]?.line,
    expected: 1,
  },
];

describe('every form of a log line that is known', () => {
  for (const { row, form, fixture, stands, read, expected } of FORMS) {
    test(`is read from a golden log: ${row}, ${form}`, () => {
      const { text } = readFixture(fixture);
      expect(stands.test(text)).toBe(true);
      const log = parseBootLog(text);
      const boot = log.boots.at(-1);
      if (boot === undefined) throw new Error('no boot was found');
      const found = read(boot, log);
      expect(Array.isArray(found) && row === 'systemd' ? found.toSorted() : found).toEqual(expected);
    });
  }

  test('stands for its row: none of the table is without a golden log', () => {
    const rows = [
      'prefix',
      'initcall',
      'probe',
      'initmem freed',
      'initrd freed',
      'unpack',
      'init exec',
      'RNG',
      'systemd',
    ];
    expect([...new Set(FORMS.map(({ row }) => row))]).toEqual(
      expect.arrayContaining([...rows, 'overflow', 'clock', 'console']),
    );
    const known = new Set(readFixtures().map(({ name }) => name));
    expect(FORMS.filter(({ fixture }) => !known.has(fixture))).toEqual([]);
  });
});

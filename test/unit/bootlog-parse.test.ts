import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import type { BootLine } from '../../src/model/boots/bootlog.ts';

function linesOf(text: string): readonly BootLine[] {
  return parseBootLog(text).boots.flatMap(({ lines }) => lines);
}

function stamp(atSec: number): string {
  return `[${atSec.toFixed(6).padStart(12)}]`;
}

describe('stamps', () => {
  /** One line in every form a tool writes it: what stands before the message, and what is read from that. */
  const forms: readonly [tool: string, prefix: string, expected: Partial<BootLine>][] = [
    ['dmesg', '[    1.234567] ', { atSec: 1.234567 }],
    ['dmesg after eleven days', '[1000000.234567] ', { atSec: 1000000.234567 }],
    ['dmesg --raw', '<6>[    1.234567] ', { atSec: 1.234567, level: 6 }],
    ['/dev/kmsg by a daemon (facility 3)', '<30>[    1.234567] ', { atSec: 1.234567, level: 6 }],
    ['PRINTK_CALLER in a task', '[    1.234567][    T1] ', { atSec: 1.234567, caller: 'T1' }],
    ['PRINTK_CALLER in an interrupt', '<4>[    1.234567][   C13] ', { atSec: 1.234567, caller: 'C13', level: 4 }],
    ['scripts/show_delta', '[1.234567 < 0.500000 >] ', { atSec: 1.234567, deltaSec: 0.5 }],
    ['dmesg -d', '[    1.234567 <    0.500000>] ', { atSec: 1.234567, deltaSec: 0.5 }],
    ['dmesg -x', 'kern  :warn  : [    1.234567] ', { atSec: 1.234567, level: 4 }],
    ['/dev/kmsg', '4,339,1234567,-;', { atSec: 1.234567, level: 4 }],
    ['grabserial', '[12.500000 0.000100] [    1.234567] ', { atSec: 1.234567, hostSec: 12.5 }],
    ['rsyslog', 'May 11 01:58:10 host kernel: [    1.234567] ', { atSec: 1.234567 }],
    ['rsyslog, one-digit day', 'May  1 01:58:10 host kernel: [    1.234567] ', { atSec: 1.234567 }],
    ['rsyslog, RFC 3339', '2017-05-11T01:58:10.123456+08:00 host kernel: [    1.234567] ', { atSec: 1.234567 }],
    ['journalctl short-monotonic', '[    1.234567] host kernel: ', { atSec: 1.234567 }],
    // From here on the clock is the journal's: it counts from the first line.
    ['journalctl short', 'May 11 01:58:10 host kernel: ', { atSec: 0 }],
    ['journalctl short-precise', 'May 11 01:58:10.590000 host kernel: ', { atSec: 0 }],
    ['journalctl short-full', 'Thu 2017-05-11 01:58:10 CST host kernel: ', { atSec: 0 }],
    ['journalctl short-unix', '1494493048.590000 host kernel: ', { atSec: 0 }],
    ['dmesg -T', '[Thu May 11 01:58:10 2017] ', { atSec: 0 }],
    ['dmesg --time-format=iso', '2017-05-11T01:58:10,590000+08:00 ', { atSec: 0 }],
  ];

  for (const [tool, prefix, expected] of forms) {
    test(`of ${tool} come off the message`, () => {
      const line = linesOf(`${prefix}loop: module loaded\n`)[0];
      expect(line).toMatchObject({ line: 1, deltaSec: 0, message: 'loop: module loaded', ...expected });
      expect(line?.raw).toBe(`${prefix}loop: module loaded`);
    });
  }

  test('of a journal turn into seconds since the first line, across midnight and month', () => {
    const lines = linesOf('May 31 23:59:58.5 h kernel: one\nJun  1 00:00:01.75 h systemd[1]: two\n');
    expect(lines.map(({ atSec, message }) => [atSec, message])).toEqual([
      [0, 'one'],
      [3.25, 'systemd[1]: two'],
    ]);
  });

  test("of dmesg's relative form add up", () => {
    const lines = linesOf('[May11 01:58] one\n[  +0.500000] two\n[  +0,250000] three\n');
    expect(lines.map(({ atSec, deltaSec }) => [atSec, deltaSec])).toEqual([
      [0, 0],
      [0.5, 0.5],
      [0.75, 0.25],
    ]);
  });

  test('of grabserial are the clock where the kernel prints none', () => {
    const { boots } = parseBootLog(
      '[0.500000 0.500000] Linux version 4.10.11 x\n[1.750000 1.250000] Run /init as init process\n',
    );
    expect(boots[0]?.clock).toBe('host');
    expect(boots[0]?.lines.map(({ atSec }) => atSec)).toEqual([0, 1.25]);
  });

  test('of kernel lines win over the wall clock, and a daemon without one is kept apart', () => {
    const log = parseBootLog(
      'May 11 01:58:10 h kernel: [    0.100000] one\nMay 11 01:58:11 h sshd[77]: Server listening\nMay 11 01:58:12 h kernel: [    0.200000] two\n',
    );
    expect(log.boots[0]?.lines.map(({ message, deltaSec }) => [message, deltaSec])).toEqual([
      ['one', 0],
      ['two', 0.1],
    ]);
    expect(log.other).toEqual([{ line: 2, text: 'May 11 01:58:11 h sshd[77]: Server listening' }]);
  });
});

describe('lines of a console', () => {
  test('are cut where a second printk began in mid-line, and both keep the line number', () => {
    const lines = linesOf('[    1.000000] foo[    1.100000] bar\n[ 1.2] a[ 1.3] b\n');
    expect(lines.map(({ line, atSec, message }) => [line, atSec, message])).toEqual([
      [1, 1, 'foo'],
      [1, 1.1, 'bar'],
      [2, 1.2, 'a'],
      [2, 1.3, 'b'],
    ]);
  });

  test('are not cut at brackets that are part of the message', () => {
    const messages = [
      'BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable',
      'pci 0000:00:00.0: [8086:29c0] type 00 class 0x060000',
      'foo[1.5] bar',
      'pstore: last words were [  999.123456] Kernel panic',
      'node   0: [    0.5 GB] x',
    ];
    const lines = linesOf(messages.map((message, index) => `${stamp(index)} ${message}\n`).join(''));
    expect(lines.map(({ message }) => message)).toEqual(messages);
  });

  test('lose escapes and carriage returns but not their tabs', () => {
    const lines = linesOf('\x1b[2J\x1b[0;32m[    1.000000] \x1b]0;title\x07a\tb\x1b[0m\x00\r\r\n');
    expect(lines[0]?.message).toBe('a\tb');
  });

  test('start anew at a carriage return in mid-line', () => {
    const log = parseBootLog('Loading...\r[    0.000000] Linux version 6.1.0 x\r\n');
    expect(log.other.map(({ text }) => text)).toEqual(['Loading...']);
    expect(log.boots[0]?.kernelRelease).toBe('6.1.0');
  });
});

describe('the clock of a boot', () => {
  test('charges a line the time since the latest stamp before it', () => {
    const lines = linesOf('[    1.000000] a\n[    3.000000] b\n[    2.500000] late cpu\n[    3.250000] c\n');
    expect(lines.map(({ deltaSec }) => deltaSec)).toEqual([0, 2, 0, 0.25]);
  });

  test('says how far another CPU lags', () => {
    const [boot] = parseBootLog('[    0.000000] Linux version 6.1.0 x\n[    0.900000] b\n[    0.400000] late\n').boots;
    expect(boot?.warnings).toEqual([expect.stringContaining('by up to 0.500000 s')]);
  });

  test('restarts at a version line, or where it falls and stays low', () => {
    expect(parseBootLog('[    0.000000] Linux version 5 a\n[    0.000000] Linux version 5 a\n').boots).toHaveLength(2);
    const fall = Array.from({ length: 20 }, (_, index) => `${stamp(index / 1000)} x`).join('\n');
    expect(parseBootLog(`[   50.000000] a\n${fall}\n`).boots).toHaveLength(2);
  });

  test("does not restart for a secondary CPU's few lines at 0", () => {
    const text =
      '[    1.500000] smp\n[    0.000000] kvm-clock: cpu 1\n[    0.000000] Disabled fast string\n[    1.600000] up\n';
    expect(parseBootLog(text).boots).toHaveLength(1);
  });

  test('keeps microcode lines before the version line in the same boot', () => {
    const text = '[    0.000000] microcode: updated early\n[    0.000000] Linux version 4.9 x\n[    0.100000] y\n';
    expect(parseBootLog(text).boots.map(({ lines }) => lines.length)).toEqual([3]);
  });
});

describe('a text', () => {
  test('without timestamps yields no boot, its lines, and a warning', () => {
    const log = parseBootLog('Linux version 6.1.0 x\nConsole: colour VGA+\n');
    expect(log.boots).toEqual([]);
    expect(log.other).toHaveLength(2);
    expect(log.warnings).toEqual([expect.stringContaining('no line carries a timestamp')]);
  });

  test('that is empty says so', () => {
    expect(parseBootLog('').warnings).toEqual(['the text is empty']);
  });

  test('of any kind is read without throwing, and no line is lost or doubled', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('\x00', '\t', '\x1b[', '\x1b]', 'é', '💥', '\u2028'),
      fc.constantFrom(
        '[    1.000000] ',
        '[    T1] ',
        '<6>',
        '\r',
        '\n',
        '\x1b[0m',
        'May 11 01:58:10 h kernel: ',
        '** 3 printk messages dropped **',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const log = parseBootLog(text);
        const numbers = new Set([...log.other, ...log.boots.flatMap(({ lines }) => lines)].map(({ line }) => line));
        const visible = text
          .split('\n')
          .flatMap((line, index) => (/[^\p{Cc}\x1b]/u.test(line.replace(/\x1b[^\n]*/g, '')) ? [index + 1] : []));
        expect(visible.filter((line) => !numbers.has(line))).toEqual([]);
        const odd = log.boots.flatMap(({ lines }) =>
          lines.filter(({ deltaSec, atSec }) => !(deltaSec >= 0 && atSec < Infinity)),
        );
        expect(odd).toEqual([]);
      }),
    );
  });

  test('printed and parsed again gives the stamps back to the microsecond', () => {
    const steps = fc.array(fc.tuple(fc.nat(5_000_000), fc.stringMatching(/^[a-z][a-z :]{0,20}[a-z]$/)), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(steps, (drawn) => {
        let usec = 0;
        const written = drawn.map(([step, message]) => ({ usec: (usec += step), message }));
        const text = written.map((line) => `${stamp(line.usec / 1e6)} ${line.message}\r\n`).join('');
        const lines = linesOf(text);
        expect(lines.map(({ atSec, message }) => ({ usec: Math.round(atSec * 1e6), message }))).toEqual(written);
        const total = lines.reduce((sum, { deltaSec }) => sum + deltaSec, 0);
        expect(total).toBeCloseTo((usec - (written[0]?.usec ?? 0)) / 1e6, 5);
      }),
    );
  });

  test('that is one endless line of brackets stays linear', () => {
    const from = process.cpuUsage();
    parseBootLog(`[    1.000000] ${'[ '.repeat(200_000)}`);
    parseBootLog('[    1'.repeat(200_000));
    parseBootLog(`[ ${' '.repeat(400_000)}`);
    expect(process.cpuUsage(from).user / 1000).toBeLessThan(1_000);
  });
});

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBootchart } from '../../src/bootlog/processes/bootchart.ts';
import { parseCollectorLog } from '../../src/bootlog/processes/collector-log.ts';
import { readProcessLog } from '../../src/bootlog/processes/read.ts';
import { parseSystemdBootchart } from '../../src/bootlog/processes/systemd-bootchart.ts';
import type { ProcessLog, ProcessSpan } from '../../src/model/boots/processes.ts';
import { runs } from '../support/properties.ts';

const fixture = (name: string): Uint8Array => readFileSync(new URL(`../fixtures/processes/${name}`, import.meta.url));
const collectorText = new TextDecoder().decode(fixture('collector.log'));

function named(log: ProcessLog, name: string): ProcessSpan {
  const found = log.processes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** What holds of every log, wherever it comes from. */
function expectSound(log: ProcessLog): void {
  // No clock of a log counts from before the machine's start, and none goes back.
  expect(log.startSec).toBeGreaterThanOrEqual(0);
  expect(log.endSec).toBeGreaterThanOrEqual(log.startSec);
  expect(log.endSec).toBeLessThan(Number.POSITIVE_INFINITY);
  let lastStartSec = 0;
  for (const span of log.processes) {
    expect(span.startSec).toBeGreaterThanOrEqual(lastStartSec);
    lastStartSec = span.startSec;
    expect(span.startSec).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(span.startErrorSec).toBeGreaterThanOrEqual(0);
    expect(span.endErrorSec ?? 0).toBeGreaterThanOrEqual(0);
    expect(span.endSec ?? span.startSec).toBeGreaterThanOrEqual(span.startSec);
    expect(span.cpuSec).toBeGreaterThanOrEqual(0);
    let busyUntilSec = span.startSec;
    for (const stretch of span.activity) {
      // A chart's coordinates are rounded to 10 µs.
      expect(stretch.startSec).toBeGreaterThanOrEqual(busyUntilSec - 2e-5);
      expect(stretch.endSec).toBeGreaterThan(stretch.startSec);
      expect(stretch.cpuShare).toBeGreaterThan(0);
      busyUntilSec = stretch.endSec;
    }
  }
  for (const { startSec, endSec, user, system, iowait } of log.cpu) {
    expect(endSec).toBeGreaterThanOrEqual(startSec);
    expect(Math.min(startSec, user, system, iowait)).toBeGreaterThanOrEqual(0);
    expect(user + system + iowait).toBeLessThanOrEqual(1 + 1e-9);
  }
  for (const { startSec, endSec, busy, readBytes, writeBytes } of log.disks) {
    expect(endSec).toBeGreaterThanOrEqual(startSec);
    expect(Math.min(startSec, busy, readBytes, writeBytes)).toBeGreaterThanOrEqual(0);
    expect(busy).toBeLessThanOrEqual(1);
  }
}

/** A number as a damaged log may have it. */
const oddNumber = fc.oneof(
  { weight: 4, arbitrary: fc.nat(60).map(String) },
  { weight: 4, arbitrary: fc.nat(4_000_000).map(String) },
  { weight: 1, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', '.', '1.2.3', '-0.5', 'nan', 'Infinity', '1e308', '9'.repeat(400)) },
);

describe("a log of drydock's collector, from a real boot through switch_root", () => {
  const log = parseCollectorLog(collectorText);

  test('is sound, whole and without a warning', () => {
    expectSound(log);
    expect(log).toMatchObject({ source: 'drydock', clock: 'monotonic', hasEvents: true, warnings: [] });
    expect(log.samples).toBe(collectorText.match(/^T /gm)?.length);
  });

  test('has the first process under its last name, and alive at the end', () => {
    const init = log.processes.find((one) => one.pid === 1);
    expect(init?.name).toBe('collected-init');
    expect(init?.endSec).toBeUndefined();
  });

  test('tells kernel threads from programs', () => {
    expect(named(log, 'kthreadd').isKernelThread).toBe(true);
    expect(named(log, 'insmod').isKernelThread).toBe(false);
  });

  test('gives each process the time its own records add up to', () => {
    for (const span of log.processes) {
      const ticks = [...collectorText.matchAll(new RegExp(`^S ${span.pid} \\S (\\d+)$`, 'gm'))];
      expect(span.cpuSec).toBeCloseTo(ticks.reduce((sum, [, one]) => sum + Number(one), 0) / 100, 6);
    }
  });

  test('counts the sectors of the disk since the start of the machine', () => {
    const read = [...collectorText.matchAll(/^D (\d+) \d+ \d+ vda$/gm)].reduce((sum, [, one]) => sum + Number(one), 0);
    expect(log.disks.reduce((sum, one) => sum + one.readBytes, 0)).toBe(read * 512);
  });

  test('says what the looking has cost', () => {
    expect(log.collectorCpuSec).toBeGreaterThan(0);
  });
});

describe('the records of the collector', () => {
  const HEAD = 'drydock-collector 1 hz 10 tick 100 cpus 1 pid 9 events 1\n';
  const read = (...records: readonly string[]): ProcessLog =>
    parseCollectorLog(`${HEAD}T 1000000 1000000\n${records.join('\n')}\n`);

  test('put an end that was sampled between two samples, and one that was an event at its instant', () => {
    const log = read(
      'P 20 1 90 0 sampled',
      'S 20 S 5',
      'f 1010000 30 20',
      'e 1011000 30',
      'P 30 20 101 0 exact',
      'x 1050000 30 0',
      'T 1100000 1100000',
      'G 20',
      'E stop',
    );
    expect(named(log, 'sampled')).toMatchObject({ startSec: 0.9, startErrorSec: 0.01, endSec: 1.1, endErrorSec: 0.1 });
    expect(named(log, 'exact')).toMatchObject({
      ppid: 20,
      startSec: 1.01,
      startErrorSec: 0,
      endSec: 1.05,
      endErrorSec: 0,
    });
    expect(log.warnings).toEqual([]);
  });

  test('name a process that nobody saw after its parent', () => {
    const log = read('P 20 1 90 0 make', 'f 1010000 30 20', 'x 1012000 30 0', 'E stop');
    expect(log.processes.map((one) => one.name)).toEqual(['make', '(make)']);
  });

  test('keep two processes of one pid apart', () => {
    const log = read('P 20 1 90 0 first', 'T 1100000 1100000', 'P 20 1 105 0 second (of 2)', 'E stop');
    expect(log.processes.map((one) => [one.name, one.endSec])).toEqual([
      ['first', 1.1],
      ['second (of 2)', undefined],
    ]);
  });

  test('take a suspended machine off the starts, which are counted on the other clock', () => {
    const text = `${HEAD}T 1000000 61000000\nP 20 1 6050 0 late\nE stop\n`;
    expect(named(parseCollectorLog(text), 'late').startSec).toBe(0.5);
  });

  test.each([
    ['without an end', [], /log has no end/],
    ['at the limit of time', ['E time'], /limit of time at 1\.00 s/],
    ['by a signal', ['E term'], /ended by a signal/],
    ['with lost events', ['L', 'L', 'E stop'], /dropped process events 2 times/],
    ['with a full table', ['W', 'E stop'], /more processes than/],
    ['with a line that is none', ['P one two', 'E stop'], /1 lines .* could not be read/],
    [
      'with a gap',
      [
        'T 1100000 1100000',
        'T 1200000 1200000',
        'T 1300000 1300000',
        'T 1400000 1400000',
        'T 1500000 1500000',
        'T 1600000 1600000',
        'T 4000000 4000000',
        'E stop',
      ],
      /No sample was taken for 2\.40 s after 1\.60 s/,
    ],
  ])('that end %s are said to', (_what, records, warning) => {
    expect(read(...records).warnings).toEqual([expect.stringMatching(warning)]);
  });

  test('cut off anywhere are read as far as they go, and said to be cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: HEAD.length, max: collectorText.length - 10 }), (length) => {
        const log = parseCollectorLog(collectorText.slice(0, length));
        expectSound(log);
        expect(log.warnings.join()).toContain('has no end');
      }),
      { numRuns: runs(50) },
    );
  });

  test('place no process before the start of the kernel, however long the machine slept', () => {
    expect(read('T 1000000 1100000', 'P 0 0 0 0').processes.map(({ startSec }) => startSec)).toEqual([0]);
  });

  test('never lead to anything unsound, whatever they say', () => {
    const record = fc
      .tuple(
        fc.constantFrom('T', 'C', 'D', 'P', 'S', 'I', 'G', 'f', 'e', 'x', 'L', 'W', 'M', 'A', 'E', '?'),
        fc.array(fc.oneof({ weight: 9, arbitrary: oddNumber }, { weight: 1, arbitrary: fc.string() }), {
          maxLength: 9,
        }),
      )
      .map(([kind, fields]) => [kind, ...fields].join(' '));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60 }), (records) => {
        expectSound(read(...records));
      }),
      { numRuns: runs(500), examples: [[['T 1000000 1100000', 'P 0 0 0 0']]] },
    );
  });
});

describe('a bootchart tarball', () => {
  const log = readProcessLog(fixture('bootchart.tgz'));

  test('is told by its content and read', () => {
    expectSound(log);
    expect(log).toMatchObject({ source: 'bootchart2', samples: 15, startSec: 4.25, endSec: 10.12, warnings: [] });
    // Processes end between two samples.
    expect(named(log, 'dd')).toMatchObject({ ppid: 1, startSec: 4.21, endSec: 4.69, endErrorSec: 0.44, cpuSec: 0.06 });
    expect(named(log, 'sh').cpuSec).toBe(3.88);
    expect(log.disks.map((one) => one.readBytes)).toEqual([2328 * 512, (13080 - 2328) * 512]);
  });

  test('with taskstats.log only, has no ends and says so', () => {
    const taskstats =
      '100\n1 0 (systemd) 1000000000 0 0\n50 1 (tmux: server) 250000000 5 0\n\n120\n50 1 (tmux: server) 350000000 5 0\n\n';
    const read = parseBootchart(new Map([['taskstats.log', taskstats]]));
    expectSound(read);
    expect(named(read, 'tmux: server')).toMatchObject({ pid: 50, startSec: 1, cpuSec: 0.35 });
    const [, last] = named(read, 'tmux: server').activity;
    expect(last ?? named(read, 'tmux: server').activity[0]).toMatchObject({ startSec: 1, endSec: 1.2 });
    expect((last ?? named(read, 'tmux: server').activity[0])?.cpuShare).toBeCloseTo(0.5);
    expect(read.warnings.join()).toContain('taskstats.log tells no ends');
  });

  test('never leads to anything unsound, whatever it says', () => {
    const numbers = (count: number) => fc.array(oddNumber, { minLength: count, maxLength: count });
    const stat = fc
      .tuple(fc.nat(5), fc.constantFrom('S', 'Z'), numbers(20))
      .map(([pid, state, fields]) => `${String(pid)} (sh) ${state} ${fields.join(' ')}`);
    const taskstats = fc
      .tuple(fc.nat(5), numbers(4))
      .map(([pid, [ppid = '', ...times]]) => `${String(pid)} ${ppid} (sh) ${times.join(' ')}`);
    const cpu = numbers(8).map((ticks) => `cpu ${ticks.join(' ')}`);
    const disk = numbers(10).map((figures) => `8 0 sda ${figures.join(' ')}`);
    const log = (line: fc.Arbitrary<string>) =>
      fc
        .array(fc.tuple(oddNumber, fc.array(line, { maxLength: 4 })), { maxLength: 8 })
        .map((blocks) => blocks.map(([stamp, lines]) => `${[stamp, ...lines].join('\n')}\n\n`).join(''));
    fc.assert(
      fc.property(fc.boolean(), log(stat), log(taskstats), log(cpu), log(disk), (isPs, ps, tasks, stats, disks) => {
        const processes = isPs ? (['proc_ps.log', ps] as const) : (['taskstats.log', tasks] as const);
        const whole = `0\n\n${processes[1]}`;
        const files = new Map([
          [processes[0], whole],
          ['proc_stat.log', stats],
          ['proc_diskstats.log', disks],
        ]);
        expectSound(parseBootchart(files));
      }),
      {
        numRuns: runs(500),
        // A clock that goes back, and a process that started before it.
        examples: [
          [false, '', '', '1\ncpu 0 0 0 0 0 0 0 0\n\n0\ncpu 0 0 0 0 0 0 0 1\n\n', ''],
          [true, `1\n1 (sh) S ${'0 '.repeat(18)}-5 0\n\n`, '', '', ''],
        ],
      },
    );
  });

  test('without any process log is refused', () => {
    expect(() => parseBootchart(new Map([['header', 'version = 0.8\n']]))).toThrow(RangeError);
  });
});

describe("systemd-bootchart's SVG", () => {
  const log = readProcessLog(fixture('systemd-bootchart.svg'));

  test('is told by its content, and its boxes are times', () => {
    expectSound(log);
    expect(log).toMatchObject({ source: 'systemd-bootchart', startSec: 4.714, samples: 49 });
    // x="553.738" width="4.052" at 100 pixels a second.
    expect(named(log, 'md5sum')).toMatchObject({
      pid: 87,
      ppid: 1,
      startSec: 5.53738,
      endSec: 5.5779,
      cpuSec: 0.027444,
    });
    expect(named(log, 'md5sum').activity).toEqual([{ startSec: 5.53738, endSec: 5.5779, cpuShare: 9.545 / 20 }]);
    expect(named(log, 'sh').endSec).toBeUndefined();
  });

  test('never leads to anything unsound, whatever its numbers are', () => {
    const parts = new TextDecoder()
      .decode(fixture('systemd-bootchart.svg'))
      .split(/(?<=[>"=: [])(-?[\d.]+)(?=[" \]sm])/);
    const odd = parts.flatMap((_, index) => (index % 2 === 1 ? [index] : []));
    const change = fc.tuple(fc.constantFrom(...odd), oddNumber);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
        const changed = new Map(changes);
        const text = parts.map((part, index) => changed.get(index) ?? part).join('');
        try {
          expectSound(parseSystemdBootchart(text));
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }),
      {
        numRuns: runs(50),
        examples: [
          [
            [
              [5049, '0'],
              [1, '0'],
            ],
          ],
        ],
      },
    );
  });

  test('says what is not in it', () => {
    expect(log.warnings.join()).toMatch(/31 processes .* filtered out.*dropped 10 samples/);
  });
});

test('what is no process log of any kind is refused, also when it is packed', () => {
  const none = new TextEncoder().encode('hello\n');
  for (const bytes of [none, gzipSync(none), Uint8Array.of(0x1f, 0x8b, 8, 0), new Uint8Array(2000)]) {
    expect(() => readProcessLog(bytes)).toThrow(RangeError);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      expect(() => readProcessLog(bytes)).toThrow(RangeError);
    }),
  );
});

test('records named like the properties of every object are unreadable lines, not a crash', () => {
  const log = parseCollectorLog(`${collectorText}constructor 1\ntoString\n__proto__ 1 2\nE constructor\n`);
  expect(log.warnings.join('\n')).toMatch(/3 lines of the collector's log could not be read/);
  expect(log.warnings.join('\n')).not.toMatch(/native code/);
});

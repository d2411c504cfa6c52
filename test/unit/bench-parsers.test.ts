import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAptInstall } from '../../src/bench/tool-output/apt.ts';
import { parseFio } from '../../src/bench/tool-output/fio.ts';
import { parseIperf3 } from '../../src/bench/tool-output/iperf3.ts';
import { parseMemory } from '../../src/bench/tool-output/meminfo.ts';
import { OutputError } from '../../src/bench/tool-output/output-error.ts';
import { slopeOf } from '../../src/bench/series/slope.ts';
import { parseSockperf } from '../../src/bench/tool-output/sockperf.ts';
import { parseSysbenchCpu, parseSysbenchMemory } from '../../src/bench/tool-output/sysbench.ts';
import { runs } from '../support/properties.ts';

/** Real output of Debian 12's sysbench 1.0.20, fio 3.33, iperf3 3.12, sockperf 3.7 and apt 2.6. */
function golden(name: string): string {
  return readFileSync(new URL(`../fixtures/bench/${name}`, import.meta.url), 'utf8');
}

describe('what the tools wrote is read as it stands there', () => {
  test('sysbench cpu: events in a second', () => {
    expect(parseSysbenchCpu(golden('sysbench-cpu.txt'))).toEqual({ eventsPerSec: 1011.75 });
  });

  test('sysbench memory: MiB in a second, as bytes, and which way', () => {
    expect(parseSysbenchMemory(golden('sysbench-memory-read.txt'))).toEqual({
      operation: 'read',
      bytesPerSec: 20575.86 * 1024 ** 2,
    });
    expect(parseSysbenchMemory(golden('sysbench-memory-write.txt')).operation).toBe('write');
  });

  test('iperf3: what came in at the receiver, in bytes, and which way', () => {
    expect(parseIperf3(golden('iperf3-from.json'))).toEqual({ bytesPerSec: 10954470418.83979 / 8, reverse: true });
    expect(parseIperf3(golden('iperf3-to.json'))).toEqual({ bytesPerSec: 10879502343.145 / 8, reverse: false });
  });

  test('sockperf: whole round trips in seconds', () => {
    const { observations, medianSec, p99Sec } = parseSockperf(golden('sockperf-ping-pong.txt'));
    expect(observations).toBe(75167);
    expect(medianSec).toBeCloseTo(21.811e-6, 12);
    expect(p99Sec).toBeCloseTo(79.399e-6, 12);
  });

  test('fio: each job in the direction in which it worked', () => {
    const jobs = parseFio(golden('fio.json'));
    expect(jobs.map(({ name, direction }) => `${name} ${direction}`)).toEqual(
      ['overlay', 'volume'].flatMap((target) =>
        ['sequential', 'random'].flatMap((pattern) =>
          ['read', 'write'].map((way) => `disk_${target}_${pattern}_${way} ${way}`),
        ),
      ),
    );
    for (const { bytesPerSec, opsPerSec, name } of jobs) {
      // Rates are of the same requests: 1 MiB or 4 KiB each.
      expect(bytesPerSec / opsPerSec / (name.includes('random') ? 4096 : 1024 ** 2)).toBeCloseTo(1, 2);
    }
  });

  test('apt: how many packages came', () => {
    expect(parseAptInstall(golden('apt-install.txt'))).toEqual({ installed: 1 });
  });

  test('meminfo: kB are KiB', () => {
    expect(parseMemory('MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n')).toEqual({
      totalBytes: 2048 * 1024,
      availableBytes: 1024 * 1024,
    });
  });
});

describe('what is missing is named', () => {
  test.each<[string, (text: string) => unknown, string, RegExp]>([
    ['an empty sysbench', parseSysbenchCpu, '', /sysbench is empty/],
    ['sysbench cut short', parseSysbenchCpu, golden('sysbench-cpu.txt').slice(0, 600), /no "execution time"/],
    ['sysbench of the wrong test', parseSysbenchCpu, golden('sysbench-memory-read.txt'), /no "events per second"/],
    ['sysbench memory of the wrong test', parseSysbenchMemory, golden('sysbench-cpu.txt'), /"operation: read"/],
    [
      'sysbench that did nothing',
      parseSysbenchCpu,
      golden('sysbench-cpu.txt').replace('1011.75', '0.00'),
      /0.00 for its "events per second": nothing was measured/,
    ],
    [
      'sysbench with no number',
      parseSysbenchCpu,
      golden('sysbench-cpu.txt').replace('1011.75', '-nan'),
      /"-nan" where its "events per second" belongs/,
    ],
    [
      'iperf3 without a server',
      parseIperf3,
      golden('iperf3-refused.json'),
      /unable to connect to server: Connection refused/,
    ],
    ['iperf3 cut short', parseIperf3, golden('iperf3-to.json').slice(0, -40), /iperf3 is not whole JSON/],
    ['iperf3 without its end', parseIperf3, '{"start":{"test_start":{"reverse":0}},"end":{}}', /no end.sum_received/],
    ['iperf3 that is something else', parseIperf3, '[1]', /is not as expected at/],
    ['sockperf without a server', parseSockperf, golden('sockperf-refused.txt'), /Connection refused/],
    ['sockperf without --full-rtt', parseSockperf, golden('sockperf-half-round-trips.txt'), /half round trips/],
    ['sockperf too short', parseSockperf, golden('sockperf-too-short.txt'), /No valid observations found/],
    ['sockperf cut short', parseSockperf, golden('sockperf-ping-pong.txt').slice(0, -60), /no "<MIN> observation"/],
    [
      'sockperf that lost messages',
      parseSockperf,
      golden('sockperf-ping-pong.txt').replace('# dropped messages = 0', '# dropped messages = 3'),
      /3 messages were dropped/,
    ],
    ['fio without direct I/O', parseFio, golden('fio-nodirect.json'), /the job \S+ failed with errno 22/],
    ['fio without space', parseFio, golden('fio-full.json'), /the job \S+ failed with errno 28/],
    ['fio cut short', parseFio, golden('fio.json').slice(0, -10), /fio is not whole JSON/],
    ['fio without a document', parseFio, 'fio: nothing\n', /fio has no JSON document/],
    ['fio without jobs', parseFio, '{\n"jobs": []}', /fio has no job/],
    ['apt cut short', parseAptInstall, 'Reading package lists...\n', /no "… newly installed/],
    [
      'apt with nothing to do',
      parseAptInstall,
      '0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n',
      /0 newly installed/,
    ],
    ['meminfo of an old kernel', parseMemory, 'MemTotal: 1 kB\n', /no MemAvailable/],
  ])('%s', (_, parse, text, complaint) => {
    expect(() => parse(text)).toThrow(OutputError);
    expect(() => parse(text)).toThrow(complaint);
  });
});

/** Every number in a value, however deep. */
function numbersIn(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('whatever a tool writes', () => {
  const parsers: readonly [string, (text: string) => unknown, string][] = [
    ['sysbench cpu', parseSysbenchCpu, golden('sysbench-cpu.txt')],
    ['sysbench memory', parseSysbenchMemory, golden('sysbench-memory-write.txt')],
    ['fio', parseFio, golden('fio.json')],
    ['iperf3', parseIperf3, golden('iperf3-to.json')],
    ['sockperf', parseSockperf, golden('sockperf-ping-pong.txt')],
    ['apt', parseAptInstall, golden('apt-install.txt')],
    ['meminfo', parseMemory, 'MemTotal: 2048 kB\nMemAvailable: 1024 kB\n'],
  ];

  /** Positive, finite numbers or the declared error; nothing else. */
  function isHonest(parse: (text: string) => unknown, text: string): void {
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      expect(error).toBeInstanceOf(OutputError);
      return;
    }
    const numbers = numbersIn(value);
    expect(numbers.length).toBeGreaterThan(0);
    for (const number of numbers) expect(Number.isFinite(number) && number > 0).toBe(true);
  }

  test.each(parsers)('%s: a real output with a piece cut out, doubled or overwritten', (_, parse, text) => {
    const damage = fc.record({
      from: fc.nat(text.length),
      length: fc.nat(Math.min(text.length, 400)),
      instead: fc.oneof(fc.constantFrom('', 'nan', '-1', '0', '1e999', 'inf', '\n'), fc.string({ maxLength: 12 })),
    });
    fc.assert(
      fc.property(damage, ({ from, length, instead }) => {
        isHonest(parse, text.slice(0, from) + instead + text.slice(from + length));
      }),
      { numRuns: runs(300) },
    );
  });

  test.each(parsers)('%s: anything at all', (_, parse) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        isHonest(parse, text);
      }),
    );
  });
});

describe('the slope of readings', () => {
  test('is the step of a straight line, and needs two readings', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.integer({ min: 2, max: 50 }),
        (start, step, count) => {
          const line = Array.from({ length: count }, (_, index) => start + step * index);
          expect(slopeOf(line)).toBeCloseTo(step, 3);
        },
      ),
    );
    expect(() => slopeOf([1])).toThrow(RangeError);
  });
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crossCheck } from '../../src/bench/series/cross-check.ts';
import { parseSamplerLine } from '../../src/bench/series/sampler-log.ts';
import type { Totals } from '../../src/bench/series/sampler-log.ts';
import { clockOffsetSec, gapWarnings, readingsOf, samplerCost, seriesOf } from '../../src/bench/series/series.ts';
import type { Arrival } from '../../src/bench/series/series.ts';
import { THESIS_CONTAINERS } from '../../src/bench/thesis-containers.ts';

/** What the real program wrote on a machine with cgroup v1 and v2 at once: a container in each, one of them killed. */
const GOLDEN = readFileSync(new URL('../fixtures/bench/sampler-hybrid.log', import.meta.url), 'utf8')
  .trim()
  .split('\n');
/** drydock's clock stands so far ahead of the machine's. */
const AHEAD_SEC = 100;
const ALWAYS = { fromSec: 0, toSec: 1e9 };

function stampSec(text: string): number | undefined {
  const at = / at=(\d+)/.exec(text)?.[1];
  return at === undefined ? undefined : Number(at) / 1e6;
}

/** Lines as they come in, each late by `delaySec`. */
function arrive(lines: readonly string[], delaySec: (index: number) => number = () => 0): readonly Arrival[] {
  let atSec = 0;
  return lines.flatMap((text, index) => {
    const line = parseSamplerLine(text);
    atSec = stampSec(text) ?? atSec;
    return line === undefined ? [] : [{ line, arrivedSec: atSec + AHEAD_SEC + delaySec(index) }];
  });
}

interface Made {
  readonly at: number;
  readonly cpu?: string;
  readonly net?: string;
  readonly own?: number;
}

function machineTick({ at, cpu = '0', net = '0,0', own = 0 }: Made, containers = ''): string {
  const us = Math.round(at * 1e6);
  return `tick at=${us} own=${own},0 | machine at=${us} cpu=${cpu} mem=5 disk=0,0 net=${net} load=0.5${containers} .`;
}

function figures(at: number, cpu: string): string {
  return `at=${Math.round(at * 1e6)} cpu=${cpu} mem=7 disk=-,- net=-,-`;
}

function totals(part: Partial<Totals>): Totals {
  return {
    cpuSec: null,
    memoryBytes: null,
    diskReadBytes: null,
    diskWriteBytes: null,
    networkReceiveBytes: null,
    networkSendBytes: null,
    ...part,
  };
}

describe('a line of the sampler', () => {
  test('of every kind that the program writes is read', () => {
    expect(GOLDEN.map((text) => parseSamplerLine(text)?.kind)).toEqual([
      ...['head', 'tick', 'tick', 'watched', 'watched', 'refused', 'tick', 'tick', 'tick', 'tick', 'tick', 'watched'],
      ...['tick', 'tick', 'tick', 'end'],
    ]);
    expect(parseSamplerLine(GOLDEN[0] ?? '')).toEqual({ kind: 'head', version: 1, intervalSec: 1, cpus: 2 });
    expect(parseSamplerLine(GOLDEN[4] ?? '')).toEqual({
      kind: 'watched',
      pid: 16127,
      reading: {
        subject: 'ubuntu',
        stampSec: 3603.482235,
        load: null,
        ...totals({ cpuSec: 0.057957, memoryBytes: 28536832 }),
      },
    });
    expect(parseSamplerLine(GOLDEN[5] ?? '')).toEqual({ kind: 'refused', subject: 'nobody', why: 'process' });
    expect(parseSamplerLine(GOLDEN[9] ?? '')).toMatchObject({ kind: 'tick', gone: ['fedora'] });
    expect(parseSamplerLine(GOLDEN.at(-1) ?? '')).toEqual({ kind: 'end', why: 'stdin' });
  });

  test('that was cut short anywhere is not taken for a whole one', () => {
    for (const text of GOLDEN.filter((line) => /^(?:tick|watched)/.test(line))) {
      for (let length = 0; length < text.length; length += 1) {
        expect(parseSamplerLine(text.slice(0, length)), text.slice(0, length)).toBeUndefined();
      }
    }
  });

  test.each(['', 'tick', 'Last login: today', machineTick({ at: 1, cpu: '-5' }), machineTick({ at: 1, cpu: '1e9' })])(
    '%j is none',
    (text) => {
      expect(parseSamplerLine(text)).toBeUndefined();
    },
  );

  test('with a counter beyond exact numbers is none', () => {
    expect(parseSamplerLine(machineTick({ at: 1, cpu: '18446744073709551615' }))).toBeUndefined();
  });
});

describe('the series of a log', () => {
  test('of the real program: who was there, for how long, and how busy', () => {
    const series = seriesOf(arrive(GOLDEN), ALWAYS, 1);
    expect(series.map(({ subject, points }) => [subject, points.length])).toEqual([
      ['machine', 8],
      // Three ticks, then killed; the next of that name, and the gap between the two.
      ['fedora', 6],
      ['ubuntu', 7],
    ]);
    const machine = series[0]?.points[0];
    expect(machine?.atSec).toBeCloseTo(3603.481677 + AHEAD_SEC, 6);
    expect(machine?.cpus).toBeCloseTo(2.06 / 1.037161, 6);
    expect(machine?.load).toBe(24.27);
    expect(machine?.diskReadBytesPerSec).toBeCloseTo((9373705216 - 9122051072) / 1.037161, 0);
    const fedora = series[1]?.points ?? [];
    expect(fedora[0]?.cpus).toBeCloseTo((0.111958 - 0.056132) / (3604.568186 - 3603.482095), 6);
    expect(fedora[0]?.networkReceiveBytesPerSec).toBeNull();
    expect(fedora[3]).toEqual({ ...fedora[3], cpus: null, memoryBytes: null, load: null });
    expect(fedora[4]?.cpus).toBeGreaterThan(0);
  });

  test('stands on drydock’s clock by the line that was least late', () => {
    const lines = [1, 2, 3, 4].map((at) => machineTick({ at, cpu: String(at * 500_000) }));
    const arrivals = arrive(lines, (index) => [0.5, 0.02, 0.9, 0.3][index] ?? 0);
    expect(clockOffsetSec(arrivals, ALWAYS)).toBeCloseTo(AHEAD_SEC + 0.02, 9);
    const [machine] = seriesOf(arrivals, { fromSec: 101.5, toSec: 103.5 }, 1);
    expect(machine?.points.map(({ atSec, cpus }) => [Number(atSec.toFixed(3)), cpus])).toEqual([
      [0.52, 0.5],
      [1.52, 0.5],
    ]);
  });

  test('takes the offset of the clocks from around the window, because clocks drift', () => {
    const lines = Array.from({ length: 400 }, (_, at) => machineTick({ at }));
    const drifting = arrive(lines, (index) => index * 0.001);
    expect(clockOffsetSec(drifting, { fromSec: 400, toSec: 410 })).toBeCloseTo(AHEAD_SEC + 0.24, 2);
  });

  test('leaves out what was not seen in the window, and begins where most of a second lies in it', () => {
    const lines = [1, 2, 3].map((at) => machineTick({ at }, at < 3 ? '' : ` | container a ${figures(at, '1')}`));
    const [machine, ...others] = seriesOf(arrive(lines), { fromSec: 101.4, toSec: 110 }, 1);
    expect(machine?.points.map(({ atSec }) => Number(atSec.toFixed(6)))).toEqual([0.6, 1.6]);
    expect(others).toEqual([]);
    expect(seriesOf(arrive(lines), { fromSec: 101.6, toSec: 110 }, 1)[0]?.points).toHaveLength(1);
    expect(seriesOf(arrive(lines), { fromSec: 500, toSec: 600 }, 1)).toEqual([]);
    expect(seriesOf([], ALWAYS, 1)).toEqual([]);
  });

  test('has a gap, not a line, where nobody looked; and says so', () => {
    const lines = [1, 2, 6, 7].map((at) => machineTick({ at, cpu: String(at * 250_000) }));
    const arrivals = arrive(lines);
    expect(seriesOf(arrivals, ALWAYS, 1)[0]?.points.map(({ cpus, load }) => [cpus, load])).toEqual([
      [0.25, 0.5],
      [null, null],
      [0.25, 0.5],
    ]);
    expect(gapWarnings(arrivals, ALWAYS, 1)).toEqual([expect.stringMatching(/1 gaps.*after 4\.0 s/)]);
    expect(gapWarnings(arrivals, { fromSec: 0, toSec: 102.5 }, 1)).toEqual([]);
  });

  test('takes the mean over a tick that came a little late, and makes no point of two looks at once', () => {
    const lines = [1, 1.1, 2.9, 3].map((at) => machineTick({ at, cpu: String(Math.round(at * 1e6)) }));
    expect(seriesOf(arrive(lines), ALWAYS, 1)[0]?.points.map(({ cpus }) => cpus)).toEqual([expect.closeTo(1, 9)]);
  });

  test('has no value for a counter that began anew or is missing, and goes on from there', () => {
    const lines = [
      machineTick({ at: 1, net: '900,-' }),
      machineTick({ at: 2, net: '100,-' }),
      machineTick({ at: 3, net: '350,-' }),
    ];
    const [machine] = seriesOf(arrive(lines), ALWAYS, 1);
    expect(machine?.points.map((point) => [point.networkReceiveBytesPerSec, point.networkSendBytesPerSec])).toEqual([
      [null, null],
      [250, null],
    ]);
  });

  test('never holds a negative rate or what is no number, whatever the counters do', () => {
    const counter = fc.oneof(fc.constant('-'), fc.maxSafeNat().map(String));
    const tick = fc.record({ step: fc.integer({ min: 1, max: 5_000_000 }), cpu: counter, a: counter, b: counter });
    fc.assert(
      fc.property(fc.array(tick, { maxLength: 30 }), fc.float({ noNaN: true, min: 0, max: 200 }), (ticks, fromSec) => {
        let at = 0;
        const lines = ticks.map(({ step, cpu, a, b }) => {
          at += step / 1e6;
          return machineTick({ at, cpu, net: `${a},${b}` }, ` | container x ${figures(at, b)}`);
        });
        const arrivals = arrive(lines);
        expect(arrivals).toHaveLength(ticks.length);
        for (const { points } of seriesOf(arrivals, { fromSec, toSec: 1e9 }, 1)) {
          let before = Number.NEGATIVE_INFINITY;
          for (const { atSec, ...values } of points) {
            expect(atSec).toBeGreaterThan(before);
            before = atSec;
            for (const value of Object.values(values)) {
              if (value === null) continue;
              expect(Number.isFinite(value)).toBe(true);
              expect(value).toBeGreaterThanOrEqual(0);
            }
          }
        }
      }),
    );
  });
});

describe('the cost of the sampler', () => {
  test('is what it used between the first tick and the last, for each of them and as a share of a processor', () => {
    const cost = samplerCost(arrive(GOLDEN.slice(0, -2)), ALWAYS);
    expect(cost?.samples).toBe(8);
    expect(cost?.cpuSecPerSample).toBeCloseTo((2797 - 475) / 8 / 1e6, 12);
    expect(cost?.cpuShare).toBeCloseTo((2797 - 475) / (3610585436 - 3602444515), 12);
  });

  test('is not made up when nothing was sampled', () => {
    expect(samplerCost([], ALWAYS)).toBeUndefined();
    expect(samplerCost(arrive([machineTick({ at: 1 })]), ALWAYS)).toBeUndefined();
  });
});

describe('the cross-check against the Engine API', () => {
  const readings = (cpu: (at: number) => number) =>
    readingsOf(
      arrive(
        Array.from({ length: 12 }, (_, at) =>
          machineTick({ at }, ` | container a ${figures(at, String(Math.round(cpu(at) * 1e6)))}`),
        ),
      ),
      'a',
      ALWAYS,
    );
  const engine = (from: number, to: number) => ({
    before: { atSec: AHEAD_SEC + 1, totals: totals({ cpuSec: from }) },
    after: { atSec: AHEAD_SEC + 11, totals: totals({ cpuSec: to }) },
  });

  test('is content within one interval and 2 %', () => {
    const steady = readings((at) => at * 0.5);
    // 5 s by the sampler; 0.5 s is one interval's worth, 0.1 s are 2 %.
    expect(crossCheck('a', steady, engine(0.5, 5.5))).toEqual([]);
    expect(crossCheck('a', steady, engine(0.5, 6.05))).toEqual([]);
  });

  test('says which count disagrees, by how much and what was allowed', () => {
    const steady = readings((at) => at * 0.5);
    expect(crossCheck('a', steady, engine(0.5, 6.5))).toEqual([
      'a: processor time: the sampler counted 5.000 s, the Engine API 6.000 s; one interval and 2 % explain 0.620 s.',
    ]);
  });

  test('says when the sampler lacks a counter that the daemon has, or has seen too little', () => {
    const steady = readings((at) => at);
    const part = (bytes: number) => totals({ diskWriteBytes: bytes });
    const both = {
      before: { atSec: AHEAD_SEC + 1, totals: part(0) },
      after: { atSec: AHEAD_SEC + 9, totals: part(4096) },
    };
    expect(crossCheck('a', steady, both)).toEqual([expect.stringContaining('no such counter')]);
    expect(crossCheck('a', [], both)).toEqual([expect.stringContaining('too few readings')]);
  });
});

test("the thesis's scenario has its active container among its subjects, and peaks of both figures it gives", () => {
  expect(THESIS_CONTAINERS.subjects).toContain(THESIS_CONTAINERS.active);
  expect(THESIS_CONTAINERS.peaks.map(({ figure, value }) => [figure, value])).toEqual([
    ['cpus', 0.1],
    ['cpus', 0.02],
    ['diskReadBytesPerSec', 1.5e6],
    ['diskWriteBytesPerSec', 3e6],
  ]);
});

import { describe, expect, test } from 'vitest';
import type { BenchRecord, Series } from '../../src/model/bench.ts';
import type { Score } from '../../src/model/verdicts/measure.ts';
import { tickTexts } from '../../src/report/charts/axis-ticks.ts';
import { benchTables } from '../../src/report/rows/bench-rows.ts';
import { eventSpans, stretchesOf, totalOf } from '../../src/report/rows/bench-series.ts';
import { benchHeadline, benchVerdict } from '../../src/report/rows/bench-summary.ts';
import { renderJson } from '../../src/report/formats/json.ts';
import { renderJunit } from '../../src/report/formats/junit.ts';
import { renderMarkdown } from '../../src/report/formats/markdown.ts';
import { reproduceCommand } from '../../src/report/rows/reproduce.ts';
import { samplesSvg } from '../../src/report/charts/samples.ts';
import { finalTable } from '../../src/report/formats/terminal.ts';
import { recordSchema } from '../../src/model/record.ts';
import { fixtureBench, fixtureBenchRecord } from '../fixtures/report/bench.ts';
import { parsePage, parseXml } from '../fixtures/report/parse-page.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { renderPage } from '../support/render-page.ts';

const withScores = (change: (score: Score) => Score): BenchRecord => ({
  ...fixtureBench,
  scores: fixtureBench.scores.map(change),
});
const withoutFailures = (bench: BenchRecord): BenchRecord => ({
  ...bench,
  sessions: bench.sessions.map((session) => ({
    ...session,
    runs: session.runs.filter(({ status }) => status === 'done'),
  })),
});
const rowOf = (bench: BenchRecord, metric: string, accelerator: 'tcg' | 'kvm' = 'tcg') => {
  const row = benchTables(bench, accelerator)
    .flatMap(({ rows }) => rows)
    .find((one) => one.metric === metric);
  if (row === undefined) throw new Error(`no row ${metric}`);
  return row;
};
const mainText = (bench: BenchRecord): string =>
  parsePage(renderPage({ ...fixtureRecord, bench }))
    .querySelector('section.bench')
    ?.textContent.replaceAll(/\s+/g, ' ') ?? '';

test('a record with container work survives its schema', () => {
  expect(recordSchema.parse(JSON.parse(renderJson(fixtureBenchRecord)))).toEqual(
    JSON.parse(JSON.stringify(fixtureBenchRecord)),
  );
});

describe('a row', () => {
  test('of a rate has a ratio below 1 where the candidate is faster, and says that this is a gain', () => {
    const row = rowOf(fixtureBench, 'Disk: sequential read, overlay');
    expect(Number.parseFloat(row.ratio)).toBeLessThan(1);
    expect(row).toMatchObject({ better: 'higher', verdict: 'better' });
    expect(row.change).toMatch(/^\+/);
    expect(row.meaning).toMatch(/^docker-min is [\d.]+ % higher, and higher is better: a gain$/);
  });

  test('of a rate that fell says that this is a loss', () => {
    expect(rowOf(fixtureBench, 'Disk: random write, overlay').meaning).toMatch(
      /% lower, and higher is better: a loss$/,
    );
  });

  test('under TCG holds no figure of the host beside what instructions bound, and has it under KVM', () => {
    expect(rowOf(fixtureBench, 'Processor').host?.value).toBe('not compared: TCG');
    expect(rowOf({ ...fixtureBench, againstHost: [] }, 'Processor', 'kvm').host?.value).toMatch(/\/s$/);
    const disk = rowOf(fixtureBench, 'Disk: random write, overlay');
    expect(disk.host?.value).toMatch(/\/s$/);
    expect(disk.notes.join()).toMatch(/stock is [\d.]+ % lower than host/);
  });

  test('without a score says which place has no sample', () => {
    const bench = {
      ...fixtureBench,
      scores: fixtureBench.scores.filter(({ metric }) => metric !== 'cpu_events'),
      measurements: { ...fixtureBench.measurements, 'docker-min': [] },
    };
    expect(rowOf(bench, 'Processor')).toMatchObject({
      verdict: 'not scored',
      reason: 'docker-min: no sample',
      ratio: 'none',
    });
  });
});

describe('the sentence on top', () => {
  test('names the workload that lost with its size, and the undecided metrics', () => {
    expect(benchHeadline(fixtureBench)).toContain('lost on disk');
    const words = benchVerdict(fixtureBench).join('\n');
    expect(words).toMatch(
      /lost to stock on disk: Disk: random write, overlay 16\.\d % lower \(95 % interval .*higher is better\)/,
    );
    expect(words).toMatch(/Undecided on network: /);
  });

  test('says ≥ on every workload only where every metric is decided, none lost and nothing failed', () => {
    const good = withScores((score) => ({ ...score, verdict: 'better' }));
    expect(benchHeadline(withoutFailures(good))).toMatch(/docker-min ≥ stock on every workload/);
    expect(benchVerdict(withoutFailures(good))).toEqual([]);
    expect(benchHeadline(good)).not.toContain('every');
    expect(benchHeadline(good)).toContain('with failed rows on network');
    const open = withScores((score) => ({ ...score, verdict: score.metric === 'cpu_events' ? 'undecided' : 'same' }));
    expect(benchHeadline(withoutFailures(open))).toContain('undecided on cpu');
  });

  test('never calls a workload held that left no score', () => {
    const none = withoutFailures({ ...fixtureBench, scores: [], measurements: {} });
    expect(benchHeadline(none)).toMatch(/not scored on package-install, .*density/);
    expect(benchHeadline(none)).not.toContain('≥');
  });
});

describe('every form of the report', () => {
  test('tells a failed row with place, round, headline, hint and log', () => {
    const page = mainText(fixtureBench);
    for (const text of [page, renderMarkdown(fixtureBenchRecord).replaceAll('\\', '')]) {
      expect(text).toContain('iperf3 of the network workload ended with exit code 1');
      expect(text).toContain('Read the log: it has what iperf3 printed');
      expect(text).toContain('bench/02-docker-min/network.log');
    }
    expect(page).toContain('network on docker-min, round 3');
    const terminal = finalTable(fixtureBenchRecord, { columns: 400, colour: false });
    expect(terminal).toContain('Failed: network on docker-min, round 3: iperf3');
    const link = parsePage(renderPage(fixtureBenchRecord)).querySelector('section.bench a');
    expect(link?.getAttribute('href')).toBe('bench/02-docker-min/network.log');
  });

  test.each(['javascript:alert(1)', '../../etc/passwd', '/etc/passwd', '//example.org/x', 'http://example.org', 'a b'])(
    'makes no link of %s',
    (logPath) => {
      const failure = { headline: 'h', hint: 'i', detail: [], logPath };
      const sessions = fixtureBench.sessions.map((session) => ({
        ...session,
        runs: session.runs.map((run) => (run.status === 'failed' ? { ...run, failure } : run)),
      }));
      const page = renderPage({ ...fixtureRecord, bench: { ...fixtureBench, sessions } });
      expect(parsePage(page).querySelector('section.bench a')).toBeNull();
    },
  );

  test('says why a place is absent, and takes its figures from nowhere', () => {
    const bench: BenchRecord = {
      ...fixtureBench,
      places: fixtureBench.places.map((place) =>
        place.kind === 'host' ? { ...place, status: 'absent', why: 'no dockerd is installed here' } : place,
      ),
      sessions: fixtureBench.sessions.filter(({ place }) => place !== 'host'),
      measurements: {
        stock: fixtureBench.measurements['stock'] ?? [],
        'docker-min': fixtureBench.measurements['docker-min'] ?? [],
      },
      againstHost: [],
    };
    expect(mainText(bench)).toContain('absent: no dockerd is installed here');
    expect(rowOf(bench, 'Disk: random write, overlay').host?.value).toBe('absent');
  });

  test('has a JUnit case for every score and every failed row', () => {
    const cases = (record: typeof fixtureRecord) => [...parseXml(renderJunit(record)).querySelectorAll('testcase')];
    expect(cases(fixtureBenchRecord).length - cases(fixtureRecord).length).toBe(fixtureBench.scores.length + 1);
    const failed = cases(fixtureBenchRecord).filter((one) => one.querySelector('failure') !== null);
    expect(failed.map((one) => `${one.getAttribute('classname') ?? ''} / ${one.getAttribute('name') ?? ''}`)).toEqual([
      'disk: docker-min against stock / Disk: random write, overlay',
      'network on docker-min / round 3',
    ]);
  });

  test.each([24, 40, 80, 160])('fits a terminal of %i columns', (columns) => {
    const lines = finalTable(fixtureBenchRecord, { columns, colour: false }).split('\n');
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toContain('worse');
    expect(finalTable(fixtureBenchRecord, { columns, colour: false, ascii: true })).toMatch(/^[\n -~]*$/);
  });

  test('draws four charts, each at two widths, and says which round, what looking cost and what the thesis saw', () => {
    const section = parsePage(renderPage(fixtureBenchRecord)).querySelector('section.bench');
    expect([...(section?.querySelectorAll('svg.series') ?? [])]).toHaveLength(8);
    const text = mainText(fixtureBench);
    expect(text.match(/Round 1 of 4; the others are not drawn/g)).toHaveLength(4);
    expect(text).toContain('stock 4.20 ms of processor time a sample, 0.42 % of one CPU over 121 samples');
    expect(text).toContain('disk reads up to 1.5 MB/s, writes up to 3 MB/s');
  });

  test('holds no coordinate or word that stands for no number', () => {
    const empty: BenchRecord = {
      ...{ rounds: 1, workloads: ['cpu'], places: [], images: {}, sessions: [], measurements: {} },
      ...{ scores: [], againstHost: [], findings: [] },
    };
    for (const bench of [fixtureBench, empty]) {
      const record = { ...fixtureRecord, bench };
      const page = renderPage(record).replace(/<script>[^]*<\/script>/, '');
      const texts = [page, renderMarkdown(record), finalTable(record, { columns: 80, colour: false })];
      for (const text of texts) expect(text).not.toMatch(/NaN|Infinity|undefined|\bnull\b/);
    }
  });
});

test('a run is repeated with its workloads', () => {
  expect(reproduceCommand(fixtureBenchRecord)).toContain('--bench all --rounds 4');
  const bench: BenchRecord = { ...fixtureBench, workloads: ['cpu', 'disk'] };
  expect(reproduceCommand({ ...fixtureRecord, bench })).toContain('--bench cpu,disk --rounds 4');
  const alone = { ...fixtureRecord, bootsPerArm: 0, bench: { ...bench, rounds: 2, minutes: 10 } };
  expect(reproduceCommand(alone)).toMatch(/ --boots 0 --bench cpu,disk --rounds 2 --minutes 10$/);
});

test('a run whose boots are those of its sessions is repeated as one', () => {
  const environment = { ...fixtureRecord.environment, guestDisk: 'with drydock/tools:0123456789ab' };
  expect(reproduceCommand({ ...fixtureBenchRecord, environment })).not.toContain('--boots');
});

test('no string of container work is ever markup', () => {
  const spoiled = (spoil: (text: string) => string): BenchRecord => ({
    ...fixtureBench,
    places: fixtureBench.places.map((place) => ({ ...place, why: spoil(place.why) })),
    images: { [spoil('system')]: { sha256: spoil('e') } },
    findings: [{ level: 'warning', message: spoil('finding') }],
    scores: fixtureBench.scores.map((score) => ({ ...score, reason: spoil(score.reason) })),
    sessions: fixtureBench.sessions.map((session) => ({
      ...session,
      kernelRelease: spoil(session.kernelRelease),
      dockerVersion: spoil(session.dockerVersion),
      runs: session.runs.map((run) => ({
        ...run,
        warnings: run.warnings.map(spoil),
        events: run.events.map((event) => ({ ...event, label: spoil(event.label) })),
        ...(run.series === undefined
          ? {}
          : { series: run.series.map((series) => ({ ...series, subject: spoil(series.subject) })) }),
        ...(run.failure === undefined
          ? {}
          : {
              failure: {
                headline: spoil(run.failure.headline),
                hint: spoil(run.failure.hint),
                detail: run.failure.detail.map(spoil),
                logPath: spoil(run.failure.logPath),
              },
            }),
      })),
    })),
  });
  const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'> & | \u001b[31m`;
  const bench = spoiled((text) => `${hostile}${text}`);
  const elements = (from: BenchRecord): string =>
    [...parsePage(renderPage({ ...fixtureRecord, bench: from })).querySelectorAll('section.bench *')]
      .map(({ localName }) => localName)
      .filter((name) => !['text', 'tspan', 'path', 'rect', 'g'].includes(name))
      .join(' ');
  // Beside the link, which a path with such signs does not become, and the labels, the page has the same elements.
  expect(elements(bench)).toBe(elements(spoiled((text) => `a b ${text}`)));
  const record = { ...fixtureRecord, bench };
  expect(renderMarkdown(record)).not.toMatch(/<script>|<img/);
  expect(finalTable(record, { columns: 80, colour: false })).not.toContain('\u001b');
  expect(() => parseXml(renderJunit(record))).not.toThrow();
});

describe('a series', () => {
  const point = (atSec: number, cpus: number | null) => ({
    ...{ atSec, cpus, load: null, memoryBytes: null, diskReadBytesPerSec: null, diskWriteBytesPerSec: null },
    ...{ networkReceiveBytesPerSec: null, networkSendBytesPerSec: null },
  });
  const series = (...points: readonly ReturnType<typeof point>[]): Series => ({ subject: 'fedora', points });

  test('is broken where a value is null and where points are missing, never joined across', () => {
    const one = series(point(1, 1), point(2, 1), point(3, null), point(4, 1), point(5, 1), point(9, 1), point(10, 1));
    expect(stretchesOf(one, 'cpus').map((stretch) => stretch.map(({ atSec }) => atSec))).toEqual([
      [1, 2],
      [4, 5],
      [9, 10],
    ]);
  });

  test('sums rates over the time that each point stands for, and says when that is not all', () => {
    expect(totalOf(series(point(1, 2), point(2.5, 4)), 'cpus')).toEqual({ peak: 4, mean: 3.2, sum: 8, hasGaps: false });
    const gap = totalOf(series(point(1, 1), point(2, 1), point(3, 1), point(10, 5)), 'cpus');
    expect(gap).toEqual({ peak: 5, mean: 2, sum: 8, hasGaps: true });
    expect(totalOf(series(point(1, null)), 'cpus')).toBeUndefined();
  });
});

test('events are paired by their container, and one without an end says so', () => {
  const at = (atSec: number, label: string, container: string) => ({ atSec, label, container });
  const [run] = fixtureBench.sessions[0]?.runs ?? [];
  if (run === undefined) throw new Error('no run');
  const events = [
    ...[at(0, 'start', 'a'), at(1, 'x begin', 'a'), at(2, 'x begin', 'b')],
    ...[at(3, 'x end', 'b'), at(4, 'x end', 'a'), at(5, 'y begin', 'a')],
  ];
  expect(eventSpans({ ...run, events })).toEqual([
    { label: 'a start', fromSec: 0, toSec: undefined },
    { label: 'x', fromSec: 1, toSec: 4 },
    { label: 'x', fromSec: 2, toSec: 3 },
    { label: 'a y, no end', fromSec: 5, toSec: undefined },
  ]);
});

describe('the axis of a chart', () => {
  test('names its own unit and tells neighbours apart', () => {
    expect(tickTexts([0, 1024 ** 2, 2 * 1024 ** 2], 'bytes/s')).toEqual(['0', '1 MiB/s', '2 MiB/s']);
    expect(tickTexts([1024 ** 3, 1024 ** 3 + 8 * 1024 ** 2], 'bytes')).toEqual(['1.000 GiB', '1.008 GiB']);
    expect(tickTexts([1200, 1250], 'ops/s')).toEqual(['1200/s', '1250/s']);
    expect(tickTexts([23, 24], 'count')).toEqual(['23', '24']);
    expect(tickTexts([0.5, 1], 's')).toEqual(['0.5 s', '1.0 s']);
  });

  test('never calls a rate or a count seconds', () => {
    for (const metric of ['cpu_events', 'memory_read', 'density_containers']) {
      const score = fixtureBench.scores.find((one) => one.metric === metric);
      if (score === undefined) throw new Error(`no score of ${metric}`);
      expect(samplesSvg(score)?.source).not.toMatch(/>[\d.]+ s</);
    }
  });
});

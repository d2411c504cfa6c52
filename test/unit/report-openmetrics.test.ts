import { describe, expect, test } from 'vitest';
import { median } from '../../src/stats/summary.ts';
import { openMetricsText } from '../../src/report/formats/openmetrics.ts';
import { fixtureBench, fixtureBenchRecord } from '../fixtures/report/bench.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { readOpenMetrics } from '../support/openmetrics.ts';

const text = openMetricsText(fixtureBenchRecord);
const samples = readOpenMetrics(text);
const of = (family: string, labels: Readonly<Record<string, string>> = {}) =>
  samples.filter(
    (sample) =>
      sample.family === family && Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
  );

describe('the grammar that the text is held against', () => {
  const head = '# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n';
  test.each([
    ['no end', `${head}a_seconds 1\n`],
    ['a unit that is no suffix', '# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n'],
    ['text that is not escaped', `${head}# HELP a_seconds "\n# EOF\n`],
    ['no sample', `${head}a_seconds{x="\\q"} 1\n# EOF\n`],
    ['no sample', `${head}a_seconds NaN s\n# EOF\n`],
    ['interleaved', `${head}a_seconds{x="1"} 1\na_seconds{x="2"} 1\na_seconds{x="1"} 2\n# EOF\n`],
    ['not later', `${head}a_seconds 1 5.0\na_seconds 1 5.0\n# EOF\n`],
    ['was there before', `${head}a_seconds 1\n# TYPE b gauge\nb 1\n# TYPE a_seconds gauge\n# EOF\n`],
  ])('finds %s', (why, bad) => {
    expect(() => readOpenMetrics(bad)).toThrow(why);
  });
});

describe('a run as OpenMetrics', () => {
  test('has the median of every boot metric by arm', () => {
    for (const [arm, measurements] of Object.entries(fixtureRecord.measurements)) {
      const kernelInit = measurements.find(({ metric }) => metric === 'kernel_init')?.samples ?? [];
      expect(of('drydock_boot_kernel_init_seconds', { arm }).map(({ value }) => value)).toEqual([median(kernelInit)]);
    }
  });

  test('has a sample for every session that gave one, under a name with its unit', () => {
    expect(of('drydock_bench_cpu_events_operations_per_second', { place: 'stock' })).toHaveLength(4);
    expect(of('drydock_bench_memory_read_bytes_per_second', { place: 'docker-min' })).toHaveLength(4);
    // The network workload of docker-min failed in its third round.
    const rounds = of('drydock_bench_network_latency_median_seconds', { place: 'docker-min' });
    expect(rounds.map(({ labels }) => labels['round'])).toEqual(['1', '2', '4']);
    const failed = of('drydock_bench_failed').filter(({ value }) => value === 1);
    expect(failed.map(({ labels }) => [labels['place'], labels['workload'], labels['round']])).toEqual([
      ['docker-min', 'network', '3'],
    ]);
  });

  test('has every point of every series at its wall-clock time, and none that was not measured', () => {
    const labels = { place: 'stock', container: 'fedora' };
    const points = fixtureBench.sessions[0]?.runs[0]?.series?.find(({ subject }) => subject === 'fedora')?.points ?? [];
    const measured = points.filter(({ cpus }) => cpus !== null);
    expect(measured.length).toBeLessThan(points.length);
    const start = Date.parse('2026-05-04T10:10:00.250Z') / 1000;
    expect(of('drydock_container_busy_cpus', labels).map(({ value, timestamp }) => [value, timestamp])).toEqual(
      measured.map(({ cpus, atSec }) => [cpus, start + atSec]),
    );
  });

  test('leaves out series that nobody dated, and says how many', () => {
    const sessions = fixtureBench.sessions.map((session) => ({
      ...session,
      runs: session.runs.map((run) => ({ ...run, startedAt: 'nobody noted it' })),
    }));
    const undated = readOpenMetrics(openMetricsText({ ...fixtureRecord, bench: { ...fixtureBench, sessions } }));
    expect(undated.filter(({ timestamp }) => timestamp !== undefined)).toEqual([]);
    expect(undated.find(({ family }) => family === 'drydock_undated_series')?.value).toBe(3);
  });

  test('has one true verdict a score', () => {
    const holding = of('drydock_score_verdict').filter(({ value }) => value === 1);
    expect(holding).toHaveLength(
      fixtureRecord.scores.length + fixtureBench.scores.length + fixtureBench.againstHost.length,
    );
  });

  test('survives names and texts that would end a label, a line or the exposition', () => {
    const hostile = 'a"} 1\n# EOF\n\\ \u0000 \ud800 \r';
    const record = {
      ...fixtureBenchRecord,
      id: hostile,
      scores: fixtureRecord.scores.map((score) => ({ ...score, endPoints: hostile })),
    };
    const [info] = readOpenMetrics(openMetricsText(record));
    expect(info?.labels['run']).toBe('a"} 1\n# EOF\n\\ \ufffd \ufffd \ufffd');
  });
});

import { describe, expect, test } from 'vitest';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import { comparisonTable } from '../../src/report/across-runs/comparison.ts';
import { historyTable } from '../../src/report/across-runs/history.ts';
import { compareRuns } from '../../src/stats/across-runs/compare.ts';
import { trendsOf } from '../../src/stats/across-runs/trends.ts';
import { recordWith } from '../support/records.ts';

const run = (id: string, sec: number) =>
  recordWith({ stock: { total_boot: [sec, sec, sec, sec] }, 'docker-min': { total_boot: [9, 9.1, 9.2, 9.3] } }, { id });
const [one, other] = [run('20260101-010101-docker-min', 40), run('20260102-010101-docker-min', 41)];

describe.each([40, 60, 80])('on a terminal of %i columns', (columns) => {
  const expectNarrow = (text: string): void => {
    const plain = text.replaceAll(/\u001b\[\d*m/g, '').split('\n');
    expect(Math.max(...plain.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
  };

  test('a comparison has no longer line, and keeps metric, ratio and verdict', () => {
    const arm = 'docker-min';
    const text = comparisonTable(compareRuns({ record: one, arm }, { record: other, arm }, METRICS), true, columns);
    expectNarrow(text);
    expect(text.split('\n')[0]).toMatch(/^Metric .*Ratio .*Verdict$/);
  });

  test('a history has no longer line, and keeps metric, last figure and change', () => {
    const text = historyTable(trendsOf([one, other]), columns);
    expectNarrow(text);
    expect(text).toMatch(/^.*Metric .*Last .*Change/m);
  });
});

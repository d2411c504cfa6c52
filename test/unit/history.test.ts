import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { jsonText } from '../../src/json/text.ts';
import type { RunRecord } from '../../src/model/record.ts';
import { historyTable, renderHistory } from '../../src/report/across-runs/history.ts';
import { findBreaks } from '../../src/stats/across-runs/change-points.ts';
import { createRandom } from '../../src/stats/random.ts';
import { trendsOf } from '../../src/stats/across-runs/trends.ts';
import { keepInLedger, readKnownRuns } from '../../src/store/run-history.ts';
import { parsePage } from '../fixtures/report/parse-page.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { recordWith } from '../support/records.ts';
import type { RecordParts } from '../support/records.ts';

function runs(medians: readonly number[], parts: RecordParts = {}): RunRecord[] {
  return medians.map((sec, index) =>
    recordWith(
      { 'docker-min': { total_boot: [sec * 0.99, sec, sec * 1.02] } },
      {
        id: `run-${String(index).padStart(2, '0')}`,
        startedAt: `2026-01-${String(index + 1).padStart(2, '0')}T00:00:00Z`,
        ...parts,
      },
    ),
  );
}

const wobble = (count: number, sec: number): number[] =>
  Array.from({ length: count }, (_, index) => sec * (1 + (((index * 7) % 5) - 2) / 300));

describe('breaks of a series', () => {
  const breaks = (values: readonly number[]) => findBreaks(values, createRandom(1)).map(({ index }) => index);

  test('are found where it steps, each of them', () => {
    expect(breaks([...wobble(8, 30), ...wobble(8, 33)])).toEqual([8]);
    expect(breaks([...wobble(12, 30), ...wobble(12, 27), ...wobble(12, 35)])).toEqual([12, 24]);
  });

  test('are not one late run, nor anything in fewer than ten values', () => {
    expect(breaks([...wobble(7, 30), 45, ...wobble(7, 30)])).toEqual([]);
    expect(breaks([30, 30, 30, 30, 60, 60, 60, 60, 60])).toEqual([]);
    expect(breaks([])).toEqual([]);
  });

  test('are found in at most 2 % of 300 series without one', () => {
    const random = createRandom(51);
    const found = Array.from({ length: 300 }, () =>
      findBreaks(
        Array.from({ length: 20 }, () => random()),
        random,
      ),
    ).filter((one) => one.length > 0);
    expect(found.length / 300).toBeLessThanOrEqual(0.02);
  });
});

describe('trends', () => {
  test('hold the median and the spread of every run, oldest first, with the change point and its size', () => {
    const [environment] = trendsOf(runs([...wobble(8, 30), ...wobble(8, 33)]));
    const [trend] = environment?.trends ?? [];
    expect(trend).toMatchObject({ profile: 'docker-min', arm: 'docker-min', metric: 'total_boot', clock: 'wall' });
    expect(trend?.points).toHaveLength(16);
    expect(trend?.points[2]).toMatchObject({ run: 'run-02', samples: 3 });
    expect(trend?.changePoints).toHaveLength(1);
    expect(trend?.changePoints[0]).toMatchObject({ run: 'run-08' });
    expect(trend?.changePoints[0]?.relativeChange).toBeCloseTo(0.1, 2);
  });

  test('have no relative change from 0 on, and are JSON all the same', () => {
    const environments = trendsOf(runs([...wobble(8, 0), ...wobble(8, 33)]));
    const [change] = environments[0]?.trends[0]?.changePoints ?? [];
    expect(change).toMatchObject({ run: 'run-08', before: 0 });
    expect(change).not.toHaveProperty('relativeChange');
    expect(() => jsonText({ environments })).not.toThrow();
    expect(historyTable(environments)).toContain('change from run run-08 on (');
  });

  test('never mix environments or clocks', () => {
    const mixed = [
      ...runs([30, 31]),
      ...runs([5], { id: 'kvm', environment: { accelerator: 'kvm' } }),
      ...runs([33], { id: 'grub', environment: { boot: 'grub' } }),
      ...runs([0.4], { id: 'virtual', clock: 'virtual' }),
    ];
    const environments = trendsOf(mixed);
    expect(environments.map(({ runs: count }) => count)).toEqual([3, 1, 1]);
    expect(environments[2]?.conditions.guest).toBe('debian-12-minimal, booted by GRUB');
    expect(environments[0]?.trends.map(({ clock, points }) => [clock, points.length])).toEqual([
      ['wall', 2],
      ['virtual', 1],
    ]);
  });

  test('part boots of disks with other images, and nothing that no disk has a part in', () => {
    const withImages = (tags: string) => ({ environment: { guestDisk: `with ${tags}` } });
    const environments = trendsOf([
      ...runs([30]),
      ...runs([31], { id: 'tools', ...withImages('drydock/tools:0123') }),
      ...runs([32], { id: 'all', ...withImages('drydock/system:4567, drydock/tools:0123') }),
      ...runs([0.4], { id: 'virtual', clock: 'virtual' }),
      ...runs([0.4], { id: 'virtual-tools', clock: 'virtual', ...withImages('drydock/tools:0123') }),
    ]);
    expect(environments.map(({ conditions }) => conditions.guest)).toEqual([
      'debian-12-minimal',
      'debian-12-minimal, with drydock/tools:0123',
      'debian-12-minimal, with drydock/system:4567, drydock/tools:0123',
    ]);
    expect(environments[0]?.trends.map(({ clock, points }) => [clock, points.length])).toEqual([
      ['wall', 1],
      ['virtual', 2],
    ]);
  });

  test('leave out steps that are too small to matter', () => {
    const tiny = runs([...new Array<number>(8).fill(30), ...new Array<number>(8).fill(30.1)]);
    expect(trendsOf(tiny)[0]?.trends[0]?.changePoints).toEqual([]);
  });

  test('can be narrowed to one metric or arm', () => {
    const [all] = trendsOf([fixtureRecord]);
    const [some] = trendsOf([fixtureRecord], { metric: 'kernel_init', arm: 'stock' });
    expect(all?.trends.length).toBeGreaterThan(10);
    expect(some?.trends.map(({ arm, metric }) => [arm, metric])).toEqual([['stock', 'kernel_init']]);
    expect(trendsOf([fixtureRecord], { metric: 'none' })).toEqual([]);
  });

  test('are shown as a table and as a page with a chart each, which loads and runs nothing', () => {
    const environments = trendsOf(
      runs([...wobble(8, 30), ...wobble(8, 33)], { environment: { cpuModel: '<script>' } }),
    );
    expect(historyTable(environments)).toMatch(/Total boot of docker-min: \+10\.\d % from run run-08 on/);
    const page = parsePage(renderHistory(environments, '0'));
    expect(page.querySelectorAll('svg circle')).toHaveLength(16);
    expect(page.querySelectorAll('svg path.change')).toHaveLength(1);
    expect(page.querySelectorAll('script, img, link')).toHaveLength(0);
    expect(page.querySelector('h2')?.textContent).toContain('<script>');
    expect(historyTable([])).toMatch(/No run has samples/);
  });
});

describe('the ledger', () => {
  const host = createHost();
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'drydock-history-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('keeps every figure of a run whose folder is gone', async () => {
    await keepInLedger(host, directory, fixtureRecord);
    const known = await readKnownRuns(host, directory, path.join(directory, 'results'));
    expect(known.unreadable).toEqual([]);
    expect(trendsOf(known.runs)).toEqual(trendsOf([fixtureRecord]));
  });

  test('and results/ together know each run once, oldest first, and say what they could not read', async () => {
    const [first, second, third] = runs([30, 31, 32]);
    if (first === undefined || second === undefined || third === undefined) throw new Error('no runs');
    await keepInLedger(host, directory, third);
    await keepInLedger(host, directory, second);
    await host.files.appendText(path.join(directory, 'history', 'runs.jsonl'), '{"schema": 1, "torn\n');
    const results = path.join(directory, 'results');
    for (const [name, content] of [
      ['run-00', JSON.stringify(first)],
      ['run-01', JSON.stringify(second)],
      ['broken', '{}'],
    ] as const) {
      mkdirSync(path.join(results, name), { recursive: true });
      writeFileSync(path.join(results, name, 'record.json'), content);
    }
    mkdirSync(path.join(results, 'unfinished'));
    const known = await readKnownRuns(host, directory, results);
    expect(known.runs.map(({ id }) => id)).toEqual(['run-00', 'run-01', 'run-02']);
    expect(known.unreadable).toHaveLength(2);
    expect(known.unreadable.join()).toMatch(/1 of 3 lines of .*broken.* is not a record/);
  });
});

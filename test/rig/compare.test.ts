import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/model/record.ts';
import { recordWith } from '../support/records.ts';
import { runMain } from '../support/drydock-main.ts';
import type { Ended } from '../support/drydock-main.ts';

/** Eight boots per arm around a median, 0.5 % apart. */
function record(stockSec: number, candidateSec: number): RunRecord {
  const around = (sec: number): number[] => [0, 1, -1, 2, -2, 3, -3, 0.5].map((step) => sec * (1 + step / 200));
  return recordWith({
    stock: { total_boot: around(stockSec), kernel_size: [8e6] },
    'docker-min': { total_boot: around(candidateSec), kernel_size: [4e6] },
  });
}

describe('drydock compare', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'drydock-compare-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  const file = (name: string, content: unknown): string => {
    const where = path.join(directory, name);
    writeFileSync(where, typeof content === 'string' ? content : JSON.stringify(content));
    return where;
  };
  const drydock = (...args: string[]): Promise<Ended> => runMain(['compare', ...args]);

  test('exits with 1 when a metric got worse, with 0 under --fail-on never, and appends to the summary', async () => {
    const [good, bad] = [file('good.json', record(40, 30)), file('bad.json', record(40, 36))];
    const summary = file('summary.md', 'before\n');
    const failed = await drydock(good, bad, '--markdown', summary);
    expect(failed.code).toBe(1);
    expect(readFileSync(summary, 'utf8')).toMatch(/^before\n## drydock compare: docker-min\n/);
    const json = await drydock(good, bad, '--fail-on', 'never', '--json');
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      bridge: 'stock',
      metrics: [{ metric: 'total_boot', verdict: 'worse' }, {}],
    });
    expect((await drydock(bad, good)).code).toBe(0);
  });

  test('exits with 2 and the cause when a record cannot be read, or has no such arm', async () => {
    const good = file('good.json', record(40, 30));
    const rest = { ...record(40, 30), environment: undefined };
    const cases = [
      [path.join(directory, 'none.json'), /There is no record/],
      [file('torn.json', '{"schema": 1,'), /torn\.json is not JSON/],
      [file('odd.json', rest), /is not a record of this version of drydock[\s\S]*environment/],
    ] as const;
    const ends = await Promise.all(cases.map(([bad]) => drydock(good, bad)));
    ends.forEach(({ code, stderr }, index) => {
      expect(code).toBe(2);
      expect(stderr).toMatch(cases[index]?.[1] ?? /$^/);
    });
    const arm = await drydock(good, good, '--arm', 'dokcer-min');
    expect(arm.code).toBe(2);
    expect(arm.stderr).toMatch(/has no arm dokcer-min[\s\S]*stock, docker-min|docker-min, stock/);
  });
});

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { recordSchema } from '../../src/model/record.ts';
import { effectSchema } from '../../src/model/verdicts/ablation.ts';

test.each(['results/sample', 'results/sample/containers'])(
  'the record of a real run in %s is as its schema says, whoever reads it later',
  async (folder) => {
    const record: unknown = JSON.parse(await readFile(`${folder}/record.json`, 'utf8'));
    expect(recordSchema.safeParse(record).error?.issues ?? []).toEqual([]);
  },
);

test('an effect of an older record, `not told from zero`, is read as undecided', () => {
  const effect = { effectSec: 0.001, ci95: [-0.001, 0.002], reason: 'the interval includes zero' };
  expect(effectSchema.parse({ ...effect, verdict: 'not told from zero' })).toEqual({ ...effect, verdict: 'undecided' });
  expect(effectSchema.safeParse({ ...effect, verdict: 'told' }).success).toBe(false);
});

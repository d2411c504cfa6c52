import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { recordSchema } from '../../src/store/record-schema.ts';

test.each(['results/sample', 'results/sample/containers'])(
  'the record of a real run in %s is as its schema says, whoever reads it later',
  async (folder) => {
    const record: unknown = JSON.parse(await readFile(`${folder}/record.json`, 'utf8'));
    expect(recordSchema.safeParse(record).error?.issues ?? []).toEqual([]);
  },
);

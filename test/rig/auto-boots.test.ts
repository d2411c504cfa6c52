import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { recordSchema } from '../../src/model/record.ts';
import { createRig } from '../support/rig/rig.ts';

test('a run with --boots auto ends by itself where its last look says so, and leaves its figures to the history', async () => {
  await using rig = await createRig({ hasImage: true });
  const options = ['--boots', 'auto', '--max-boots', '4', '--accel', 'tcg', '--fail-on', 'never'];
  const ended = await rig.drydock('run', '--profile', await rig.profile(), ...options).ended;
  expect(ended.code).toBe(0);
  const record = recordSchema.parse(
    JSON.parse(await readFile(path.join(await rig.runDirectory(), 'record.json'), 'utf8')),
  );
  expect(record.stopping?.maxBootsPerArm).toBe(4);
  expect(record.stopping?.looks.at(-1)?.bootsPerArm).toBe(record.bootsPerArm);
  expect(record.boots).toHaveLength(record.bootsPerArm * record.arms.length);
  expect(ended.stdout).toContain('Boots: stopped after');
  const ledger = await readFile(path.join(rig.cache, 'history', 'runs.jsonl'), 'utf8');
  expect(ledger.trim().split('\n')).toHaveLength(1);
  expect(ledger).toContain(record.id);
});

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRig } from '../support/rig/rig.ts';

const STOCK_ALONE = { stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' } };
const RUN = ['--boots', '1', '--accel', 'tcg'];

describe.concurrent('a guest whose clock', () => {
  test.each([
    [
      'is 400 digits long',
      () => `[${'9'.repeat(400)}.000000]`,
      /it shows a number of 407 characters at "drydock: ready"/,
    ],
    ['stands still', () => '[    0.000000]', /it stands at 0\.000000 s at "drydock: ready"/],
    ['is below zero', () => '[   -3.000000]', /at "drydock: ready"/],
    [
      'is ahead of the host’s',
      () => '[ 4711.000000]',
      /it shows 4711\.000000 s at "drydock: ready", \d+\.\d s after QEMU/,
    ],
  ])('%s has failed: nothing is recorded of it', async (_, clock, flaw) => {
    await using rig = await createRig({ hasImage: true });
    const held = rig.holdBoot((boot) => boot.measured === 0);
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
    const boot = await run.until(held);
    boot.clock = clock;
    held.release();
    const { code, stderr } = await run.ended;
    expect(stderr).toContain("✗ The guest's clock is not usable: it ");
    expect(stderr).toMatch(flaw);
    expect(stderr).toMatch(/Last lines of the console:\n(.*\n)*.*drydock: ready/);
    expect(stderr).toMatch(/\n→ Every time of this boot is read from the kernel's clock\. .+\n/);
    expect(stderr).toMatch(/\n {2}log: {4}\/.+\/console\.log\n/);
    expect(code).toBe(1);
    const directory = await rig.runDirectory();
    expect(await readdir(directory)).not.toContain('record.json');
    expect(await readFile(path.join(directory, 'journal.jsonl'), 'utf8')).not.toContain('"boot-finished"');
  });
});

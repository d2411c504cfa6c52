import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { groupGone, groupOf } from '../support/processes.ts';
import { createRig } from '../support/rig/rig.ts';
import type { Rig } from '../support/rig/rig.ts';

const recordSchema = z.looseObject({ boots: z.array(z.looseObject({ bootId: z.string() })) });

async function recordedBoots(rig: Rig): Promise<readonly string[]> {
  const text = await readFile(path.join(await rig.runDirectory(), 'record.json'), 'utf8');
  return recordSchema.parse(JSON.parse(text)).boots.map((boot) => boot.bootId);
}

/** Boots that count; those of the installation do not. */
function measured(rig: Rig) {
  return rig.boots.filter((boot) => boot.measured !== undefined);
}

async function nothingLeft(rig: Rig): Promise<void> {
  expect(await rig.locks()).toEqual([]);
  expect(await readdir(path.join(rig.cache, 'work'))).toEqual(['trees']);
}

// A dead run's locks go stale by the clock, so these tests mostly wait and do so side by side.
describe.concurrent('an interrupted run', () => {
  test('that was killed during the build goes on with the build', async () => {
    await using rig = await createRig();
    const compiling = rig.holdCall('make', (call) => call.args.includes('bzImage'));
    const first = rig.drydock('run', '--profile', await rig.profile(), '--boots', '1', '--accel', 'tcg');
    const make = await first.until(compiling);
    const group = await groupOf(make.pid);
    first.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
    await groupGone(group);

    const resumed = await rig.drydock('resume', path.basename(await rig.runDirectory())).ended;
    // A machine that takes longer than ten seconds to get here finds the dead run's lock stale, and need not wait for it.
    expect(resumed.stderr).toMatch(/^(Waiting for process \d+ since .*\n)?$/);
    expect(resumed.code).toBe(0);
    expect(rig.callsOf('mmdebstrap')).toHaveLength(1);
    const targets = rig.callsOf('make').map((call) => call.args.at(-1));
    expect(targets).toEqual(['allnoconfig', 'olddefconfig', 'bzImage', 'bzImage']);
    await nothingLeft(rig);
  });

  test('that was killed during a boot repeats that boot alone', async () => {
    await using rig = await createRig({ hasImage: true });
    const third = rig.holdBoot((boot) => boot.measured === 2);
    const first = rig.drydock('run', '--profile', await rig.profile(), '--boots', '2', '--accel', 'tcg');
    const boot = await first.until(third);
    const group = await groupOf(boot.call.pid);
    first.kill('SIGKILL');
    await first.ended;
    await groupGone(group);
    const kept = (await rig.countedBoots()).map(({ bootId }) => bootId);
    const before = measured(rig).map(({ bootId }) => bootId);
    expect(kept.length).toBeGreaterThan(0);
    const makes = rig.callsOf('make').length;

    const resumed = await rig.drydock('resume', await rig.runDirectory()).ended;
    expect(resumed.code).toBe(0);
    expect(rig.callsOf('make')).toHaveLength(makes);
    const recorded = await recordedBoots(rig);
    expect(recorded).toHaveLength(4);
    expect(recorded.slice(0, kept.length)).toEqual(kept);
    // The boot that was killed, and those that had not begun.
    for (const bootId of recorded.slice(kept.length)) expect(before).not.toContain(bootId);
    expect(before).toContain(boot.bootId);
    await nothingLeft(rig);
  });

  test('that was stopped with Ctrl-C tears down, says how to go on, and does', async () => {
    await using rig = await createRig({ hasImage: true });
    const second = rig.holdBoot((boot) => boot.measured === 1);
    const first = rig.drydock('run', '--profile', await rig.profile(), '--boots', '1', '--accel', 'tcg');
    const boot = await first.until(second);
    const group = await groupOf(boot.call.pid);
    first.kill('SIGINT');
    const stopped = await first.ended;
    expect(stopped.code).toBe(130);
    await groupGone(group);
    const run = await rig.runDirectory();
    expect(stopped.stderr).toContain(`resume ${run}`);
    expect((await rig.journal()).at(-1)).toMatchObject({ type: 'run-failed', failure: { kind: 'interrupted' } });
    await nothingLeft(rig);
    const kept = (await rig.countedBoots()).map(({ bootId }) => bootId);

    const resumed = await rig.drydock('resume', run).ended;
    expect(resumed.stderr).toBe('');
    expect(resumed.code).toBe(0);
    const recorded = await recordedBoots(rig);
    expect(recorded).toHaveLength(2);
    expect(recorded.slice(0, kept.length)).toEqual(kept);
    expect(recorded).not.toContain(boot.bootId);
    const again = await rig.drydock('resume', run).ended;
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('is finished: there is nothing to resume');
  });
});

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { recordSchema } from '../../src/model/record.ts';
import type { FakeBoot } from '../support/rig/fake-qemu.ts';
import type { Hold } from '../support/rig/control.ts';
import { createRig } from '../support/rig/rig.ts';
import type { Drydock, Rig } from '../support/rig/rig.ts';

const STOCK_ALONE = { stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' } };
const RUN = ['--boots', '1', '--accel', 'tcg'];
/** Well above what drydock calls late (0.5 s and the fit's error). A stop is made of time: there is nothing to wait for. */
const STOP_MS = 4000;
const PATIENCE = { timeout: 60_000, interval: 20 };

/** Waits until drydock has read all but `ready`. */
async function readAllButReady(rig: Rig, drydock: Drydock, held: Hold<FakeBoot>): Promise<void> {
  await drydock.until(held);
  const log = path.join(await rig.runDirectory(), 'boots', 'boot-00-stock', 'console.log');
  await vi.waitFor(async () => expect(await readFile(log, 'utf8')).toContain('docker0 up'), PATIENCE);
}

/** Stops drydock when it has read all but `ready`, lets the guest be ready meanwhile, and lets drydock go on. */
async function stopAcrossReady(rig: Rig, drydock: Drydock, held: Hold<FakeBoot>): Promise<void> {
  await readAllButReady(rig, drydock, held);
  drydock.kill('SIGSTOP');
  held.release();
  await setTimeout(STOP_MS);
  drydock.kill('SIGCONT');
}

const isMeasured = (index: number) => (boot: FakeBoot) => boot.measured === index;
const measured = (rig: Rig) => rig.boots.filter((boot) => boot.measured !== undefined).map((boot) => boot.bootId);

async function recordOf(rig: Rig) {
  return recordSchema.parse(JSON.parse(await readFile(path.join(await rig.runDirectory(), 'record.json'), 'utf8')));
}

describe.concurrent('a drydock that is stopped while a guest becomes ready', () => {
  test('repeats the boot, says so, and keeps the logs of both', async () => {
    await using rig = await createRig({ hasImage: true });
    const held = rig.holdBoot(isMeasured(0));
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
    await stopAcrossReady(rig, run, held);
    const { code, stdout, stderr } = await run.ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);

    const { boots, findings } = await recordOf(rig);
    expect(boots.map((boot) => boot.bootId)).toEqual(measured(rig).slice(1));
    const [boot] = boots;
    expect(boot?.excluded).toBeUndefined();
    expect(boot?.metrics['total_boot_host']).toBe(boot?.hostReadySec);
    const [first] = boot?.repeated ?? [];
    expect(first?.metric).toBe('total_boot_host');
    // What the stop cost is between the two numbers.
    expect((first?.value ?? 0) - (first?.fittedSec ?? 0)).toBeGreaterThan(STOP_MS / 2000);
    const said =
      /total_boot_host of \d+\.\d\d s \(\d+\.\d\d s by the guest's clock\) does not count: its line arrived \d+\.\d\d s late/;
    expect(stdout).toMatch(new RegExp(`warning: ${said.source}.*; repeating the boot\n`));
    expect(findings.filter(({ level }) => level === 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(new RegExp(`^boot 1, stock, was repeated. First attempt: ${said.source}`)),
    ]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('boot 1, stock, was repeated. First attempt: total_boot_host');
    const directory = await rig.runDirectory();
    for (const folder of ['boots', 'spoiled']) {
      expect(await readdir(path.join(directory, folder, 'boot-00-stock'))).toContain('console.log');
    }
    expect((await rig.journal()).map(({ type }) => type)).toContain('boot-repeated');
  });

  test('repeats the boot, too, when the guest was as still as a frozen machine meanwhile', async () => {
    await using rig = await createRig({ hasImage: true });
    const held = rig.holdBoot(isMeasured(0));
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
    await readAllButReady(rig, run, held);
    run.kill('SIGSTOP');
    await setTimeout(STOP_MS);
    run.kill('SIGCONT');
    held.release();
    const { code, stderr } = await run.ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(measured(rig)).toHaveLength(2);
    const { boots } = await recordOf(rig);
    expect(boots[0]?.repeated?.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/drydock did not run for \d\.\d s/),
    ]);
  });

  test('twice leaves the figure out, with its reason, and keeps those of the guest’s clock', async () => {
    await using rig = await createRig({ hasImage: true });
    const [once, twice] = [rig.holdBoot(isMeasured(0)), rig.holdBoot(isMeasured(1))];
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
    await stopAcrossReady(rig, run, once);
    await stopAcrossReady(rig, run, twice);
    const { code, stderr } = await run.ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(measured(rig)).toHaveLength(2);
    const { boots, measurements, findings } = await recordOf(rig);
    expect(boots).toHaveLength(1);
    expect(boots[0]?.metrics).not.toHaveProperty('total_boot_host');
    expect(boots[0]?.metrics).toHaveProperty('total_boot');
    expect(boots[0]?.excluded).toEqual([
      expect.objectContaining({ metric: 'total_boot_host', value: boots[0]?.hostReadySec }),
    ]);
    expect(measurements['stock']?.map(({ metric }) => metric)).not.toContain('total_boot_host');
    const warnings = findings.filter(({ level }) => level === 'warning').map(({ message }) => message);
    expect(warnings).toContainEqual(expect.stringMatching(/^boot 1, stock: total_boot_host of .* does not count: /));
  });
});

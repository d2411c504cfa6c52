import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordSchema } from '../../src/model/record.ts';
import type { FakeBoot } from '../support/rig/fake-qemu.ts';
import { createRig } from '../support/rig/rig.ts';
import type { Drydock, Rig } from '../support/rig/rig.ts';

const STOCK_ALONE = { stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' } };
const RUN = ['--boots', '1', '--accel', 'tcg'];
/** As Debian's 6.1 prints it. */
const PANIC =
  "[    1.834211] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug and send a report.  Then try booting with the 'noapic' option.";

const startMeasured = async (rig: Rig): Promise<Drydock> =>
  rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
const measured = (rig: Rig): readonly FakeBoot[] => rig.boots.filter((boot) => boot.measured !== undefined);

function panicOf(rig: Rig, index: number) {
  const held = rig.holdBoot((boot) => boot.measured === index);
  return async (run: Drydock): Promise<void> => {
    const boot = await run.until(held);
    boot.say(PANIC);
    boot.say('[    1.834300] ---[ end Kernel panic - not syncing: IO-APIC ]---');
  };
}

describe.concurrent('a host that is too busy for the kernel to find its timer', () => {
  test('has the boot made once more, and the boot, the report and the terminal say so', async () => {
    await using rig = await createRig({ hasImage: true });
    const panic = panicOf(rig, 0);
    const run = await startMeasured(rig);
    await panic(run);
    const { code, stdout, stderr } = await run.ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);

    const directory = await rig.runDirectory();
    const { boots } = recordSchema.parse(JSON.parse(await readFile(path.join(directory, 'record.json'), 'utf8')));
    expect(boots.map(({ bootId }) => bootId)).toEqual((await rig.countedBoots()).map(({ bootId }) => bootId));
    expect(boots[0]?.bootId).not.toBe(measured(rig)[0]?.bootId);
    const said = 'booted twice. First attempt: The host was too busy to boot a guest';
    // In the boot itself, so that a run that is resumed later still says it.
    expect(boots[0]?.warnings).toContainEqual(expect.stringContaining(said));
    expect(stdout).toMatch(/warning: The host was too busy .*; repeating the boot\n/);
    expect(await readFile(path.join(directory, 'report.md'), 'utf8')).toContain(said);
    const logs = path.join(directory, 'boots', 'boot-00-stock');
    expect(await readFile(path.join(logs, 'console-busy-host.log'), 'utf8')).toContain(PANIC);
    expect(await readFile(path.join(logs, 'console.log'), 'utf8')).toContain('drydock: ready');
  });

  test('twice ends the run as a fault of the host, with what to do', async () => {
    await using rig = await createRig({ hasImage: true });
    const panics = [panicOf(rig, 0), panicOf(rig, 1)];
    const run = await startMeasured(rig);
    for (const panic of panics) await panic(run);
    const { code, stderr } = await run.ended;
    expect(code).toBe(3);
    expect(stderr).toContain('✗ The host was too busy to boot a guest');
    expect(stderr).toContain('add no_timer_check');
    expect(stderr).toContain('resume: npm run drydock -- resume ');
    expect(measured(rig)).toHaveLength(2);
  });
});

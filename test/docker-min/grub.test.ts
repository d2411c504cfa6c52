import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startsPattern } from '../../src/guest/grub/grub-menu.ts';
import { createHost } from '../../src/host/node-host.ts';
import { timelineSchema } from '../../src/model/boots/timeline.ts';
import { runDrydock } from '../support/cli-run.ts';
import type { CliRun } from '../support/cli-run.ts';

const host = createHost();

/** docker-min out of the guest's own disk, by its own boot loader: proven once, measured once, and kept. */
describe('docker-min booted by GRUB', () => {
  let run: CliRun;
  const file = (...names: readonly string[]): string => path.join(run.directory, ...names);
  const text = (...names: readonly string[]): string => readFileSync(file(...names), 'utf8');
  const release = (): string => run.record().arms.find(({ name }) => name === 'docker-min')?.kernelRelease ?? '';

  beforeAll(async () => {
    const options = ['--boot', 'grub', '--boots', '1', '--keep-kernel', 'docker-min'];
    run = await runDrydock('--profile', 'docker-min', ...options);
  });
  afterAll(() => {
    rmSync(run.results, { recursive: true, force: true });
  });

  test('is proven by another boot_id and by uname -r, and so is the stock arm', () => {
    expect(run.exitCode, run.stderr).toBe(0);
    const { arms } = run.record();
    expect(release()).toMatch(/-docker-min$/);
    for (const { name, reboot, kernelRelease, docker } of arms) {
      expect(reboot?.unameRelease, name).toBe(kernelRelease);
      expect(reboot?.bootIdAfter, name).not.toBe(reboot?.bootIdBefore);
      expect(docker?.exitCode, name).toBe(0);
    }
    const [stock, dockerMin] = arms;
    expect(dockerMin?.reboot?.bootIdBefore).toBe(stock?.reboot?.bootIdAfter);
  });

  test('gets the command line of its arm, from an entry that says that it was started', () => {
    for (const [order, { name, cmdline }] of run.record().arms.entries()) {
      const boot = ['boots', `boot-0${order}-${name}`];
      expect(text(...boot, 'console.log')).toMatch(startsPattern(name));
      expect(text(...boot, 'dmesg.txt')).toMatch(/Kernel command line: BOOT_IMAGE=.*/);
      expect(text(...boot, 'dmesg.txt')).toContain(` ${cmdline}\n`);
    }
  });

  test('is measured from the disk, and the time of firmware and GRUB is in its timeline', () => {
    const { boots, environment } = run.record();
    expect(environment.boot).toBe('grub');
    expect(boots.map(({ arm, kernelRelease }) => [arm, kernelRelease === release()])).toEqual([
      ['stock', false],
      ['docker-min', true],
    ]);
    for (const [order, { arm }] of boots.entries()) {
      const timeline = timelineSchema.parse(JSON.parse(text('boots', `boot-0${order}-${arm}`, 'timeline.json')));
      const spans = timeline.lanes.find(({ id }) => id === 'machine')?.spans ?? [];
      const names = ['QEMU start', 'firmware, start of GRUB', 'GRUB loads', 'kernel before its clock'];
      expect(spans.map(({ name }) => name)).toEqual(names);
      for (const { name, startSec, endSec } of spans) expect(endSec, name).toBeGreaterThan(startSec);
    }
  });

  test('is the default of the disk that is kept, as a boot has proved that nothing was said for', async () => {
    const { keptKernel } = run.record();
    expect(keptKernel?.arm).toBe('docker-min');
    expect(keptKernel?.reboot.unameRelease).toBe(release());
    expect(keptKernel?.reboot.bootIdAfter).not.toBe(keptKernel?.reboot.bootIdBefore);
    expect(await host.files.sha256(file(keptKernel?.disk ?? ''))).toBe(keptKernel?.sha256);
  });
});

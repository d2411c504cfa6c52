import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/model/record.ts';
import { recordSchema } from '../../src/model/record.ts';
import { runMain } from '../support/drydock-main.ts';

/** The real thing: Debian guest, stock kernel, BusyBox initrd, Docker, under the accelerator this host has. */
describe('a run of the smoke profile', () => {
  const results = mkdtempSync(path.join(tmpdir(), 'drydock-smoke-'));
  let exitCode: number | null = null;
  let stdout = '';
  let stderr = '';

  const runDirectory = (): string => path.join(results, readdirSync(results)[0] ?? '');
  const record = (): RunRecord =>
    recordSchema.parse(JSON.parse(readFileSync(path.join(runDirectory(), 'record.json'), 'utf8')));

  beforeAll(async () => {
    const request = ['--profile', 'smoke', '--guest', 'debian-12-minimal', '--results-dir', results];
    ({ code: exitCode, stdout, stderr } = await runMain(['run', ...request]));
  });
  afterAll(() => {
    rmSync(results, { recursive: true, force: true });
  });

  test('ends with exit code 0 and a table', () => {
    expect(stderr).toBe('');
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain('Report: ');
  });

  test('says which guest and which accelerator it took, and why', () => {
    const { guest, environment } = record();
    expect(guest.name).toBe('debian-12-minimal');
    expect(guest.reason).not.toBe('');
    expect(['kvm', 'tcg']).toContain(environment.accelerator);
    expect(environment.acceleratorReason).not.toBe('');
  });

  test('proves the reboot by another boot id and the expected release', () => {
    const [arm] = record().arms;
    expect(arm?.reboot?.unameRelease).toBe(arm?.kernelRelease);
    expect(arm?.reboot?.bootIdAfter).not.toBe(arm?.reboot?.bootIdBefore);
  });

  test("proves Docker by a container's own words about its bridge network", () => {
    const docker = record().arms[0]?.docker;
    expect(docker?.exitCode).toBe(0);
    expect(docker?.stdout).toMatch(/^eth0 172\.17\.0\.\d+\/16/m);
    expect(docker?.stdout).toContain('0% packet loss');
  });

  test("judges the stock configuration line by line as Docker's own check-config.sh does", () => {
    const check = record().arms[0]?.configCheck;
    expect(check?.disagreements).toEqual([]);
    expect(check?.missingNecessary).toEqual([]);
    expect(check?.rows.length).toBeGreaterThan(60);
  });

  test('finds the markers of the boot in order, on both clocks', () => {
    const [boot] = record().boots;
    const at = (
      ['initmem-freed', 'init-exec', 'systemd-start', 'modules-begin', 'modules-end', 'docker0-up', 'ready'] as const
    ).map((id) => boot?.markers[id]?.atSec ?? Number.NaN);
    expect(at.every(Number.isFinite), String(at)).toBe(true);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    expect(boot?.hostReadySec).toBeGreaterThan(at.at(-1) ?? Number.POSITIVE_INFINITY);
    for (const metric of [
      'kernel_init',
      'initrd_release',
      'initrd_phase',
      'module_loading',
      'total_boot',
      'memory_used',
    ]) {
      expect(boot?.metrics[metric], metric).toBeGreaterThan(0);
    }
  });

  test('found the guest at the time of day that it is', () => {
    const clock = record().boots[0]?.wallClock;
    expect(Math.abs(clock?.offsetSec ?? Number.NaN) - (clock?.errorSec ?? 0)).toBeLessThanOrEqual(2);
  });

  test('used the BusyBox initrd, and modules for the disk came from it', () => {
    const log = readFileSync(path.join(runDirectory(), 'boots/boot-00-smoke/dmesg.txt'), 'utf8');
    expect(log).toContain('Run /linuxrc as init process');
    expect(log).toMatch(/virtio_blk virtio\d: \[vda\]/);
  });

  test('leaves the reports, the journal and what was collected', () => {
    const files = readdirSync(runDirectory());
    for (const file of ['record.json', 'report.html', 'report.md', 'junit.xml', 'journal.jsonl'])
      expect(files).toContain(file);
    const collected = readdirSync(path.join(runDirectory(), 'boots/boot-00-smoke'));
    for (const file of [
      'console.log',
      'dmesg.txt',
      'lsmod.txt',
      'docker-info.txt',
      'systemd-analyze.txt',
      'meminfo.txt',
      'uname.txt',
    ]) {
      expect(collected).toContain(file);
    }
  });
});

import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyzeBootLog } from '../../src/bootlog/analysis.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine } from '../../src/guest/machine/machine.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { buildOldInitrd } from '../../src/initrd/old-initrd.ts';
import { parseConfig } from '../../src/kernel/config/config.ts';
import {
  checkOldInitrd,
  checkOldInitrdParameters,
  OLD_INITRD_FRAGMENT,
  ramDiskKb,
} from '../../src/kernel/config/old-initrd-requirements.ts';
import { parseVersion } from '../../src/kernel/version.ts';
import { buildTinyKernel } from '../support/tiny-kernel.ts';
import type { TinyKernel } from '../support/tiny-kernel.ts';

/** A 6.1 kernel is built here, with the RTC patch, and boots drydock's initrd in the old style under TCG. */
const host = createHost();
const UUID = '6f1e2d3c-1111-4222-8333-444455556666';
const BUSYBOX = '/bin/busybox';

/** The test's init: what time it is, what the root is, what has become of the initrd. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "time $(/bin/busybox date +%s) end"
[ -f /initrd/linuxrc ] && echo 'the initrd is at /initrd'
while read -r _ point type options _; do
  [ "$point" = / ] && echo "root is up: $type $options end"
done < /proc/mounts
exec /bin/busybox poweroff -f
`;

/** Sooner than the RTC's second by less than one, and read without waiting for its update by one more (src/guest/inspect/wall-clock.ts). */
const CLOCK_BOUND_SEC = 2;

describe('a kernel built here, with an initrd in the old style', () => {
  let folder: string;
  let kernel: TinyKernel;
  let initrd: { readonly path: string; readonly ramDiskKb: number };
  let turn = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-old-initrd-'));
    kernel = await buildTinyKernel(host, ['console', 'printk', OLD_INITRD_FRAGMENT, 'rtc-no-sync'], folder);
    initrd = await makeInitrd('small');
    await makeRoot('root.ext4', []);
    await makeRoot('root-with-initrd.ext4', ['initrd']);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function makeInitrd(name: string, moduleFile?: string) {
    const workDir = path.join(folder, name);
    await mkdir(workDir);
    const made = await buildOldInitrd(host, {
      busyboxPath: BUSYBOX,
      workDir,
      outputPath: path.join(folder, `${name}.gz`),
      ...(moduleFile === undefined
        ? {}
        : { modules: { release: kernel.release, files: [{ name: 'kernel/large.ko', path: moduleFile }] } }),
    });
    return { ...made, path: path.join(folder, `${name}.gz`) };
  }

  async function makeRoot(name: string, folders: readonly string[]): Promise<void> {
    const root = path.join(folder, `tree-${name}`);
    for (const one of ['bin', 'sbin', 'dev', 'proc', ...folders])
      await mkdir(path.join(root, one), { recursive: true });
    await copyFile(BUSYBOX, path.join(root, 'bin/busybox'));
    await writeFile(path.join(root, 'bin/real-init'), INIT);
    await chmod(path.join(root, 'bin/real-init'), 0o755);
    await symlink('/bin/real-init', path.join(root, 'sbin/init'));
    const filesystem = path.join(folder, name);
    await writeFile(filesystem, '');
    await truncate(filesystem, 24 << 20);
    await host.processes.run(['mke2fs', '-q', '-t', 'ext4', '-U', UUID, '-d', root, filesystem]);
  }

  async function boot(cmdline: string, disk: string | undefined, initrdPath = initrd.path): Promise<Machine> {
    turn += 1;
    return startMachine(
      host,
      {
        accelerator: 'tcg',
        cpus: 1,
        memoryMb: 256,
        kernelPath: kernel.bzImagePath,
        initrdPath,
        cmdline: `console=ttyS0 ${cmdline}`,
        ...(disk === undefined ? {} : { disk: { path: path.join(folder, disk), format: 'raw' as const } }),
      },
      { directory: path.join(folder, `boot-${String(turn)}`) },
    );
  }

  const textOf = (machine: Machine): string => machine.console.lines.map((line) => line.text).join('\n');

  async function bootToRoot(cmdline: string, disk: string, initrdPath?: string): Promise<string> {
    await using machine = await boot(cmdline, disk, initrdPath);
    await machine.waitFor(/root is up: \S+ \S+ end/);
    expect(await machine.expectExit('the guest to power off')).toMatchObject({ reason: 'guest-shutdown' });
    return textOf(machine);
  }

  async function failureOf(booting: Promise<Machine>) {
    await using machine = await booting;
    const error: unknown = await machine.waitFor(/root is up: /).catch((reason: unknown) => reason);
    if (error instanceof Fault) return error.failure;
    throw new Error(`No Fault was thrown but ${String(error)}`);
  }

  test('has what drydock demands of such a kernel, by its final configuration', () => {
    expect(kernel.release).toMatch(/^6\.1\..*-drydock-tiny$/);
    const config = parseConfig(kernel.configText);
    expect(() => {
      checkOldInitrd('The kernel', parseVersion(kernel.release), config);
    }).not.toThrow();
    expect(initrd.ramDiskKb).toBeLessThan(ramDiskKb(config));
  });

  test('loads it into a RAM disk, runs its /linuxrc, mounts the root and starts the root’s init, in this order', async () => {
    const said = await bootToRoot('root=/dev/vda ro', 'root.ext4');
    const steps = [
      /rootfs image is not initramfs \(.*\); looks like an initrd/,
      /RAMDISK: gzip image found at block 0/,
      /VFS: Mounted root \(ext2 filesystem\) on device 1:0\./,
      /drydock: initrd start/,
      /drydock: initrd leaves \/dev\/vda to the kernel/,
      /VFS: Mounted root \(ext4 filesystem\) readonly on device \d+:0\./,
      /Trying to move old root to \/initrd \.\.\. /,
      /\/initrd does not exist\. Ignored\./,
      /Unmounting old root/,
      /Freeing unused kernel image \(initmem\) memory/,
      /Run \/sbin\/init as init process/,
      /root is up: ext4 ro/,
    ];
    const places = steps.map((step) => said.search(step));
    expect(places.map((place, index) => (place === -1 ? steps[index] : 'found'))).toEqual(steps.map(() => 'found'));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    // Nothing went wrong underway: what the script mounted, it could take away again.
    expect(said).not.toMatch(/^(?:mount|umount|insmod|sh|\/?linuxrc|\/init):/m);
  });

  test('is told the root’s number where it cannot know the device by its name, with its type', async () => {
    const said = await bootToRoot(`root=UUID=${UUID} rw rootfstype=ext4`, 'root.ext4');
    expect(said).toMatch(/root is up: ext4 rw,relatime end/);
    expect(said).toMatch(/drydock: initrd leaves \/dev\/vda to the kernel/);
  });

  test('leaves the initrd at /initrd where the root has a place for it', async () => {
    const said = await bootToRoot('root=/dev/vda ro', 'root-with-initrd.ext4');
    expect(said).toContain('the initrd is at /initrd');
    expect(said).not.toContain('Unmounting old root');
  });

  test('takes an image larger than its RAM disks are, once it is told the size', async () => {
    const file = path.join(folder, 'large.ko');
    await writeFile(file, randomBytes(4 << 20));
    const large = await makeInitrd('large', file);
    expect(large.ramDiskKb).toBeGreaterThan(ramDiskKb(parseConfig(kernel.configText)));
    // Without the size the boot is ended, though the kernel could go on without its initrd.
    const { kind, headline } = await failureOf(boot('quiet root=/dev/vda ro', 'root.ext4', large.path));
    expect(kind).toBe('missing-root');
    expect(headline).toContain('into its RAM disk: incomplete write');
    const said = await bootToRoot(`root=/dev/vda ro ramdisk_size=${String(large.ramDiskKb)}`, 'root.ext4', large.path);
    // It is no module; that it was asked shows that it was read from the RAM disk.
    expect(said).toContain(`drydock: module /lib/modules/${kernel.release}/kernel/large.ko was not loaded`);
  });

  test('mounts its RAM disk with the flags of the root, which drydock refuses for that reason', async () => {
    const parameters = ['root=/dev/vda', 'rootflags=commit=7'];
    await using machine = await boot(parameters.join(' '), 'root.ext4');
    await expect(machine.waitFor(/root is up: /)).rejects.toThrow(/could not mount the root file system/);
    expect(textOf(machine)).toMatch(/\(ram0\): can't mount with commit=7/);
    expect(() => {
      checkOldInitrdParameters('old', parameters);
    }).toThrow(/whose RAM disk the kernel would mount with rootflags=commit=7, too/);
  });

  test('without its root says what it saw, as the cpio does', async () => {
    const { kind, headline } = await failureOf(boot('quiet root=/dev/vda rootdelay=1', undefined));
    expect(kind).toBe('missing-root');
    expect(headline).toContain('/dev/vda not found; block devices seen: none; is VIRTIO_BLK built in?');
  });

  test('yields phases that tell the RAM disk from the initrd, and no initrd phase that would be another thing', async () => {
    const log = parseBootLog(await bootToRoot('root=/dev/vda ro', 'root.ext4'));
    const [analysis] = analyzeBootLog(log, { source: 'console', boots: log.boots, top: 5, presence: [] }).boots;
    const names = analysis?.phases.map(({ name }) => name) ?? [];
    expect(names.slice(names.indexOf('RAM disk'))).toEqual([
      'RAM disk',
      'initrd',
      'leaving the initrd',
      'freeing init memory',
    ]);
    const spent = analysis?.phases.find(({ name }) => name === 'initrd');
    expect((spent?.endSec ?? 0) - (spent?.startSec ?? 0)).toBeGreaterThan(0);
    const phase = analysis?.metrics.find(({ id }) => id === 'initrd_phase');
    expect(phase?.valueSec).toBeNull();
    expect(analysis?.warnings.join('\n')).toContain('kernel_init contains it');
  });

  test('with the RTC patch boots and keeps the time: what the guest reads lies between its start and its answer', async () => {
    expect(kernel.patchProof).toHaveLength(3);
    const startedSec = host.clock.nowMs() / 1000;
    await using machine = await boot('root=/dev/vda ro', 'root.ext4');
    const { text } = await machine.waitFor(/time \d+ end/);
    const answeredSec = host.clock.nowMs() / 1000;
    const guestSec = Number(/time (\d+) end/.exec(text)?.[1]);
    expect(guestSec).toBeGreaterThanOrEqual(startedSec - CLOCK_BOUND_SEC);
    expect(guestSec).toBeLessThanOrEqual(answeredSec + CLOCK_BOUND_SEC);
  });
});

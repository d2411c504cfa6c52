import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMachine } from '../../src/guest/machine/machine.ts';
import { NO_TIMER_CHECK } from '../../src/guest/machine/unmeasured-cmdline.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { parseCollectorLog } from '../../src/bootlog/processes/collector-log.ts';
import { buildInitrd } from '../../src/initrd/busybox-initrd.ts';
import { collectorCmdline, compileCollector, prependCollector } from '../../src/initrd/collector/collector.ts';
import { replaceInit } from '../../src/initrd/in-place.ts';
import { moduleLoadOrder } from '../../src/initrd/modules.ts';
import { writeGptDisk, writeMbrDisk } from '../support/disk-image.ts';

/** Boots drydock's initrd for real, under TCG, with the guest image's kernel (test/support/global-setup.ts). */
const host = createHost();
const UUID = '6f1e2d3c-1111-4222-8333-444455556666';
const PARTUUID = 'a1b2c3d4-e5f6-4789-8abc-def012345678';
const MBR_SIGNATURE = 0x0badcafe;

function required(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is not set; it names the Debian kernel (or its modules) that these tests boot`);
}

/** The test's init: says what it found on the new root, then powers off. */
const INIT = `#!/bin/busybox sh
[ -c /dev/console ] && [ -r /proc/cmdline ] && echo 'mounts moved'
while read -r _ point type options _; do
  [ "$point" = / ] && echo "root is up: $type $options end"
done < /proc/mounts
exec /bin/busybox poweroff -f
`;

/** An init that lets the collector see something, ends it, and prints its log; systemd mounts /run in the same way. */
const COLLECTED_INIT = `#!/bin/busybox sh
/bin/busybox mount -t tmpfs tmpfs /run
/bin/busybox sh -c 'i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done'
/bin/busybox dd if=/dev/vda of=/dev/null bs=64k count=64 2> /dev/null
until [ -f /run/drydock/collector.log ]; do /bin/busybox usleep 20000; done
/bin/busybox mkfifo /run/drydock/stop
/bin/busybox cat /run/drydock/stop
while read -r line; do echo "log: $line"; done < /run/drydock/collector.log
echo 'that was the log'
# Powering off could outrun what the console has still to say.
exec /bin/busybox sleep 3600
`;

describe('drydock’s initrd on a real kernel', () => {
  let folder: string;
  let kernelPath: string;
  let initrdPath: string;
  let filesystem: string;
  let modules: { readonly release: string; readonly order: readonly string[] };
  let turn = 0;

  beforeAll(async () => {
    kernelPath = required('DRYDOCK_TEST_KERNEL');
    const moduleRoot = required('DRYDOCK_TEST_MODULES');
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-initrd-'));
    const text = (name: string): Promise<string> => host.files.readText(path.join(moduleRoot, `modules.${name}`));
    const order = moduleLoadOrder({
      dep: await text('dep'),
      builtin: await text('builtin'),
      softdep: await text('softdep'),
      alias: await text('alias'),
      wanted: ['virtio_pci', 'virtio_blk', 'ext4'],
    });
    initrdPath = path.join(folder, 'initrd');
    modules = { release: path.basename(moduleRoot), order };
    const busyboxPath = (await host.processes.which('busybox')) ?? '';
    await buildInitrd(host, {
      busyboxPath,
      outputPath: initrdPath,
      compression: 'gzip',
      modules: {
        release: path.basename(moduleRoot),
        files: order.map((name) => ({ name, path: path.join(moduleRoot, name) })),
      },
    });
    const root = path.join(folder, 'root');
    for (const name of ['bin', 'sbin', 'lib', 'dev', 'proc', 'run', 'sys'])
      await mkdir(path.join(root, name), { recursive: true });
    await copyFile(busyboxPath, path.join(root, 'bin/busybox'));
    await writeFile(path.join(root, 'lib/real-init'), INIT);
    await chmod(path.join(root, 'lib/real-init'), 0o755);
    await writeFile(path.join(root, 'lib/collected-init'), COLLECTED_INIT);
    await chmod(path.join(root, 'lib/collected-init'), 0o755);
    // Absolute, as Debian's /sbin/init is: followed on the initrd's own root it would lead nowhere.
    await symlink('/lib/real-init', path.join(root, 'sbin/init'));
    filesystem = path.join(folder, 'root.ext4');
    await writeFile(filesystem, '');
    await truncate(filesystem, 24 << 20);
    await host.processes.run(['mke2fs', '-q', '-t', 'ext4', '-L', 'ship', '-U', UUID, '-d', root, filesystem]);
    await writeGptDisk(path.join(folder, 'gpt'), filesystem, { uuid: PARTUUID, name: 'hull' });
    await writeMbrDisk(path.join(folder, 'mbr'), filesystem, MBR_SIGNATURE);
  }, 60_000);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function boot(cmdline: string, diskPath?: string, initrd = initrdPath, memoryMb = 256) {
    turn += 1;
    return startMachine(
      host,
      {
        accelerator: 'tcg',
        cpus: 1,
        memoryMb,
        kernelPath,
        initrdPath: initrd,
        cmdline: `console=ttyS0 quiet ${NO_TIMER_CHECK} rdinit=/linuxrc ${cmdline}`,
        ...(diskPath === undefined ? {} : { disk: { path: diskPath, format: 'raw' as const } }),
      },
      { directory: path.join(folder, `boot-${turn}`) },
    );
  }

  test.each([
    ['a device', 'root=/dev/vda', 'root.ext4', 'ro'],
    [
      'a file system’s UUID, for writing, with its type and flags',
      `root=UUID=${UUID} rw rootfstype=ext4 rootflags=noatime`,
      'root.ext4',
      'rw,noatime',
    ],
    ['a label', 'root=LABEL=ship init=/lib/real-init', 'root.ext4', 'ro'],
    ['the PARTUUID of a GPT partition, in capitals', `root=PARTUUID=${PARTUUID.toUpperCase()}`, 'gpt', 'ro'],
    ['the PARTUUID of an MBR partition', 'root=PARTUUID=0badcafe-01', 'mbr', 'ro'],
    ['the label of a GPT partition', 'root=PARTLABEL=hull', 'gpt', 'ro'],
  ])('finds its root by %s and hands over to its init', async (_what, cmdline, disk, options) => {
    await using machine = await boot(cmdline, path.join(folder, disk));
    // The end of the line is part of the pattern: a line that is still arriving matches, too.
    const line = await machine.waitFor(/root is up: \S+ \S+ end/);
    expect(line.text).toContain(`root is up: ext4 ${options}`);
    expect(machine.console.lines.map((one) => one.text)).toContain('mounts moved');
    expect(await machine.expectExit('the guest to power off')).toMatchObject({ reason: 'guest-shutdown' });
  });

  test('in the place of the init of Debian’s own initrd loads the modules that lie in there, and hands over', async () => {
    const workDir = await mkdtemp(path.join(folder, 'in-place-'));
    const replaced = path.join(folder, 'initrd-in-place');
    await replaceInit(host, {
      initrdPath: required('DRYDOCK_TEST_INITRD'),
      busyboxPath: '/bin/busybox',
      modules,
      workDir,
      outputPath: replaced,
    });
    // A louder console than the others', so that the script's own words are on it.
    await using machine = await boot(`root=UUID=${UUID} loglevel=7`, filesystem, replaced, 512);
    const line = await machine.waitFor(/root is up: \S+ \S+ end/);
    expect(line.text).toContain('root is up: ext4 ro');
    expect(await machine.expectExit('the guest to power off')).toMatchObject({ reason: 'guest-shutdown' });
    const said = machine.console.lines.map((one) => one.text).join('\n');
    expect(said).toContain('Run /linuxrc as init process');
    expect(said).toContain('drydock: initrd switching root');
    expect(said).not.toContain('was not loaded');
    // What Debian's own init says first.
    expect(said).not.toContain('Loading, please wait');
  });

  test('has the collector see every process from before itself to after the hand-over', async () => {
    const workDir = await mkdtemp(path.join(folder, 'collector-'));
    const programPath = await compileCollector(host, { workDir });
    const collecting = path.join(folder, 'initrd-collecting');
    await prependCollector(host, { programPath, initrdPath, outputPath: collecting });
    const cmdline = ['root=/dev/vda init=/lib/collected-init', ...collectorCmdline(25)].join(' ');
    await using machine = await boot(cmdline, filesystem, collecting);
    await machine.waitFor(/that was the log/);

    const lines = machine.console.lines.flatMap(({ text }) => (text.startsWith('log: ') ? [text.slice(5)] : []));
    const log = parseCollectorLog(lines.join('\n'));
    expect(lines.at(-1)).toBe('E stop');
    expect(log.warnings).toEqual([]);
    expect(log.hasEvents).toBe(true);
    // The initrd's own programs, those of the root, and the kernel's threads.
    const names = log.processes.map((one) => one.name);
    const expected = ['collected-init', 'insmod', 'mount', 'busybox', 'kthreadd', 'drydock-collect'];
    expect(names).toEqual(expect.arrayContaining(expected));
    expect(log.processes.find((one) => one.pid === 1)?.endSec).toBeUndefined();
    const ended = log.processes.filter((one) => one.endSec !== undefined && !one.isKernelThread);
    expect(ended.length).toBeGreaterThan(10);
    for (const one of ended) expect(one.endErrorSec, one.name).toBe(0);
    // One of them is the loop that keeps a processor busy; which one, its time alone tells.
    const times = ended.filter((one) => one.ppid === 1 && one.name === 'busybox').map((one) => one.cpuSec);
    expect(Math.max(...times)).toBeGreaterThan(0.02);
    expect(log.disks.reduce((sum, one) => sum + one.readBytes, 0)).toBeGreaterThan(64 * 65536);
    expect(log.collectorCpuSec).toBeLessThan((log.endSec - log.startSec) / 4);
  });

  async function failureOf(cmdline: string, diskPath?: string) {
    await using machine = await boot(cmdline, diskPath);
    const error: unknown = await machine.waitFor(/root is up: /).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof Fault) return error.failure;
    throw new Error(`No Fault was thrown but ${String(error)}`);
  }

  test('without any disk says what it saw and what may be missing, on a quiet console too', async () => {
    const failure = await failureOf('root=/dev/vda rootdelay=1');
    expect(failure.kind).toBe('missing-root');
    expect(failure.headline).toContain('/dev/vda not found; block devices seen: none; is VIRTIO_BLK built in?');
  });

  test('with the wrong root names the devices there are, and leaves a shell', async () => {
    const failure = await failureOf('root=UUID=00000000-0000-0000-0000-000000000000 rootdelay=1', filesystem);
    expect(failure.kind).toBe('missing-root');
    expect(failure.headline).toContain('block devices seen: vda');
    expect(failure.consoleTail?.join('\n')).toContain('A shell follows');
  });

  test('with a root it cannot mount says as what it tried', async () => {
    const failure = await failureOf('root=/dev/vda rootfstype=xfs', filesystem);
    expect(failure.kind).toBe('missing-root');
    expect(failure.headline).toContain('could not be mounted as xfs');
  });

  test('with an init that does not exist says which and where', async () => {
    const failure = await failureOf('root=/dev/vda init=/nonexistent', filesystem);
    expect(failure.kind).toBe('missing-init');
    expect(failure.headline).toContain('/nonexistent is not on the root file system /dev/vda');
  });

  test('leaves nothing but its logs and their stamps in the directory of a machine', async () => {
    const names = await readdir(path.join(folder, 'boot-1'));
    expect(names.filter((name) => !name.endsWith('.log'))).toEqual(['console.stamps']);
  });
});

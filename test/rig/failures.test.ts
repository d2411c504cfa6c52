import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { groupGone, groupOf } from '../support/processes.ts';
import { createRig } from '../support/rig/rig.ts';

const STOCK_ALONE = { stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' } };
const RUN = ['--boots', '1', '--accel', 'tcg'];

describe.concurrent('a run that cannot start', () => {
  test('names the profile that was meant', async () => {
    await using rig = await createRig();
    const { code, stderr } = await rig.drydock('run', '--profile', 'docker-mni').ended;
    expect(code).toBe(2);
    expect(stderr).toContain('There is no profile named docker-mni');
    expect(stderr).toContain('Did you mean docker-min?');
  });

  test('says why CentOS 7 cannot be had where its medium is not, and what to give', async () => {
    await using rig = await createRig();
    const iso = path.join(rig.folder, 'absent.iso');
    const centos = ['--guest', 'centos-7-minimal', '--image', iso];
    const { code, stderr } = await rig.drydock('run', '--profile', 'stock', ...centos).ended;
    expect(code).toBe(3);
    expect(stderr).toContain(`✗ The guest centos-7-minimal cannot be made: there is no file ${iso}\n`);
    expect(stderr).toContain('CentOS-7-x86_64-Minimal-2009.iso');
    expect(rig.callsOf('apt-get')).toEqual([]);
  });

  test('says why CentOS 7 cannot be used where the profile wants Debian, and what can', async () => {
    await using rig = await createRig();
    const { code, stderr } = await rig.drydock('run', '--profile', 'printk-off', '--guest', 'centos-7-minimal').ended;
    expect(code).toBe(3);
    expect(stderr).toMatch(/✗ The guest centos-7-minimal cannot be used for this run: .*linux-source-6\.1\n/);
    expect(stderr).toContain('--guest debian-12-minimal');
  });

  test.each([
    [
      'whose system nobody has named',
      [],
      ['is a disk, and drydock does not know what is installed on it', '--guest debian-12-minimal'],
    ],
    [
      'whose boot loader is its own affair',
      ['--guest', 'debian-12-minimal', '--boot', 'grub'],
      ['--boot grub is for guests whose boot loader drydock has installed', 'omit --image'],
    ],
    [
      'that has not what kernels are built with',
      ['--guest', 'debian-12-minimal', '--build', 'guest'],
      ['--build guest is for guests that are made with what kernels are built with', '--build host'],
    ],
    [
      'whose root is said to be on another disk',
      ['--guest', 'debian-12-minimal', '--image-root', '/dev/mapper/centos-root'],
      ["--image-root /dev/mapper/centos-root is no partition of the guest's disk", 'logical volume'],
    ],
  ])('refuses a given disk %s', async (_, flags, words) => {
    await using rig = await createRig();
    const disk = path.join(rig.folder, 'given.img');
    await writeFile(disk, Buffer.from('QFI\u00fb\0\0\0\u0003', 'latin1'));
    const { code, stderr } = await rig.drydock('run', '--profile', 'smoke', '--image', disk, ...flags).ended;
    expect(code).toBe(2);
    for (const word of words) expect(stderr).toContain(word);
  });

  test('refuses GRUB where nothing is booted from a disk', async () => {
    await using rig = await createRig();
    const flags = ['--boot', 'grub', '--boots', '0', '--clock', 'both', '--keep-kernel', 'smoke'];
    const { code, stderr } = await rig.drydock('run', '--profile', 'smoke', ...flags).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('--boot grub is for measured boots and container work');
  });

  test('refuses a key for a disk that is none', async () => {
    await using rig = await createRig();
    const iso = path.join(rig.folder, 'centos.iso');
    await writeFile(iso, 'not a disk');
    const { code, stderr } = await rig.drydock('run', '--profile', 'smoke', '--image', iso, '--image-key', iso).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(`--image-key is for a disk, and ${iso} is no qcow2`);
  });

  test('without a tool that it may not install prints the one command, and can be resumed', async () => {
    await using rig = await createRig();
    await rm(path.join(rig.bin, 'spatch'));
    const profile = await rig.profile(STOCK_ALONE);
    const { code, stderr } = await rig.drydock('run', '--profile', profile, '--no-install', ...RUN).ended;
    expect(code).toBe(3);
    expect(stderr).toContain('sudo apt-get update && sudo apt-get install --yes --no-install-recommends coccinelle\n');
    expect(rig.callsOf('apt-get')).toEqual([]);
    expect(rig.callsOf('mmdebstrap')).toEqual([]);

    const again = await rig.drydock('resume', await rig.runDirectory()).ended;
    expect(again.code).toBe(3);
    expect(again.stderr).toContain('coccinelle');
  });
});

describe.concurrent('a source that is not what the profile says', () => {
  test('a tarball with another digest ends with both digests', async () => {
    await using rig = await createRig();
    const tarball = path.join(rig.folder, 'linux.tar');
    await writeFile(tarball, 'not what was meant');
    const kernel = { ...rig.kernel, source: { tarball, sha256: 'a'.repeat(64) } };
    const profile = await rig.profile({ small: { role: 'candidate', kernel, initrd: 'busybox' } });
    const { code, stderr } = await rig.drydock('run', '--profile', profile, ...RUN).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(`✗ ${tarball} is not the file the profile asks for\n  in source:small`);
    expect(stderr).toContain('a'.repeat(64));
    expect(rig.callsOf('make')).toEqual([]);
  });

  test('a folder without a kernel’s source is named', async () => {
    await using rig = await createRig();
    const directory = path.join(rig.folder, 'empty');
    await mkdir(directory);
    const kernel = { ...rig.kernel, source: { directory } };
    const profile = await rig.profile({ small: { role: 'candidate', kernel, initrd: 'busybox' } });
    const { code, stderr } = await rig.drydock('run', '--profile', profile, ...RUN).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(`✗ ${directory} is not a kernel source tree`);
  });
});

describe.concurrent('a kernel', () => {
  test('that does not compile is the kernel’s fault, and the first error is shown', async () => {
    await using rig = await createRig({ hasImage: true });
    const kernel = { ...rig.kernel, symbols: { ...symbolsOf(rig.kernel), BROKEN: 'y' } };
    const profile = await rig.profile({ small: { role: 'candidate', kernel, initrd: 'busybox' } });
    const { code, stderr } = await rig.drydock('run', '--profile', profile, ...RUN).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("init/main.c:7:3: error: 'broken' undeclared");
    expect(stderr).toMatch(/log: {4}\/.*logs\/build-small\.log/);
  });

  test('that panics is the kernel’s fault, with its last words, a hint and the way on', async () => {
    await using rig = await createRig({ hasImage: true });
    const held = rig.holdBoot();
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
    const boot = await run.until(held);
    const group = await groupOf(boot.call.pid);
    boot.say('[    2.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b');
    boot.say('[    2.100000] ---[ end Kernel panic - not syncing: Attempted to kill init! ]---');
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    await groupGone(group);
    expect(stderr).toMatch(/^\n✗ .+\n {2}in install\n/);
    expect(stderr).toMatch(/Last lines of the console:\n(.*\n)*.*Kernel panic - not syncing/);
    expect(stderr).toMatch(/\n→ \S.+\n/);
    expect(stderr).toMatch(/\n {2}log: {4}\/.+\/console\.log\n/);
    expect(stderr).toContain(`resume: npm run drydock -- resume ${await rig.runDirectory()}`);
    expect(await rig.locks()).toEqual([]);
  });
});

describe.concurrent('a QEMU', () => {
  test('that dies is not the kernel’s fault', async () => {
    await using rig = await createRig({ hasImage: true });
    const held = rig.holdBoot((boot) => boot.measured !== undefined);
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), ...RUN);
    const boot = await run.until(held);
    process.kill(boot.call.pid, 'SIGKILL');
    const { code, stderr } = await run.ended;
    expect(code).toBe(3);
    expect(stderr).toContain('✗ QEMU ended with signal 9\n  in boot:00:stock\n');
    expect(await rig.locks()).toEqual([]);
  });

  test('that refuses its guest is quoted, and with --json in lines of JSON alone', async () => {
    await using rig = await createRig({ hasImage: true });
    const held = rig.holdCall('qemu-system-x86_64');
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), '--json', ...RUN);
    const call = await run.until(held);
    call.writeError("qemu-system-x86_64: -device virtio-rng-pci: 'virtio-rng-pci' is not a valid device model name\n");
    call.exit(1);
    const { code, stdout } = await run.ended;
    expect(code).toBe(3);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => z.looseObject({ type: z.string(), at: z.string() }).parse(JSON.parse(line)));
    expect(events.at(-1)).toMatchObject({
      type: 'run-failed',
      id: 'install',
      failure: {
        kind: 'qemu-died',
        headline:
          "QEMU ended with exit code 1: qemu-system-x86_64: -device virtio-rng-pci: 'virtio-rng-pci' is not a valid device model name",
      },
    });
  });
});

function symbolsOf(kernel: Readonly<Record<string, unknown>>): Record<string, string> {
  return z.record(z.string(), z.string()).parse(kernel.symbols);
}

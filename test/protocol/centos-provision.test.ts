import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { readExport } from '../../src/images/guest-export.ts';
import { centosDefinition, GUESTS } from '../support/centos.ts';

const host = createHost();
const run = promisify(execFile);
const RELEASE = '3.10.0-1160.el7.x86_64';
const SCRIPT = path.join(GUESTS, 'files/centos/provision');

/** The programs of CentOS that a Debian host lacks or must not run for real; each notes how it was called. */
const PROGRAMS: Readonly<Record<string, string>> = {
  yum: 'true',
  systemctl: 'true',
  setfiles: 'true',
  restorecon: 'true',
  rpm: `case "$*" in
    *' kernel') printf '%s\\n' $KERNELS ;;
    -qa*) printf 'kernel 3.10.0-1160.el7\\nbash 4.2.46-34.el7\\n' ;;
  esac`,
  'ssh-keygen': `for last; do :; done
  echo private > "$last"; echo 'ssh-ed25519 AAAAC3Nz root@drydock' > "$last.pub"`,
};

describe('the script that finishes a fresh CentOS', () => {
  let folder: string;
  let root: string;
  let supplies: string;
  let disk: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-provision-'));
    root = path.join(folder, 'root');
    supplies = path.join(folder, 'supplies');
    disk = path.join(folder, 'export.raw');
    const at = async (file: string, content: string): Promise<void> => {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    };
    for (const [name, body] of Object.entries(PROGRAMS)) {
      const file = path.join(folder, 'bin', name);
      await at(file, `#!/bin/sh\necho "${name} $*" >> "${folder}/calls"\n${body}\n`);
      await chmod(file, 0o755);
    }
    await at(path.join(folder, 'console'), '');
    await at(path.join(root, 'etc/yum.repos.d/CentOS-Base.repo'), 'gone');
    await mkdir(path.join(root, 'etc/ssh'));
    await mkdir(path.join(root, 'var/tmp'), { recursive: true });
    for (const [name, content] of Object.entries({ vmlinuz: 'kernel', config: 'CONFIG_X=y\n' }))
      await at(path.join(root, `boot/${name}-${RELEASE}`), content);
    await at(path.join(root, `boot/initramfs-${RELEASE}.img`), 'initrd');
    const modules = path.join(root, 'lib/modules', RELEASE);
    await at(path.join(modules, 'kernel/fs/xfs/xfs.ko'), 'the module xfs');
    await at(path.join(modules, 'kernel/lib/libcrc32c.ko'), 'the module libcrc32c');
    await run('xz', [path.join(modules, 'kernel/fs/xfs/xfs.ko'), path.join(modules, 'kernel/lib/libcrc32c.ko')]);
    await at(
      path.join(modules, 'modules.dep'),
      'kernel/fs/xfs/xfs.ko.xz: kernel/lib/libcrc32c.ko.xz\nkernel/lib/libcrc32c.ko.xz:\n',
    );
    for (const list of ['builtin', 'softdep', 'alias']) await at(path.join(modules, `modules.${list}`), '');
    await run('ln', ['-s', '/usr/src/kernels/not-installed', path.join(modules, 'build')]);
    const lists = {
      'signing-key': 'the key',
      'package-names': 'docker\ngcc\n',
      'file-list': '0755 0 /usr/local/sbin/one\n0644 1 /etc/two\n',
      'files/0': 'first',
      'files/1': 'second',
      enable: 'docker.service\nsshd.service\n',
      mask: '',
    };
    for (const [name, content] of Object.entries(lists)) await at(path.join(supplies, name), content);
    await writeFile(disk, '');
    await truncate(disk, 20 * 1024 ** 2);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const provision = async (kernels = RELEASE): Promise<readonly string[]> => {
    const env = {
      PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`,
      PROVISION_ROOT: root,
      PROVISION_CONSOLE: path.join(folder, 'console'),
      KERNELS: kernels,
    };
    // Owners are root's affair, and these tests may be anybody's.
    await writeFile(
      path.join(folder, 'bin/install'),
      '#!/bin/sh\nmode=$7 from=$8 to=$9\nexec /usr/bin/install -D -m "$mode" "$from" "$to"\n',
    );
    await chmod(path.join(folder, 'bin/install'), 0o755);
    const consoleFile = path.join(folder, 'console');
    // How it ended is told on the console, which is all that the host sees of it.
    await run('sh', [SCRIPT, supplies, disk], { env }).catch(() => undefined);
    return (await readFile(consoleFile, 'utf8')).trim().split('\n');
  };
  const calls = async (): Promise<string> => readFile(path.join(folder, 'calls'), 'utf8');

  test('installs, places, enables, and hands over what the host has to know', async () => {
    expect(await provision()).toEqual([
      ...['packages', 'files', 'what has set it up before', 'units', 'the host key', 'labels', 'export', 'done'].map(
        (step) => `drydock: provisioning: ${step}`,
      ),
    ]);
    expect(await calls()).toMatch(/^yum -y -c \S+\/yum\.conf install docker gcc$/m);
    expect(await calls()).toMatch(/^systemctl enable docker\.service sshd\.service$/m);
    expect(await calls()).not.toContain('systemctl mask');
    expect(await readFile(path.join(root, 'usr/local/sbin/one'), 'utf8')).toBe('first');
    expect((await stat(path.join(root, 'usr/local/sbin/one'))).mode & 0o777).toBe(0o755);
    await expect(stat(path.join(root, 'etc/yum.repos.d/CentOS-Base.repo'))).rejects.toThrow();

    const told = await readExport(host, disk, ['xfs'], path.join(folder, 'out'), 'console.log');
    expect(told).toMatchObject({
      release: RELEASE,
      hostKey: 'ssh-ed25519 AAAAC3Nz',
      packages: { kernel: '3.10.0-1160.el7', bash: '4.2.46-34.el7' },
      moduleOrder: ['kernel/lib/libcrc32c.ko', 'kernel/fs/xfs/xfs.ko'],
    });
    expect(await readFile(told.kernelPath, 'utf8')).toBe('kernel');
    expect(await readFile(told.initrdPath, 'utf8')).toBe('initrd');
    expect(await readFile(told.configPath, 'utf8')).toBe('CONFIG_X=y\n');
    const packed = await run('tar', ['--extract', '--to-stdout', '-f', told.modulesTarPath, 'kernel/fs/xfs/xfs.ko']);
    expect(packed.stdout).toBe('the module xfs');
  });

  test('stops at a second kernel, since one must be the baseline, and says so on the console', async () => {
    const lines = await provision(`${RELEASE} 3.10.0-1160.119.1.el7.x86_64`);
    expect(lines.at(-1)).toMatch(
      /^drydock: failed: provisioning stopped at the kernel: there are several \(3\.10\.0-1160/,
    );
  });

  test('stops where a program fails, and names the step', async () => {
    await writeFile(path.join(folder, 'bin/yum'), '#!/bin/sh\nexit 1\n');
    expect((await provision()).at(-1)).toBe('drydock: failed: provisioning stopped at packages');
  });

  test('that never ran, or not to its end, leaves no system that could be taken for a whole one', async () => {
    const definition = await centosDefinition();
    const read = readExport(host, disk, definition.initrdModules, path.join(folder, 'out'), '/logs/console.log');
    const error = await read.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof Fault)) throw new Error('no Fault');
    expect(error.failure.headline).toContain('powered off without having finished');
    expect(error.failure.logPath).toBe('/logs/console.log');
  });

  test.each([
    ['fw_cfg, where the kernel has a driver for it', true],
    ['the SMBIOS tables, as dmidecode(8) shows them, where it has none', false],
  ])('leaves a system that lets the run’s key in from %s', async (_, hasDriver) => {
    const key = 'ssh-ed25519 AAAAC3Nz drydock';
    const raw = path.join(root, 'sys/firmware/qemu_fw_cfg/by_name/opt/drydock/authorized_keys/raw');
    if (hasDriver) {
      await mkdir(path.dirname(raw), { recursive: true });
      await writeFile(raw, `${key}\n`);
    }
    const shown = `OEM Strings\n\tString 1: another\n\tString 2: ${hasDriver ? 'ssh-ed25519 wrong' : key}\n\n`;
    for (const [name, text] of Object.entries({ dmidecode: `cat << 'END'\n${shown}END`, modprobe: 'exit 1' })) {
      await writeFile(path.join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
      await chmod(path.join(folder, 'bin', name), 0o755);
    }
    const env = { PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`, RUN_KEY_ROOT: root };
    await run('sh', [path.join(GUESTS, 'files/centos/run-key')], { env });
    const file = path.join(root, 'root/.ssh/authorized_keys');
    expect(await readFile(file, 'utf8')).toBe(`${key}\n`);
    expect((await stat(file)).mode & 0o077).toBe(0);
  });

  test.each(['provision', 'run-key', 'modules'])('is %s, which a POSIX shell can read', async (name) => {
    await run('sh', ['-n', path.join(GUESTS, 'files/centos', name)]);
  });
});

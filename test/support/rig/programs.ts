import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createFiles } from '../../../src/host/files.ts';
import { REQUIREMENTS } from '../../../src/stages/shared/tools.ts';
import { loadGuest } from '../../../src/profile/load.ts';
import type { FakeCall, FakeProgram } from './control.ts';
import { copyDisk, EMPTY_DISK, writeDisk } from './fake-disk.ts';
import { STOCK_CONFIG, STOCK_INITRD, STOCK_KERNEL, STOCK_RELEASE, STOCK_VERSION } from './stock-kernel.ts';

const GUESTS = fileURLToPath(new URL('../../../vm-images', import.meta.url));

const run = promisify(execFile);

/** The root file system that the fake mmdebstrap makes: what drydock reads of a guest, and nothing else. */
export async function makeGuestTar(scratch: string, hostPublicKey: string): Promise<string> {
  const root = path.join(scratch, 'guest-root');
  const { value: guest } = await loadGuest(createFiles(), 'debian-12-minimal', GUESTS);
  const modules = guest.initrdModules.map((name) => `kernel/${name}.ko`);
  const files: Readonly<Record<string, string>> = {
    [`boot/vmlinuz-${STOCK_RELEASE}`]: STOCK_KERNEL,
    [`boot/initrd.img-${STOCK_RELEASE}`]: STOCK_INITRD,
    [`boot/config-${STOCK_RELEASE}`]: STOCK_CONFIG,
    'etc/ssh/ssh_host_ed25519_key.pub': `${hostPublicKey}\n`,
    ...Object.fromEntries(
      ['builtin', 'softdep', 'alias'].map((list) => [`lib/modules/${STOCK_RELEASE}/modules.${list}`, '']),
    ),
    [`lib/modules/${STOCK_RELEASE}/modules.dep`]: modules.map((file) => `${file}:\n`).join(''),
    ...Object.fromEntries(modules.map((file) => [`lib/modules/${STOCK_RELEASE}/${file}`, `${file}\n`])),
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  const tar = path.join(scratch, 'guest.tar');
  await run('tar', ['-cf', tar, '-C', root, '.']);
  return tar;
}

/** Without root drydock asks mmdebstrap for a namespace's root; here the caller's own rights have to do. */
async function runUnprivileged(call: FakeCall, [command = '', ...args]: readonly string[]): Promise<number> {
  if (command === 'chroot') return chroot(call, args);
  if (command === 'mke2fs') return mke2fs(args);
  const kept = command === 'install' ? args.filter((arg) => !['-o', '-g', '0'].includes(arg)) : args;
  const { stdout, stderr } = await run(command, kept, { cwd: call.cwd });
  call.write(stdout);
  call.writeError(stderr);
  return 0;
}

async function mmdebstrap(call: FakeCall, guestTar: string): Promise<number> {
  if (call.args.includes('--version')) {
    call.write('mmdebstrap 1.3.5\n');
    return 0;
  }
  if (call.args[0] === '--unshare-helper') return runUnprivileged(call, call.args.slice(1));
  const target = call.args.find((arg) => arg.endsWith('.tar')) ?? '';
  await copyDisk(guestTar, target);
  call.writeError('I: success in 0.1 seconds\n');
  return 0;
}

async function chroot(call: FakeCall, args: readonly string[]): Promise<number> {
  if (args[1] === 'dpkg-query') call.write(`docker.io 20.10.24\nlinux-image-${STOCK_RELEASE} ${STOCK_VERSION}\n`);
  return Promise.resolve(0);
}

async function mke2fs(args: readonly string[]): Promise<number> {
  if (!args.includes('-V')) await writeDisk(args.at(-2) ?? '', EMPTY_DISK);
  return 0;
}

async function qemuImg(args: readonly string[]): Promise<number> {
  await copyDisk(args.at(-2) ?? '', args.at(-1) ?? '');
  return 0;
}

/** What reaches the root is built in, whatever the configuration says: the list says so, and no module is a file. */
async function installModules(args: readonly string[], build: string): Promise<void> {
  const root = args.find((arg) => arg.startsWith('INSTALL_MOD_PATH='))?.slice('INSTALL_MOD_PATH='.length) ?? '';
  const release = (await readFile(path.join(build, 'include/config/kernel.release'), 'utf8')).trim();
  const folder = path.join(root, 'lib/modules', release);
  const { value: guest } = await loadGuest(createFiles(), 'debian-12-minimal', GUESTS);
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'modules.builtin'),
    guest.initrdModules.map((name) => `kernel/${name}.ko\n`).join(''),
  );
}

/** Answers the targets drydock calls as a kernel's Makefile would. */
async function make(call: FakeCall): Promise<number> {
  const { args } = call;
  if (args.includes('--version')) {
    call.write('GNU Make 4.3\n');
    return 0;
  }
  const build = args.find((arg) => arg.startsWith('O='))?.slice(2) ?? '';
  const config = path.join(build, '.config');
  if (args.includes('allnoconfig')) {
    const asked = args.find((arg) => arg.startsWith('KCONFIG_ALLCONFIG='))?.slice('KCONFIG_ALLCONFIG='.length) ?? '';
    await writeFile(config, await readFile(asked, 'utf8'));
  }
  if (args.includes('bzImage')) {
    const text = await readFile(config, 'utf8');
    if (text.includes('CONFIG_BROKEN=y')) {
      call.writeError("init/main.c:7:3: error: 'broken' undeclared (first use in this function)\n");
      return 2;
    }
    const release = `6.1.0${/^CONFIG_LOCALVERSION="(.*)"$/m.exec(text)?.[1] ?? ''}`;
    const outputs: Readonly<Record<string, string>> = {
      'include/config/kernel.release': `${release}\n`,
      'arch/x86/boot/bzImage': `release=${release}\n${text}`,
      'System.map': '0 T _text\n',
    };
    for (const [name, content] of Object.entries(outputs)) {
      await mkdir(path.dirname(path.join(build, name)), { recursive: true });
      await writeFile(path.join(build, name), content);
    }
    call.write('  CC      init/main.o\n  LD      vmlinux\n');
  }
  if (args.includes('modules_install')) await installModules(args, build);
  return 0;
}

/** Programs that the test plays. */
export const PLAYED: readonly string[] = [
  'apt-get',
  'chroot',
  'make',
  'mke2fs',
  'mmdebstrap',
  'qemu-img',
  'qemu-system-x86_64',
  'sudo',
];
/** Programs that drydock only looks for, or asks for their version: each is a line of shell. */
export const SPOKEN: readonly string[] = REQUIREMENTS.flatMap(({ probe }) =>
  'program' in probe && !PLAYED.includes(probe.program) ? [probe.program] : [],
);

/** Plays every fake program but QEMU; what is called without need to is an error. */
export function fakePrograms(guestTar: string, qemu: FakeProgram): FakeProgram {
  return async (call) => {
    switch (call.program) {
      case 'mmdebstrap':
        return mmdebstrap(call, guestTar);
      case 'chroot':
        return chroot(call, call.args);
      case 'mke2fs':
        if (call.args.includes('-V')) call.writeError('mke2fs 1.47.0 (5-Feb-2023)\n');
        return mke2fs(call.args);
      case 'qemu-img':
        return qemuImg(call.args);
      case 'make':
        return make(call);
      case 'qemu-system-x86_64':
        return qemu(call);
      default:
        call.writeError(`${call.program} must not be called here\n`);
        return 96;
    }
  };
}

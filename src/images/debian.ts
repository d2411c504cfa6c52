import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Argv, Host, RunOptions } from '../host/host.ts';
import { MissingModulesError, moduleLoadOrder } from '../initrd/modules.ts';
import type { BootstrappedGuest } from '../profile/guest-schema.ts';
import { asRootOf, inScratch, mmdebstrap } from './scratch.ts';

/** Files of a fresh guest image, all below the work directory that was given. */
export interface DebianImage {
  /** qcow2, self-contained; the root file system is the whole disk, or its only partition where the definition names one. */
  readonly diskPath: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly configPath: string;
  /** tar of the modules that a BusyBox initrd needs and of depmod's lists, paths relative to /lib/modules/<release>. */
  readonly modulesTarPath: string;
  /** The same modules in the order in which they must be loaded. */
  readonly moduleOrder: readonly string[];
  /** `uname -r` of the stock kernel. */
  readonly release: string;
  /** Debian version of the stock kernel's package. */
  readonly kernelVersion: string;
  /** `ssh-ed25519 AAAA…`, to be pinned. */
  readonly hostKey: string;
  readonly packages: Readonly<Record<string, string>>;
}

export interface DebianImageOptions {
  readonly definition: BootstrappedGuest;
  /** Folder that the definition's `files[].from` are relative to. */
  readonly definitionFolder: string;
  /** Empty scratch folder on a filesystem with a few GB free. */
  readonly workDir: string;
  readonly onLine?: (line: string) => void;
  readonly logPath?: string;
  readonly signal?: AbortSignal;
}

/** What depmod knows of a kernel's modules; enough to work out what else needs what. */
const MODULE_LISTS = ['modules.dep', 'modules.builtin', 'modules.softdep', 'modules.alias'] as const;
/** One file system identity for every image of a definition: the same packages give the same disk. */
const FS_UUID = '6d1d0c2e-6f0d-4b5e-9b0a-d0c4e2017000';
/** Plenty for a guest of this kind; fewer inodes are fewer blocks to write. */
const INODES = 400_000;
/** Where partitioning tools put the first partition. GRUB's core image lies in the gap before it (grub-install(8)). */
const FIRST_PARTITION_KIB = 1024;
const OFFSET = `,offset=${String(FIRST_PARTITION_KIB * 1024)}`;
/** sfdisk(8)'s script of a BIOS partition table: one partition over the rest of the disk, and the same signature each time. */
const PARTITION_TABLE = `label: dos\nlabel-id: 0x64727964\nstart=${String(FIRST_PARTITION_KIB)}KiB, type=83, bootable\n`;
/** What the guest does without, now and in packages that are installed later. */
const EXCLUDED = ['/usr/share/man/*', '/usr/share/locale/*', '/usr/share/doc/*'];
const DPKG_SETTINGS = 'drydock-dpkg';
/**
 * Makes the initrd once, when everything is installed. By itself dpkg has it made twice, a minute each: by the kernel's package
 * (unless INITRD=No, /etc/kernel/postinst.d/initramfs-tools) and by the trigger of initramfs-tools, which only renews.
 */
const INITRD_MAKER = 'initramfs-tools';
const MAKE_INITRDS = 'chroot "$1" update-initramfs -c -k all';

/**
 * Builds a Debian guest with mmdebstrap and makes it a disk without mounting anything: `mke2fs -d` fills the file
 * system from the directory tree. As root it works in namespaces of its own, otherwise in mmdebstrap's user namespace.
 */
export function buildDebianImage(host: Host, options: DebianImageOptions): Promise<DebianImage> {
  return inScratch(host, options.workDir, (scratch) => buildIn(host, scratch, options));
}

async function buildIn(host: Host, scratch: string, options: DebianImageOptions): Promise<DebianImage> {
  const { definition, workDir } = options;
  const { files, processes } = host;
  const runOptions: RunOptions = {
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.logPath === undefined ? {} : { logPath: options.logPath }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    // Its scratch tree goes where ours goes when drydock is killed.
    env: { SOURCE_DATE_EPOCH: '0', TMPDIR: scratch },
  };
  const initrdIsMadeLast = definition.packages.includes(INITRD_MAKER);
  const plain = (command: Argv) => processes.run(command, runOptions);
  const asRoot = (command: Argv) => plain(asRootOf(host, command));

  const tar = path.join(scratch, 'guest.tar');
  const root = path.join(scratch, 'root');
  // With its own option for this, mmdebstrap would start a Python program for every essential package. It hands these settings
  // to dpkg; the trees that it unpacks without dpkg are cleared below.
  const settings = path.join(scratch, DPKG_SETTINGS);
  await files.writeAtomic(settings, EXCLUDED.map((pattern) => `path-exclude=${pattern}\n`).join(''));
  await files.chmod(settings, 0o644);
  await processes.run(
    mmdebstrap(
      host,
      '--variant=apt',
      `--include=${definition.packages.join(',')}`,
      `--setup-hook=copy-in ${DPKG_SETTINGS} /etc/dpkg/dpkg.cfg.d`,
      ...(initrdIsMadeLast ? [`--customize-hook=${MAKE_INITRDS}`] : []),
      `--keyring=${definition.keyring}`,
      definition.suite,
      tar,
      ...definition.archives.map((line) => `deb ${line}`),
    ),
    { ...runOptions, cwd: scratch, env: { ...runOptions.env, ...(initrdIsMadeLast ? { INITRD: 'No' } : {}) } },
  );
  await asRoot(['mkdir', root]);
  await asRoot([
    'tar',
    '--extract',
    '--file',
    tar,
    '--directory',
    root,
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    ...EXCLUDED.map((pattern) => `--exclude=.${pattern}`),
    // A namespace may make no device nodes; the kernel's devtmpfs has them all.
    ...(host.system.isRoot ? [] : ['--exclude=./dev/*']),
  ]);
  await files.remove(tar);

  for (const file of definition.files) {
    // The checkout may be closed to the namespace's root as well.
    const from = path.join(scratch, 'file');
    await files.copy(path.resolve(options.definitionFolder, file.from), from);
    await files.chmod(from, 0o644);
    await asRoot(['install', '-D', '-o', '0', '-g', '0', '-m', file.mode, from, path.join(root, file.to)]);
  }
  await writeInto(host, asRoot, root, 'etc/hostname', 'drydock\n', scratch);
  await writeInto(host, asRoot, root, 'etc/hosts', '127.0.0.1 localhost drydock\n::1 localhost\n', scratch);
  await writeInto(host, asRoot, root, 'etc/fstab', `${definition.rootDevice} / ext4 errors=remount-ro 0 1\n`, scratch);
  const inGuest = (command: Argv) => asRoot(['chroot', root, ...command]);
  if (definition.enable.length > 0) await inGuest(['systemctl', 'enable', ...definition.enable]);
  if (definition.mask.length > 0) await inGuest(['systemctl', 'mask', ...definition.mask]);

  const release = await onlyRelease(host, root);
  const listed = await inGuest(['dpkg-query', '--show', '--showformat=${Package} ${Version}\\n']);
  const packages = Object.fromEntries(
    listed.stdout
      .trim()
      .split('\n')
      .map((line): [string, string] => {
        const [name = '', version = ''] = line.split(' ');
        return [name, version];
      }),
  );
  const kernelVersion = packages[`linux-image-${release}`];
  if (kernelVersion === undefined) throw noKernel(`no package linux-image-${release} is installed`);

  const kernelPath = path.join(workDir, 'vmlinuz');
  const initrdPath = path.join(workDir, 'initrd.img');
  const configPath = path.join(workDir, 'config');
  await files.copy(path.join(root, 'boot', `vmlinuz-${release}`), kernelPath);
  await files.copy(path.join(root, 'boot', `initrd.img-${release}`), initrdPath);
  await files.copy(path.join(root, 'boot', `config-${release}`), configPath);
  const hostKeyText = await files.readText(path.join(root, 'etc/ssh/ssh_host_ed25519_key.pub'));
  const hostKey = hostKeyText.trim().split(' ').slice(0, 2).join(' ');

  const moduleRoot = path.join(root, 'lib/modules', release);
  const moduleOrder = await initrdModuleOrder(host, moduleRoot, definition.initrdModules);
  const modulesTarPath = path.join(workDir, 'modules.tar');
  await plain([
    'tar',
    '--create',
    '--file',
    modulesTarPath,
    '--directory',
    moduleRoot,
    ...reproducibleTar,
    ...MODULE_LISTS,
    ...moduleOrder,
  ]);

  const raw = path.join(scratch, 'disk.img');
  const isPartition = /\d$/.test(definition.rootDevice);
  const { diskGb } = definition.machine;
  await asRoot([
    'mke2fs',
    ...['-q', '-t', 'ext4', '-d', root, '-L', 'drydock-root', '-U', FS_UUID, '-N', String(INODES)],
    // Everything initialised now: a kernel thread that does it later would do so in the middle of a measured boot.
    ...['-E', `hash_seed=${FS_UUID},lazy_itable_init=0,lazy_journal_init=0${isPartition ? OFFSET : ''}`],
    raw,
    isPartition ? `${String(diskGb * 1024 ** 2 - FIRST_PARTITION_KIB)}k` : `${String(diskGb)}G`,
  ]);
  if (isPartition) {
    await asRoot(['truncate', '--size', `${String(diskGb)}G`, raw]);
    await processes.run(asRootOf(host, ['sfdisk', '--quiet', '--wipe-partitions=never', raw]), {
      ...runOptions,
      input: PARTITION_TABLE,
    });
  }
  const diskPath = path.join(workDir, 'disk.qcow2');
  await plain(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, diskPath]);
  await asRoot(['rm', '-rf', root, raw]);

  const paths = { diskPath, kernelPath, initrdPath, configPath, modulesTarPath };
  return { ...paths, moduleOrder, release, kernelVersion, hostKey, packages };
}

/** tar(1) options that leave nothing of this machine or moment in an archive. */
const reproducibleTar = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];

function noKernel(why: string): Fault {
  return new Fault({
    kind: 'profile',
    headline: `The guest image has no usable stock kernel: ${why}`,
    hint: 'Name one in packages:, such as linux-image-amd64.',
  });
}

/** Files of the wanted modules and of all they need, soft dependencies included, in load order. */
async function initrdModuleOrder(
  host: Host,
  moduleRoot: string,
  wanted: readonly string[],
): Promise<readonly string[]> {
  const [dep = '', builtin = '', softdep = '', alias = ''] = await Promise.all(
    MODULE_LISTS.map((name) => host.files.readText(path.join(moduleRoot, name))),
  );
  try {
    return moduleLoadOrder({ dep, builtin, softdep, alias, wanted });
  } catch (error) {
    if (!(error instanceof MissingModulesError)) throw error;
    throw new Fault(
      { kind: 'profile', headline: error.message, hint: 'Fix initrdModules: in the guest definition.' },
      { cause: error },
    );
  }
}

async function onlyRelease(host: Host, root: string): Promise<string> {
  const kernels = (await host.files.list(path.join(root, 'boot'))).filter((file) => file.startsWith('vmlinuz-'));
  const [kernel, ...others] = kernels;
  if (kernel === undefined) throw noKernel('there is no /boot/vmlinuz-*');
  if (others.length > 0) throw noKernel(`there are several (${kernels.join(', ')}), and one must be the baseline`);
  return kernel.slice('vmlinuz-'.length);
}

async function writeInto(
  host: Host,
  asRoot: (command: Argv) => Promise<unknown>,
  root: string,
  target: string,
  text: string,
  scratch: string,
): Promise<void> {
  const temporary = path.join(scratch, 'text');
  await host.files.writeAtomic(temporary, text);
  await asRoot(['install', '-o', '0', '-g', '0', '-m', '0644', temporary, path.join(root, target)]);
}

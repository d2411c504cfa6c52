import path from 'node:path';
import type { Argv, Host, RunOptions, RunResult } from '../host/host.ts';
import type { BootstrappedGuest } from '../profile/guest-schema.ts';
import { asRootOf, mmdebstrap } from './scratch.ts';

/** Where a guest image is made: the guest's directory tree, and how commands run on it. */
export interface ImageWorkshop {
  readonly host: Host;
  /** For files on the way; the tree is one of them. */
  readonly scratch: string;
  /** The guest's `/`. */
  readonly root: string;
  readonly runOptions: RunOptions;
  readonly plain: (command: Argv) => Promise<RunResult>;
  /** As root of the host, or of mmdebstrap's user namespace. */
  readonly asRoot: (command: Argv, more?: Pick<RunOptions, 'input'>) => Promise<RunResult>;
}

/** What the guest does without, now and in packages that are installed later. */
const EXCLUDED = ['/usr/share/man/*', '/usr/share/locale/*', '/usr/share/doc/*'];
const DPKG_SETTINGS = 'drydock-dpkg';
/**
 * Makes the initrd once, when everything is installed. By itself dpkg has it made twice, a minute each: by the kernel's package
 * (unless INITRD=No, /etc/kernel/postinst.d/initramfs-tools) and by the trigger of initramfs-tools, which only renews.
 */
const INITRD_MAKER = 'initramfs-tools';
const MAKE_INITRDS = 'chroot "$1" update-initramfs -c -k all';

/** Runs a command inside the guest's tree. */
export function inGuest({ root, asRoot }: ImageWorkshop, command: Argv): Promise<RunResult> {
  return asRoot(['chroot', root, ...command]);
}

/** Makes the tree as the definition describes it: packages, files and services. `root` must not exist yet. */
export async function makeTree(
  workshop: ImageWorkshop,
  definition: BootstrappedGuest,
  definitionFolder: string,
): Promise<void> {
  const tar = path.join(workshop.scratch, 'guest.tar');
  await bootstrap(workshop, definition, tar);
  await unpack(workshop, tar);
  await workshop.host.files.remove(tar);
  await placeFiles(workshop, definition, definitionFolder);
  if (definition.enable.length > 0) await inGuest(workshop, ['systemctl', 'enable', ...definition.enable]);
  if (definition.mask.length > 0) await inGuest(workshop, ['systemctl', 'mask', ...definition.mask]);
}

/** Has mmdebstrap install the packages into an archive. */
async function bootstrap(
  { host, scratch, runOptions }: ImageWorkshop,
  definition: BootstrappedGuest,
  tar: string,
): Promise<void> {
  const initrdIsMadeLast = definition.packages.includes(INITRD_MAKER);
  // With its own option for this, mmdebstrap would start a Python program for every essential package. It hands these settings
  // to dpkg; the trees that it unpacks without dpkg are cleared by `unpack`.
  const settings = path.join(scratch, DPKG_SETTINGS);
  await host.files.writeAtomic(settings, EXCLUDED.map((pattern) => `path-exclude=${pattern}\n`).join(''));
  await host.files.chmod(settings, 0o644);
  await host.processes.run(
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
}

async function unpack({ host, root, asRoot }: ImageWorkshop, tar: string): Promise<void> {
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
}

/** The definition's files, and the few that every guest has. */
async function placeFiles(
  workshop: ImageWorkshop,
  { files, rootDevice }: BootstrappedGuest,
  definitionFolder: string,
): Promise<void> {
  const { host, scratch, root, asRoot } = workshop;
  for (const file of files) {
    // The checkout may be closed to the namespace's root as well.
    const from = path.join(scratch, 'file');
    await host.files.copy(path.resolve(definitionFolder, file.from), from);
    await host.files.chmod(from, 0o644);
    await asRoot(['install', '-D', '-o', '0', '-g', '0', '-m', file.mode, from, path.join(root, file.to)]);
  }
  await writeInto(workshop, 'etc/hostname', 'drydock\n');
  await writeInto(workshop, 'etc/hosts', '127.0.0.1 localhost drydock\n::1 localhost\n');
  await writeInto(workshop, 'etc/fstab', `${rootDevice} / ext4 errors=remount-ro 0 1\n`);
}

async function writeInto({ host, scratch, root, asRoot }: ImageWorkshop, target: string, text: string): Promise<void> {
  const temporary = path.join(scratch, 'text');
  await host.files.writeAtomic(temporary, text);
  await asRoot(['install', '-o', '0', '-g', '0', '-m', '0644', temporary, path.join(root, target)]);
}

/** A workshop below `scratch`. */
export function openWorkshop(host: Host, scratch: string, options: Omit<RunOptions, 'env'>): ImageWorkshop {
  // Its scratch tree goes where ours goes when drydock is killed.
  const runOptions: RunOptions = { ...options, env: { SOURCE_DATE_EPOCH: '0', TMPDIR: scratch } };
  return {
    host,
    scratch,
    root: path.join(scratch, 'root'),
    runOptions,
    plain: (command) => host.processes.run(command, runOptions),
    asRoot: (command, more) => host.processes.run(asRootOf(host, command), { ...runOptions, ...more }),
  };
}

import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { MissingModulesError, moduleLoadOrder } from '../initrd/modules.ts';
import type { BootstrappedGuest } from '../profile/guest-schema.ts';
import { makeDisk } from './debian-disk.ts';
import { inGuest, makeTree, openWorkshop } from './debian-tree.ts';
import type { ImageWorkshop } from './debian-tree.ts';
import { inScratch } from './scratch.ts';

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

/**
 * Builds a Debian guest with mmdebstrap and makes it a disk without mounting anything: `mke2fs -d` fills the file
 * system from the directory tree. As root it works in namespaces of its own, otherwise in mmdebstrap's user namespace.
 */
export function buildDebianImage(host: Host, options: DebianImageOptions): Promise<DebianImage> {
  return inScratch(host, options.workDir, (scratch) => buildIn(host, scratch, options));
}

async function buildIn(host: Host, scratch: string, options: DebianImageOptions): Promise<DebianImage> {
  const { definition, workDir } = options;
  const workshop = openWorkshop(host, scratch, {
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.logPath === undefined ? {} : { logPath: options.logPath }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  await makeTree(workshop, definition, options.definitionFolder);
  const kernel = await installedKernel(workshop);
  const files = await takeKernelFiles(workshop, kernel.release, workDir);
  const hostKey = await readHostKey(workshop);
  const modules = await packModules(workshop, kernel.release, definition.initrdModules, workDir);
  const diskPath = path.join(workDir, 'disk.qcow2');
  await makeDisk(workshop, definition, diskPath);
  return { diskPath, ...files, ...modules, ...kernel, hostKey };
}

/** The only kernel of the guest, and all packages with their versions. */
async function installedKernel(
  workshop: ImageWorkshop,
): Promise<Pick<DebianImage, 'release' | 'kernelVersion' | 'packages'>> {
  const release = await onlyRelease(workshop.host, workshop.root);
  const listed = await inGuest(workshop, ['dpkg-query', '--show', '--showformat=${Package} ${Version}\\n']);
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
  return { release, kernelVersion, packages };
}

/** Copies of what boots the stock kernel, and of its configuration. */
async function takeKernelFiles(
  { host, root }: ImageWorkshop,
  release: string,
  workDir: string,
): Promise<Pick<DebianImage, 'kernelPath' | 'initrdPath' | 'configPath'>> {
  const kernelPath = path.join(workDir, 'vmlinuz');
  const initrdPath = path.join(workDir, 'initrd.img');
  const configPath = path.join(workDir, 'config');
  await host.files.copy(path.join(root, 'boot', `vmlinuz-${release}`), kernelPath);
  await host.files.copy(path.join(root, 'boot', `initrd.img-${release}`), initrdPath);
  await host.files.copy(path.join(root, 'boot', `config-${release}`), configPath);
  return { kernelPath, initrdPath, configPath };
}

async function readHostKey({ host, root }: ImageWorkshop): Promise<string> {
  const text = await host.files.readText(path.join(root, 'etc/ssh/ssh_host_ed25519_key.pub'));
  return text.trim().split(' ').slice(0, 2).join(' ');
}

/** An archive of the wanted modules, of all they need and of depmod's lists. */
async function packModules(
  { host, root, plain }: ImageWorkshop,
  release: string,
  wanted: readonly string[],
  workDir: string,
): Promise<Pick<DebianImage, 'modulesTarPath' | 'moduleOrder'>> {
  const moduleRoot = path.join(root, 'lib/modules', release);
  const moduleOrder = await initrdModuleOrder(host, moduleRoot, wanted);
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
  return { modulesTarPath, moduleOrder };
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

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { packageFile } from '../host/package-file.ts';
import { jsonText } from '../json/text.ts';
import { writeNewc } from './archive/newc.ts';
import type { CpioEntry } from './archive/newc.ts';

/** Kernel modules to pack, already in load order. */
export interface InitrdModules {
  /** `uname -r` of the kernel they belong to. */
  readonly release: string;
  /** `name`: path relative to /lib/modules/<release>, in load order; `path`: the file on this machine. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

/** What an initrd of drydock's holds, however it is packed. */
export interface InitrdContent {
  /** A static BusyBox with the applets of `APPLETS` (Debian: busybox-static). */
  readonly busyboxPath: string;
  readonly modules?: InitrdModules;
  /** An initrd that only says that it ran and powers off, for the probe boot. */
  readonly probe?: boolean;
}

export interface InitrdOptions extends InitrdContent {
  readonly outputPath: string;
  readonly compression: 'none' | 'gzip';
}

export interface InitrdResult {
  readonly sizeBytes: number;
  /** Hex, of the file as written. */
  readonly sha256: string;
}

/** Applets that linuxrc.sh and probe.sh call by name; the shell itself needs no links for the rest once /proc is there. */
const APPLETS = [
  'cttyhack',
  'dd',
  'findfs',
  'insmod',
  'mount',
  'od',
  'poweroff',
  'printf',
  'readlink',
  'setsid',
  'sh',
  'switch_root',
  'tr',
  'umount',
  'usleep',
];

const scriptPath = (name: 'linuxrc.sh' | 'probe.sh'): string => packageFile(`src/initrd/${name}`);

/**
 * Hex sha256 of everything in an initrd that comes from drydock itself and not from its input; belongs into the key of
 * whatever caches initrds.
 */
export async function initrdScriptsDigest(host: Host): Promise<string> {
  const texts = await Promise.all([
    host.files.readText(scriptPath('linuxrc.sh')),
    host.files.readText(scriptPath('probe.sh')),
  ]);
  return createHash('sha256')
    .update(jsonText([APPLETS, ...texts]))
    .digest('hex');
}

function directory(path: string, mode = 0o755): CpioEntry {
  return { kind: 'directory', path, mode };
}

function device(path: string, mode: number, major: number, minor: number): CpioEntry {
  return { kind: 'character-device', path, mode, major, minor };
}

function parentsOf(paths: readonly string[]): readonly string[] {
  const parents = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) parents.add(parts.slice(0, depth).join('/'));
  }
  return [...parents].sort();
}

async function moduleEntries(host: Host, modules: InitrdModules): Promise<readonly CpioEntry[]> {
  const folder = `lib/modules/${modules.release}`;
  const compressed = modules.files.find(({ name }) => !name.endsWith('.ko'));
  if (compressed !== undefined) {
    throw new Fault({
      kind: 'kernel-config',
      headline: `The module ${compressed.name} is compressed, and the initrd's insmod reads plain modules only`,
      hint: 'Decompress it while packing, or build the kernel with MODULE_COMPRESS_NONE.',
    });
  }
  const files = await Promise.all(
    modules.files.map(async ({ name, path }): Promise<CpioEntry> => {
      const content = await host.files.readBytes(path);
      return { kind: 'file', path: `${folder}/${name}`, mode: 0o644, content };
    }),
  );
  const list = modules.files.map(({ name }) => `/${folder}/${name}\n`).join('');
  const folders = parentsOf(files.map((file) => file.path)).map((path) => directory(path));
  return [
    ...folders,
    ...files,
    directory('etc'),
    { kind: 'file', path: 'etc/modules-load', mode: 0o644, content: new TextEncoder().encode(list) },
  ];
}

/**
 * The files of drydock's BusyBox initrd, parents before what is in them.
 *
 * @throws Fault `kernel-config` when a module is compressed
 */
export async function initrdEntries(host: Host, content: InitrdContent): Promise<readonly CpioEntry[]> {
  const script = await host.files.readBytes(scriptPath(content.probe === true ? 'probe.sh' : 'linuxrc.sh'));
  const busybox = await host.files.readBytes(content.busyboxPath);
  return [
    directory('bin'),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
    ...APPLETS.map((name): CpioEntry => ({ kind: 'symlink', path: `bin/${name}`, target: 'busybox' })),
    directory('dev'),
    // The kernel opens it as stdin, stdout and stderr of /init before anything is mounted.
    device('dev/console', 0o600, 5, 1),
    device('dev/null', 0o666, 1, 3),
    { kind: 'file', path: 'init', mode: 0o755, content: script },
    // In a cpio kernels look for /init only, and rdinit=/linuxrc names this one; of an old-style initrd they run this one.
    { kind: 'symlink', path: 'linuxrc', target: 'init' },
    directory('newroot'),
    directory('proc', 0o555),
    directory('sys', 0o555),
    ...(content.modules === undefined ? [] : await moduleEntries(host, content.modules)),
  ];
}

/**
 * Packs drydock's BusyBox initrd: a newc cpio, byte for byte the same for the same input.
 *
 * @throws Fault `kernel-config` when a module is compressed
 */
export async function buildInitrd(host: Host, options: InitrdOptions): Promise<InitrdResult> {
  const archive = writeNewc(await initrdEntries(host, options));
  // gzip's header holds no name and, from zlib, no time (RFC 1952: MTIME 0), so the digest is the input's alone.
  const content = options.compression === 'gzip' ? gzipSync(archive, { level: 9 }) : archive;
  await host.files.writeAtomic(options.outputPath, content);
  return { sizeBytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

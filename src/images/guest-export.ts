import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { MissingModulesError, moduleLoadOrder } from '../initrd/modules.ts';

/** What a fresh system exports about itself, as files below the directory that was given. */
export interface GuestExport {
  readonly release: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly configPath: string;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
  /** Name → version-release. */
  readonly packages: Readonly<Record<string, string>>;
  /** tar of the modules that a BusyBox initrd needs, uncompressed, and of depmod's lists. */
  readonly modulesTarPath: string;
  /** The same modules in the order in which they must be loaded. */
  readonly moduleOrder: readonly string[];
}

/** A guest that was made of an installed system: its files, all below the work directory that was given. */
export interface InstalledImage extends GuestExport {
  /** qcow2, self-contained. */
  readonly diskPath: string;
  /** Version of the package that holds the stock kernel. */
  readonly kernelVersion: string;
}

const MODULE_LISTS = ['modules.dep', 'modules.builtin', 'modules.softdep', 'modules.alias'] as const;

function unfinished(logPath: string, cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'unavailable',
      headline: 'The system powered off without having finished: it did not hand its kernel and initrd over',
      hint: "The end of the log shows how far it came; drydock's own script says each of its steps there.",
      logPath,
    },
    { cause },
  );
}

/** A module's name without the suffix of its compression: the BusyBox initrd loads what insmod can read as it is. */
const plainName = (file: string): string => file.replace(/\.xz$/, '');

/**
 * Reads what the script in the guest exported: one tar (vm-images/files/centos/provision, vm-images/files/adopt).
 *
 * @param log named when the export is not whole
 * @throws Fault `unavailable` when it is not whole, `profile` for modules that the kernel does not have
 */
export async function readExport(
  host: Host,
  exportPath: string,
  wantedModules: readonly string[],
  directory: string,
  log: string,
): Promise<GuestExport> {
  const { files, processes } = host;
  const tree = path.join(directory, 'export');
  await files.makeDirectory(tree);
  try {
    await processes.run(['tar', '--extract', '--no-same-owner', '--file', exportPath, '--directory', tree]);
  } catch (error) {
    if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') throw error;
    throw unfinished(log, error);
  }
  if ((await files.stat(path.join(tree, 'complete'))) === undefined) throw unfinished(log);
  const text = async (name: string): Promise<string> => (await files.readText(path.join(tree, name))).trim();
  const packages = Object.fromEntries(
    (await text('packages')).split('\n').map((line): [string, string] => {
      const [name = '', version = ''] = line.split(' ');
      return [name, version];
    }),
  );

  const moduleRoot = path.join(tree, 'modules');
  const [dep = '', builtin = '', softdep = '', alias = ''] = await Promise.all(
    MODULE_LISTS.map((name) => files.readText(path.join(moduleRoot, name))),
  );
  const order = loadOrder({ dep, builtin, softdep, alias, wanted: wantedModules });
  const compressed = order.filter((file) => file.endsWith('.xz')).map((file) => path.join(moduleRoot, file));
  if (compressed.length > 0) await processes.run(['xz', '--decompress', ...compressed]);
  const moduleOrder = order.map(plainName);
  const modulesTarPath = path.join(directory, 'modules.tar');
  await processes.run([
    ...(['tar', '--create', '--file', modulesTarPath, '--directory', moduleRoot, '--sort=name', '--mtime=@0'] as const),
    ...['--owner=0', '--group=0', '--numeric-owner', ...MODULE_LISTS, ...moduleOrder],
  ]);
  return {
    release: await text('release'),
    kernelPath: path.join(tree, 'kernel'),
    initrdPath: path.join(tree, 'initrd'),
    configPath: path.join(tree, 'config'),
    hostKey: (await text('host-key')).split(' ').slice(0, 2).join(' '),
    packages,
    modulesTarPath,
    moduleOrder,
  };
}

function loadOrder(lists: Parameters<typeof moduleLoadOrder>[0]): readonly string[] {
  try {
    return moduleLoadOrder(lists);
  } catch (error) {
    if (!(error instanceof MissingModulesError)) throw error;
    throw new Fault(
      { kind: 'profile', headline: error.message, hint: 'Fix initrdModules: in the guest definition.' },
      { cause: error },
    );
  }
}

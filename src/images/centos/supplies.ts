import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Argv, Host, RunOptions } from '../../host/host.ts';
import type { InstalledGuest } from '../../profile/guest-schema.ts';
import { writeSupplyLists } from '../supply-lists.ts';

export interface SuppliesOptions {
  readonly definition: InstalledGuest;
  /** Folder that the definition's paths are relative to. */
  readonly definitionFolder: string;
  /** The public key that must have signed every package. */
  readonly signingKeyPath: string;
  /** Empty scratch folder. */
  readonly directory: string;
  readonly run: RunOptions;
}

/**
 * dnf of the host, with nothing of the host's: its own configuration, state and root (dnf.conf(5)). Weak dependencies are left
 * out since yum 3.4, which installs these packages, knows none.
 */
function dnfConfig(directory: string, repositories: Readonly<Record<string, string>>): string {
  const main = {
    reposdir: '/dev/null',
    cachedir: path.join(directory, 'cache'),
    persistdir: path.join(directory, 'persist'),
    logdir: path.join(directory, 'log'),
    install_weak_deps: '0',
    // A mirror that gives nothing for so long is given up, however slow one that gives something is.
    timeout: '60',
    retries: '5',
  };
  const section = (name: string, values: Readonly<Record<string, string>>): string =>
    [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key}=${value}`), ''].join('\n');
  return [
    section('main', main),
    ...Object.entries(repositories).map(([name, baseurl]) => section(name, { name, baseurl })),
  ].join('\n');
}

/** Asks the host's dnf for the packages and all they need, whatever the medium has of it: yum takes what is missing. */
async function download(host: Host, options: SuppliesOptions, target: string): Promise<void> {
  const { definition, directory, run } = options;
  const state = path.join(directory, 'dnf');
  const config = path.join(state, 'dnf.conf');
  await host.files.writeAtomic(config, dnfConfig(state, definition.repositories));
  try {
    await host.processes.run(
      [
        ...(['dnf', '--config', config, '--assumeyes', '--disableplugin=local'] as const),
        ...[`--releasever=${definition.releasever}`, '--forcearch=x86_64', `--installroot=${path.join(state, 'root')}`],
        ...['download', '--resolve', '--alldeps', '--arch=x86_64,noarch', '--destdir', target],
        ...definition.packages,
      ],
      run,
    );
  } catch (error) {
    if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') throw error;
    throw new Fault(
      {
        kind: 'download-failed',
        headline: `The packages of ${definition.name} could not be had from ${Object.values(definition.repositories).join(' and ')}`,
        hint: 'Check the network to the vault, or the names in packages:, then resume.',
        ...(error.failure.detail === undefined ? {} : { detail: error.failure.detail }),
      },
      { cause: error },
    );
  }
}

/** Every package must carry the signature of the key that came with the medium, whose own digest is pinned (rpmkeys(8)). */
async function verify(host: Host, options: SuppliesOptions, packages: readonly string[]): Promise<void> {
  const database = path.join(options.directory, 'rpm');
  await host.files.makeDirectory(database);
  const rpmkeys = (...rest: string[]): Argv => ['rpmkeys', `--dbpath=${database}`, ...rest];
  await host.processes.run(rpmkeys('--import', options.signingKeyPath), options.run);
  const checked = await host.processes.run(rpmkeys('--define', '_pkgverify_level all', '--checksig', ...packages), {
    ...options.run,
    okExitCodes: 'any',
  });
  const bad = checked.stdout
    .trim()
    .split('\n')
    .filter((line) => !line.endsWith(': digests signatures OK'));
  if (checked.exitCode === 0 && bad.length === 0) return;
  throw new Fault({
    kind: 'digest-mismatch',
    headline: `${String(bad.length)} of the packages ${bad.length === 1 ? 'is' : 'are'} not signed by the key on the installer's medium`,
    hint: "drydock uses none of them. They changed during the download, or `repositories:` names a place that is not the distribution's.",
    detail: bad.map((line) => path.basename(line)),
  });
}

/**
 * Gathers all that a system is made a guest with, as files below `directory`: the packages as a yum repository, the files and
 * units of the definition, and the script that reads them (vm-images/files/centos/provision).
 *
 * @returns the folder that holds them
 * @throws Fault `download-failed` when the packages cannot be had, `digest-mismatch` when one is not signed by the key
 */
export async function gatherSupplies(host: Host, options: SuppliesOptions): Promise<string> {
  const { definition, directory, definitionFolder, run } = options;
  const { files, processes } = host;
  const tree = path.join(directory, 'tree');
  const packages = path.join(tree, 'packages');
  await files.makeDirectory(packages);
  await download(host, options, packages);
  const rpms = (await files.list(packages)).filter((name) => name.endsWith('.rpm')).sort();
  await verify(
    host,
    options,
    rpms.map((name) => path.join(packages, name)),
  );
  // yum 3.4 reads no zstd.
  await processes.run(
    ['createrepo_c', '--quiet', '--checksum', 'sha256', '--general-compress-type', 'gz', packages],
    run,
  );
  await files.copy(options.signingKeyPath, path.join(tree, 'signing-key'));
  await writeSupplyLists(
    host,
    definition,
    path.resolve(definitionFolder, definition.provision),
    definitionFolder,
    tree,
  );
  return tree;
}

/** The supplies as one ISO image, for a disk of an installer. */
export async function packSupplies(host: Host, tree: string, outputPath: string, run: RunOptions): Promise<void> {
  await host.processes.run(['genisoimage', '-quiet', '-V', 'DRYDOCK', '-R', '-o', outputPath, tree], run);
}

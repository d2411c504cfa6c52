import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Argv, Host, RunOptions } from '../host/host.ts';
import type { CentosDefinition } from '../profile/guest-schema.ts';

export interface SuppliesOptions {
  readonly definition: CentosDefinition;
  /** Folder that the definition's paths are relative to. */
  readonly definitionFolder: string;
  /** The public key that must have signed every package. */
  readonly signingKeyPath: string;
  /** Empty scratch folder. */
  readonly directory: string;
  /** The ISO image that is made. */
  readonly outputPath: string;
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
    hint: 'Nothing of them was used. Somebody changed them on their way, or repositories: names a place that is not the distribution.',
    detail: bad.map((line) => path.basename(line)),
  });
}

async function writeList(host: Host, file: string, lines: readonly string[]): Promise<void> {
  await host.files.writeAtomic(file, lines.map((line) => `${line}\n`).join(''));
}

/**
 * Packs all that a fresh system is finished with into one ISO image: the packages as a yum repository, the files and units of
 * the definition as lists, and the script that reads them (vm-images/files/centos/provision).
 *
 * @throws Fault `download-failed` when the packages cannot be had, `digest-mismatch` when one is not signed by the key
 */
export async function buildSupplies(host: Host, options: SuppliesOptions): Promise<void> {
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
  await files.copy(path.resolve(definitionFolder, definition.provision), path.join(tree, 'provision'));
  for (const [index, { from }] of definition.files.entries()) {
    await files.copy(path.resolve(definitionFolder, from), path.join(tree, 'files', String(index)));
  }
  await writeList(host, path.join(tree, 'package-names'), definition.packages);
  const placed = definition.files.map(({ mode, to }, index) => `${mode} ${String(index)} ${to}`);
  await writeList(host, path.join(tree, 'file-list'), placed);
  await writeList(host, path.join(tree, 'enable'), definition.enable);
  await writeList(host, path.join(tree, 'mask'), definition.mask);
  await processes.run(
    ['xorriso', '-as', 'mkisofs', '-quiet', '-V', 'DRYDOCK', '-R', '-o', options.outputPath, tree],
    run,
  );
}

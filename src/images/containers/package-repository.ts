import path from 'node:path';
import { controlField, packageDateSec, packagesIndex, poolName, releaseFile } from '../../bench/debian-repository.ts';
import type { RepositoryPackage } from '../../bench/debian-repository.ts';
import { openDebianArchive } from '../../host/net/debian-archive.ts';
import type { DebianArchive } from '../../host/net/debian-archive.ts';
import type { Host } from '../../host/host.ts';

/** What a repository holds of one package. */
export interface PinnedPackage {
  readonly version: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A flat Debian repository as one file. */
export interface PackageRepository {
  /** tar of `Release`, `Packages` and the package files. */
  readonly tarPath: string;
  readonly packages: Readonly<Record<string, PinnedPackage>>;
}

export interface PackageRepositoryOptions extends DebianArchive {
  /** What containers will install, by name. */
  readonly wanted: readonly string[];
  /** dpkg's status file of the container image: what is installed there is left out. */
  readonly statusPath: string;
  /** Empty scratch folder. */
  readonly workDir: string;
  readonly signal?: AbortSignal;
  readonly progress?: (message: string) => void;
}

interface Fetched extends RepositoryPackage {
  readonly dateSec: number;
}

async function intoPool(host: Host, file: string, folder: string): Promise<Fetched> {
  const { files } = host;
  const { stdout: control } = await host.processes.run(['dpkg-deb', '--field', file]);
  const filename = poolName(control);
  const kept = path.join(folder, filename);
  await files.rename(file, kept);
  const bytes = await files.readBytes(kept);
  return {
    control,
    filename,
    sizeBytes: bytes.length,
    sha256: await files.sha256(kept),
    dateSec: packageDateSec(bytes),
  };
}

/**
 * Makes a repository of everything that `apt-get install` would fetch for the wanted packages in a container image. Signatures are
 * checked by apt against the keyring, with an apt state of its own. The same packages give the same bytes: the
 * repository's date is its newest package's.
 *
 * @throws Fault `download-failed` when the archive does not have them all
 */
export async function buildPackageRepository(
  host: Host,
  options: PackageRepositoryOptions,
): Promise<PackageRepository> {
  const { workDir, signal, progress } = options;
  const { files, processes } = host;
  progress?.('reading package lists');
  const archive = await openDebianArchive(host, options, path.join(workDir, 'apt'), signal, options.statusPath);
  progress?.(`fetching ${options.wanted.join(', ')} and what they need`);
  const fetched = await archive.fetchClosure(options.wanted);

  const folder = path.join(workDir, 'repository');
  await files.makeDirectory(folder);
  const packages: Fetched[] = [];
  for (const file of fetched) packages.push(await intoPool(host, file, folder));

  const indexPath = path.join(folder, 'Packages');
  const index = packagesIndex(packages);
  await files.writeAtomic(indexPath, index);
  const dateSec = Math.max(0, ...packages.map((one) => one.dateSec));
  const vouched = { sha256: await files.sha256(indexPath), sizeBytes: Buffer.byteLength(index) };
  await files.writeAtomic(path.join(folder, 'Release'), releaseFile(vouched, dateSec, 'amd64'));

  const tarPath = path.join(workDir, 'repository.tar');
  await processes.run([
    ...(['tar', '--create', '--file', tarPath, '--directory', folder, '--sort=name'] as const),
    ...[`--mtime=@${String(dateSec)}`, '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', '.'],
  ]);
  const named = packages.map(({ control, sizeBytes, sha256 }): [string, PinnedPackage] => [
    controlField(control, 'Package') ?? '',
    { version: controlField(control, 'Version') ?? '', sha256, sizeBytes },
  ]);
  return { tarPath, packages: Object.fromEntries(named) };
}

/** Unpacks a repository into an empty folder, for a run that serves it. */
export async function unpackRepository(host: Host, tarPath: string, folder: string): Promise<void> {
  await host.files.makeDirectory(folder);
  await host.processes.run(['tar', '--extract', '--file', tarPath, '--directory', folder, '--no-same-owner']);
}

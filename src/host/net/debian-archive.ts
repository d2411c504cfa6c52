import path from 'node:path';
import { Fault } from '../fault.ts';
import type { Argv, Host } from '../host.ts';

/** Where signed Debian packages come from. */
export interface DebianArchive {
  /** `http://deb.debian.org/debian bookworm main`, one an entry. */
  readonly archives: readonly string[];
  /** Keyring that signs them. */
  readonly keyring: string;
}

/** A package file whose signature chain apt has verified. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/**
 * apt with a state of its own in `directory`, so that any Debian or Ubuntu host can fetch any suite's packages without
 * a change to its own sources (apt.conf(5), `Dir`).
 */
function aptOptions(directory: string): string[] {
  const settings = {
    'Dir::State': path.join(directory, 'state'),
    'Dir::State::status': path.join(directory, 'status'),
    'Dir::Cache': path.join(directory, 'cache'),
    'Dir::Etc::SourceList': path.join(directory, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

function unavailable(why: string, hint: string, cause?: unknown): Fault {
  const detail = cause instanceof Fault ? cause.failure.detail : undefined;
  const said = detail === undefined ? {} : { detail };
  return new Fault({ kind: 'download-failed', headline: why, hint, ...said }, { cause });
}

/** A package that `apt-get --simulate install` would unpack: its name, the version it has now if any, the one it gets. */
const PLANNED = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /gm;

/** Package lists of an archive, ready to be asked. */
interface OpenArchive {
  fetch(name: string, version?: string): Promise<DebianPackage>;
  /** Everything that installing these would unpack, without recommended packages. @returns the package files */
  fetchClosure(names: readonly string[]): Promise<readonly string[]>;
}

/**
 * Opens an archive. `directory` is scratch space and may be thrown away afterwards.
 *
 * @param statusPath dpkg's status file of a system, whose packages need not be fetched; default: nothing is installed
 */
export async function openDebianArchive(
  host: Host,
  archive: DebianArchive,
  directory: string,
  signal?: AbortSignal,
  statusPath?: string,
): Promise<OpenArchive> {
  const { files, processes } = host;
  await files.makeDirectory(path.join(directory, 'state/lists/partial'));
  await files.makeDirectory(path.join(directory, 'cache/archives/partial'));
  if (statusPath === undefined) await files.writeAtomic(path.join(directory, 'status'), '');
  else await files.copy(statusPath, path.join(directory, 'status'));
  const sources = archive.archives.map((line) => `deb [signed-by=${archive.keyring}] ${line}\n`).join('');
  await files.writeAtomic(path.join(directory, 'sources.list'), sources);
  const options = aptOptions(directory);
  const run = (command: Argv, cwd = directory) =>
    processes.run(command, { cwd, ...(signal === undefined ? {} : { signal }) });
  // An unreachable archive is only a warning to apt-get update; the fetch below would then name the wrong cause.
  await run(['apt-get', ...options, '-q', '-o', 'APT::Update::Error-Mode=any', 'update']).catch((error: unknown) => {
    if (error instanceof Fault && error.failure.kind === 'command-failed') {
      throw unavailable(
        `The package archive ${archive.archives[0] ?? ''} could not be read`,
        'Check the network and the archives: lines of the guest definition.',
        error,
      );
    }
    throw error;
  });

  return {
    async fetch(name, version) {
      const target = version === undefined ? name : `${name}=${version}`;
      const before = await files.list(directory);
      try {
        await run(['apt-get', ...options, '-q', 'download', target]);
      } catch (error) {
        if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') throw error;
        throw unavailable(
          `The archive has no ${target}`,
          version === undefined
            ? 'Check the package name.'
            : 'The archive has moved on since the guest image was made: run again with --refresh-image to make a new one.',
          error,
        );
      }
      const fetched = (await files.list(directory)).find((file) => file.endsWith('.deb') && !before.includes(file));
      if (fetched === undefined) throw unavailable(`apt-get fetched no file for ${target}`, 'Run again.');
      const file = path.join(directory, fetched);
      const shown = await run(['dpkg-deb', '--field', file, 'Version']);
      return { name, version: shown.stdout.trim(), path: file };
    },
    async fetchClosure(names) {
      const folder = path.join(directory, 'closure');
      await files.makeDirectory(folder);
      const plan = ['-o', 'APT::Default-Release=', '--no-install-recommends', '--simulate', 'install', ...names];
      try {
        const { stdout } = await run(['apt-get', ...options, '-q', ...plan]);
        const targets = [...stdout.matchAll(PLANNED)].map(([, name = '', version = '']) => `${name}=${version}`);
        // `install --download-only` would leave packages of a file: archive where they are.
        if (targets.length > 0) await run(['apt-get', ...options, '-q', 'download', ...targets], folder);
      } catch (error) {
        if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') throw error;
        throw unavailable(
          `The archive cannot provide ${names.join(', ')} with all they depend on`,
          "Check the names and the archive's suite; apt's own words are below.",
          error,
        );
      }
      return (await files.list(folder)).map((file) => path.join(folder, file));
    },
  };
}

/** Unpacks a package's files below `directory`, without installing anything. */
export async function extractPackage(host: Host, file: string, directory: string): Promise<void> {
  await host.files.makeDirectory(directory);
  await host.processes.run(['dpkg-deb', '--extract', file, directory]);
}

import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host, RunOptions } from '../../host/host.ts';
import { installedPackages } from './dpkg-status.ts';
import { inScratch, mmdebstrap } from '../scratch.ts';

/** Where a guest's packages come from; a part of its definition. */
export interface PackageSource {
  readonly suite: string;
  readonly archives: readonly string[];
  /** Keyring on this host that signs the archives. */
  readonly keyring: string;
}

export interface WorkloadImageOptions {
  /** Empty scratch folder. */
  readonly workDir: string;
  readonly onLine?: (line: string) => void;
  readonly logPath?: string;
  readonly signal?: AbortSignal;
}

/** A container image made of distribution packages. */
export interface PackagesImage {
  /** Root file system, for `docker import`; the same packages give the same bytes. */
  readonly tarPath: string;
  /** dpkg's own list of what is in it (dpkg-query(1), /var/lib/dpkg/status), for computing further dependencies. */
  readonly statusPath: string;
  /** Name → version. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Documentation is not needed in these containers. dpkg omits the same files from packages that are installed later. */
const EXCLUDED = [
  '/usr/share/doc/*',
  '/usr/share/doc-base/*',
  '/usr/share/info/*',
  '/usr/share/lintian/*',
  '/usr/share/locale/*',
  '/usr/share/man/*',
];
/** mmdebstrap leaves this host's own in the tree; Docker gives every container its own. A constant: the root is "$1". */
const FORGET_HOST = 'rm -f "$1/etc/hostname" "$1/etc/resolv.conf"';
const STATUS = './var/lib/dpkg/status';

/**
 * Builds a container image of the distribution's essential packages, apt, and `packages`, without recommendations.
 * Nothing of this host or moment is in it: time stamps are 0, device nodes (Docker makes its own) and logs are left out,
 * and there is no host key and no machine id. mmdebstrap keeps no archive lists, so a container needs a repository in its sources
 * first. As root it works in namespaces of its own, otherwise in mmdebstrap's user namespace.
 *
 * @throws Fault `profile` when the archives have no such package, `command-failed` for what else mmdebstrap meets
 */
export function buildPackagesImage(
  host: Host,
  source: PackageSource,
  packages: readonly string[],
  options: WorkloadImageOptions,
): Promise<PackagesImage> {
  const { files, processes } = host;
  const { workDir, ...rest } = options;
  return inScratch(host, workDir, async (scratch) => {
    const made = path.join(scratch, 'image.tar');
    const runOptions: RunOptions = { ...rest, env: { SOURCE_DATE_EPOCH: '0', TMPDIR: scratch } };
    await processes
      .run(
        mmdebstrap(
          host,
          '--variant=apt',
          ...(packages.length === 0 ? [] : [`--include=${packages.join(',')}`]),
          ...EXCLUDED.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
          '--skip=output/dev',
          `--customize-hook=${FORGET_HOST}`,
          `--keyring=${source.keyring}`,
          source.suite,
          made,
          ...source.archives.map((line) => `deb ${line}`),
        ),
        runOptions,
      )
      .catch((error: unknown) => {
        throw namingPackage(error, source.suite);
      });
    const tarPath = path.join(workDir, 'image.tar');
    if (made !== tarPath) await files.copy(made, tarPath);
    await processes.run(
      ['tar', '--extract', '--file', tarPath, '--directory', workDir, '--strip-components=4', STATUS],
      rest,
    );
    const statusPath = path.join(workDir, path.basename(STATUS));
    return { tarPath, statusPath, packages: installedPackages(await files.readText(statusPath)) };
  });
}

/** apt's word for a misspelt package stands far above the end of what mmdebstrap prints. */
function namingPackage(error: unknown, suite: string): unknown {
  if (!(error instanceof Fault)) return error;
  const [, name] = /Unable to locate package (\S+)/.exec(error.failure.detail?.join('\n') ?? '') ?? [];
  if (name === undefined) return error;
  return new Fault(
    {
      ...error.failure,
      kind: 'profile',
      headline: `${suite} has no package ${name}, and a container image of the profile is made of it`,
      hint: 'Fix packages: below bench.images in the profile; `apt-cache search` finds names.',
    },
    { cause: error },
  );
}

/** The image's name in Docker: by content, so that an image of the same name but other content is another. */
export function workloadImageTag(name: string, artifact: { readonly sha256: string }): string {
  return `drydock/${name}:${artifact.sha256.slice(0, 12)}`;
}

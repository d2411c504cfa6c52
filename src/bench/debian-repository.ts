/** A package file of a repository, and what its own control file says of it. */
export interface RepositoryPackage {
  /** As `dpkg-deb --field` prints it: one stanza (deb-control(5)), without an empty line. */
  readonly control: string;
  /** Relative to the repository's root. */
  readonly filename: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A field of a control stanza; folded ones by their first line. */
export function controlField(control: string, field: string): string | undefined {
  const line = control.split('\n').find((one) => one.toLowerCase().startsWith(`${field.toLowerCase()}:`));
  return line?.slice(field.length + 1).trim();
}

/**
 * Name under which Debian's own pool keeps a package: the version without its epoch, whose colon a path and an address would
 * each spell in a way of their own.
 */
export function poolName(control: string): string {
  const version = (controlField(control, 'Version') ?? '').replace(/^\d+:/, '');
  return `${controlField(control, 'Package') ?? ''}_${version}_${controlField(control, 'Architecture') ?? ''}.deb`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `Packages`: every control stanza with where its file is and what it must be (Debian's RepositoryFormat, "Packages Indices"). */
export function packagesIndex(packages: readonly RepositoryPackage[]): string {
  return [...packages]
    .sort((a, b) => compare(a.filename, b.filename))
    .map(({ control, filename, sizeBytes, sha256 }) => {
      const place = [`Filename: ${filename}`, `Size: ${String(sizeBytes)}`, `SHA256: ${sha256}`];
      return `${control.trimEnd()}\n${place.join('\n')}\n`;
    })
    .join('\n');
}

/**
 * `Release` of a flat repository, which vouches for its one index (RepositoryFormat, "Release files").
 *
 * @param dateSec seconds since 1970
 */
export function releaseFile(
  index: { readonly sha256: string; readonly sizeBytes: number },
  dateSec: number,
  architecture: string,
): string {
  return [
    'Origin: drydock',
    'Label: drydock',
    `Date: ${new Date(dateSec * 1000).toUTCString()}`,
    `Architectures: ${architecture}`,
    'SHA256:',
    ` ${index.sha256} ${String(index.sizeBytes)} Packages`,
    '',
  ].join('\n');
}

/** An ar(5) file whose first member's header is too short or has no time. */
export class NotAnArchiveError extends Error {}

const AR_MAGIC = '!<arch>\n';

/**
 * When a package was made, in seconds since 1970: the time of its first member (deb(5), ar(5)), which a reproducible build takes
 * from the changelog.
 *
 * @param head the file's first 68 bytes or more
 * @throws NotAnArchiveError
 */
export function packageDateSec(head: Uint8Array): number {
  const text = new TextDecoder('latin1').decode(head.subarray(0, AR_MAGIC.length + 60));
  const date = /^\d+/.exec(text.slice(AR_MAGIC.length + 16, AR_MAGIC.length + 28))?.[0];
  if (!text.startsWith(AR_MAGIC) || date === undefined) throw new NotAnArchiveError('this is no Debian package');
  return Number(date);
}

/**
 * The one line of a container's /etc/apt/sources.list.
 *
 * `trusted`: this repository is not signed. apt checked Debian's signatures when it was filled, its digest is checked when it is
 * unpacked, and it is reached over loopback or SSH alone; a key made for it would prove no more and would cost the guest a gpgv
 * run and the repository its reproducible bytes. `check-date=no`: what clock the guest has is not what is measured.
 *
 * @param url `http://172.17.0.1:40213`
 */
export function sourcesList(url: string): string {
  return `deb [trusted=yes check-date=no] ${url.replace(/\/+$/, '')} ./\n`;
}

/**
 * Options with which apt-get works from this repository alone, whatever else the container has been told, and with the same
 * packages as the repository was made for: `apt-get …APT_OPTIONS update`, `apt-get …APT_OPTIONS install python3 git`.
 * `DEBIAN_FRONTEND=noninteractive` belongs into the environment.
 */
export const APT_OPTIONS: readonly string[] = [
  '--yes',
  '--no-install-recommends',
  ...['-o', 'Dir::Etc::SourceParts=/dev/null'],
  ...['-o', 'Acquire::Languages=none'],
  // A progress bar for a terminal that is none.
  ...['-o', 'Dpkg::Use-Pty=0'],
];

import { jsonText } from '../../json/text.ts';

/** One member of a cpio archive. Paths are relative, without a leading slash. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly content: Uint8Array;
      /** Files that share a number are hard links: names of one file. Absent for a file that has one name. */
      readonly link?: number;
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character-device' | 'block-device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

/** File type bits of st_mode (inode(7)). */
const TYPE_BITS: Readonly<Record<CpioEntry['kind'], number>> = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  'character-device': 0o020000,
  'block-device': 0o060000,
};

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const HEADER_BYTES = 110;
/** GNU cpio pads archives to its block size; so do we, and gzip makes nothing of the zeros. */
const BLOCK_BYTES = 512;

const encoder = new TextEncoder();

/** Fields of the header after the magic, each eight hex digits (kernel: Documentation/driver-api/early-userspace/buffer-format.rst). */
interface Header {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly sizeBytes: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly nameBytes: number;
}

function headerText(header: Header): string {
  const { inode, mode, links, sizeBytes, rdevMajor, rdevMinor, nameBytes } = header;
  // uid, gid, mtime, device and checksum are zero: nothing of the machine or the moment gets in.
  const fields = [inode, mode, 0, 0, links, 0, sizeBytes, 0, 0, rdevMajor, rdevMinor, nameBytes, 0];
  return MAGIC + fields.map((value) => value.toString(16).padStart(8, '0')).join('');
}

function padding(lengthBytes: number, toBytes: number): Uint8Array {
  return new Uint8Array((toBytes - (lengthBytes % toBytes)) % toBytes);
}

/** The positions of the names of each file that has several. */
function hardLinks(entries: readonly CpioEntry[]): ReadonlyMap<number, readonly number[]> {
  const positions = new Map<number, number[]>();
  entries.forEach((entry, position) => {
    if (entry.kind !== 'file' || entry.link === undefined) return;
    positions.set(entry.link, [...(positions.get(entry.link) ?? []), position]);
  });
  return positions;
}

function bodyOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.content;
  return entry.kind === 'symlink' ? encoder.encode(entry.target) : new Uint8Array(0);
}

function member(header: Omit<Header, 'nameBytes' | 'sizeBytes'>, name: string, body: Uint8Array): Uint8Array[] {
  const nameBytes = encoder.encode(`${name}\0`);
  const head = encoder.encode(headerText({ ...header, sizeBytes: body.length, nameBytes: nameBytes.length }));
  return [head, nameBytes, padding(head.length + nameBytes.length, 4), body, padding(body.length, 4)];
}

function checkPath(path: string): void {
  const parts = path.split('/');
  if (path === '' || path === TRAILER || path.includes('\0') || parts.some((part) => ['', '.', '..'].includes(part))) {
    throw new RangeError(`Not a path for a cpio archive: ${jsonText(path)}`);
  }
}

/**
 * A "newc" cpio archive, the form that the kernel unpacks as an initramfs. The same entries in the same order give the
 * same bytes: no times, no owners, inodes numbered by position. Of hard links the last one carries the content, as in
 * archives of GNU cpio.
 *
 * @throws RangeError for paths that are absolute, empty or climb out of the archive, and for a path given twice
 */
export function writeNewc(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const seen = new Set<string>();
  const links = hardLinks(entries);
  entries.forEach((entry, position) => {
    checkPath(entry.path);
    if (seen.has(entry.path)) throw new RangeError(`Twice in one cpio archive: ${entry.path}`);
    seen.add(entry.path);
    const permissions = entry.kind === 'symlink' ? 0o777 : entry.mode & 0o7777;
    const isDevice = entry.kind === 'character-device' || entry.kind === 'block-device';
    const link = entry.kind === 'file' ? entry.link : undefined;
    const names = (link === undefined ? undefined : links.get(link)) ?? [position];
    const header = {
      inode: (names[0] ?? position) + 1,
      mode: TYPE_BITS[entry.kind] | permissions,
      links: entry.kind === 'directory' ? 2 : names.length,
      rdevMajor: isDevice ? entry.major : 0,
      rdevMinor: isDevice ? entry.minor : 0,
    };
    const isLast = names.at(-1) === position;
    parts.push(...member(header, entry.path, isLast ? bodyOf(entry) : new Uint8Array(0)));
  });
  parts.push(...member({ inode: 0, mode: 0, links: 1, rdevMajor: 0, rdevMinor: 0 }, TRAILER, new Uint8Array(0)));
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(padding(sizeBytes, BLOCK_BYTES));
  const archive = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    archive.set(part, offset);
    offset += part.length;
  }
  return archive;
}

function entryOf(header: Header, path: string, body: Uint8Array): CpioEntry {
  const mode = header.mode & 0o7777;
  const { rdevMajor: major, rdevMinor: minor } = header;
  switch (header.mode & 0o170000) {
    case TYPE_BITS.directory:
      return { kind: 'directory', path, mode };
    case TYPE_BITS.file:
      return { kind: 'file', path, mode, content: body };
    case TYPE_BITS.symlink:
      return { kind: 'symlink', path, target: new TextDecoder().decode(body) };
    case TYPE_BITS['character-device']:
      return { kind: 'character-device', path, mode, major, minor };
    case TYPE_BITS['block-device']:
      return { kind: 'block-device', path, mode, major, minor };
    default:
      throw new RangeError(`${path} in the cpio archive is of an unknown type (mode ${header.mode.toString(8)})`);
  }
}

/** A member as it was read, with what tells hard links from files of their own. */
interface Member {
  readonly entry: CpioEntry;
  readonly inode: number;
  readonly links: number;
}

/** Gives every name of a file its content, which one of them carries, and the number that they share. */
function joinLinks(members: readonly Member[]): readonly CpioEntry[] {
  const groups = new Map<number, { names: number; content: Uint8Array }>();
  const isLinked = ({ entry, links }: Member): boolean => entry.kind === 'file' && links > 1;
  for (const one of members) {
    if (one.entry.kind !== 'file' || !isLinked(one)) continue;
    const { names = 0, content = one.entry.content } = groups.get(one.inode) ?? {};
    const carries = one.entry.content.length > 0;
    groups.set(one.inode, { names: names + 1, content: carries ? one.entry.content : content });
  }
  return members.map((one) => {
    const group = groups.get(one.inode);
    if (one.entry.kind !== 'file' || !isLinked(one) || group === undefined || group.names === 1) return one.entry;
    return { ...one.entry, content: group.content, link: one.inode };
  });
}

/**
 * Reads what `writeNewc` wrote, or the first archive of any newc file. Hard links share the inode number of the archive
 * as their `link`. Paths are relative, whatever they were (`./bin` is `bin`); the root itself is left out.
 *
 * @throws RangeError when the bytes are not newc or end too early
 */
export function readNewc(archive: Uint8Array): readonly CpioEntry[] {
  return readNewcAt(archive, 0).entries;
}

/** As `readNewc`, for one of several archives in a row. @returns also the first byte behind its trailer */
export function readNewcAt(
  archive: Uint8Array,
  start: number,
): { readonly entries: readonly CpioEntry[]; readonly end: number } {
  const decoder = new TextDecoder();
  const aligned = (offset: number): number => start + Math.ceil((offset - start) / 4) * 4;
  const members: Member[] = [];
  let offset = start;
  for (;;) {
    const text = decoder.decode(archive.subarray(offset, offset + HEADER_BYTES));
    if (text.length < HEADER_BYTES || !text.startsWith(MAGIC)) {
      throw new RangeError(`No newc header at byte ${String(offset)}`);
    }
    const numberAt = (index: number): number => Number.parseInt(text.slice(6 + 8 * index, 14 + 8 * index), 16);
    const header: Header = {
      inode: numberAt(0),
      mode: numberAt(1),
      links: numberAt(4),
      sizeBytes: numberAt(6),
      rdevMajor: numberAt(9),
      rdevMinor: numberAt(10),
      nameBytes: numberAt(11),
    };
    const nameStart = offset + HEADER_BYTES;
    const name = decoder.decode(archive.subarray(nameStart, nameStart + header.nameBytes - 1));
    const bodyStart = aligned(nameStart + header.nameBytes);
    if (name === TRAILER) return { entries: joinLinks(members), end: bodyStart };
    const bodyEnd = bodyStart + header.sizeBytes;
    if (bodyEnd > archive.length) throw new RangeError(`${name} in the cpio archive is cut short`);
    const path = name.replace(/^(?:\.?\/)+/, '');
    if (path !== '' && path !== '.') {
      const entry = entryOf(header, path, archive.slice(bodyStart, bodyEnd));
      members.push({ entry, inode: header.inode, links: header.links });
    }
    offset = aligned(bodyEnd);
  }
}

/** One member of a cpio archive. Paths are relative, without a leading slash. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
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
    throw new RangeError(`Not a path for a cpio archive: ${JSON.stringify(path)}`);
  }
}

/**
 * A "newc" cpio archive, the form that the kernel unpacks as an initramfs. The same entries in the same order give the
 * same bytes: no times, no owners, inodes numbered by position.
 *
 * @throws RangeError for paths that are absolute, empty or climb out of the archive, and for a path given twice
 */
export function writeNewc(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const seen = new Set<string>();
  entries.forEach((entry, position) => {
    checkPath(entry.path);
    if (seen.has(entry.path)) throw new RangeError(`Twice in one cpio archive: ${entry.path}`);
    seen.add(entry.path);
    const permissions = entry.kind === 'symlink' ? 0o777 : entry.mode & 0o7777;
    const isDevice = entry.kind === 'character-device' || entry.kind === 'block-device';
    const header = {
      inode: position + 1,
      mode: TYPE_BITS[entry.kind] | permissions,
      links: entry.kind === 'directory' ? 2 : 1,
      rdevMajor: isDevice ? entry.major : 0,
      rdevMinor: isDevice ? entry.minor : 0,
    };
    parts.push(...member(header, entry.path, bodyOf(entry)));
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

/**
 * Reads what `writeNewc` wrote, or the first archive of any newc file.
 *
 * @throws RangeError when the bytes are not newc or end too early
 */
export function readNewc(archive: Uint8Array): readonly CpioEntry[] {
  const decoder = new TextDecoder();
  const aligned = (offset: number): number => Math.ceil(offset / 4) * 4;
  const entries: CpioEntry[] = [];
  let offset = 0;
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
    const path = decoder.decode(archive.subarray(nameStart, nameStart + header.nameBytes - 1));
    const bodyStart = aligned(nameStart + header.nameBytes);
    if (path === TRAILER) return entries;
    const bodyEnd = bodyStart + header.sizeBytes;
    if (bodyEnd > archive.length) throw new RangeError(`${path} in the cpio archive is cut short`);
    entries.push(entryOf(header, path, archive.slice(bodyStart, bodyEnd)));
    offset = aligned(bodyEnd);
  }
}

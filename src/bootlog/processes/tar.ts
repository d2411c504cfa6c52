const BLOCK_BYTES = 512;

/**
 * Regular files of a tar archive by their paths (POSIX ustar and what GNU and BusyBox tar write of it; long names of
 * extensions are cut). An archive that is cut short yields the files that are whole.
 */
export function readTar(archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const decoder = new TextDecoder();
  const files = new Map<string, Uint8Array>();
  const textAt = (from: number, length: number): string =>
    decoder.decode(archive.subarray(from, from + length)).replace(/\0.*$/s, '');
  for (let offset = 0; offset + BLOCK_BYTES <= archive.length;) {
    const name = textAt(offset, 100);
    const size = textAt(offset + 124, 12).trim();
    if (name === '' || !/^[0-7]+$/.test(size)) break;
    const type = textAt(offset + 156, 1);
    const prefix = textAt(offset + 257, 5) === 'ustar' ? textAt(offset + 345, 155) : '';
    const start = offset + BLOCK_BYTES;
    const end = start + Number.parseInt(size, 8);
    if (end > archive.length) break;
    if (type === '' || type === '0')
      files.set(prefix === '' ? name : `${prefix}/${name}`, archive.subarray(start, end));
    offset = Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}

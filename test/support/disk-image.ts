import { open, stat } from 'node:fs/promises';

const SECTOR_BYTES = 512;
/** Where partitioning tools put the first partition: 1 MiB. */
const FIRST_SECTOR = 2048;
const ENTRY_BYTES = 128;
const ENTRY_COUNT = 128;
/** "Linux filesystem data", 0FC63DAF-8483-4772-8E79-3D69D8477DE4. */
const LINUX_DATA = '0fc63daf-8483-4772-8e79-3d69d8477de4';

/** CRC-32 as GPT uses it (UEFI 2.10, 5.3.2; the polynomial of zlib). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A GUID as it lies on disk: the first three fields little-endian (UEFI 2.10, appendix A). */
function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}

async function compose(diskPath: string, filesystemPath: string, head: Buffer): Promise<void> {
  await using disk = await open(diskPath, 'w');
  await using filesystem = await open(filesystemPath, 'r');
  await disk.write(head, 0, head.length, 0);
  let at = 0;
  for (;;) {
    const { bytesRead, buffer } = await filesystem.read(Buffer.alloc(1 << 20), 0, 1 << 20, at);
    if (bytesRead === 0) break;
    await disk.write(buffer, 0, bytesRead, FIRST_SECTOR * SECTOR_BYTES + at);
    at += bytesRead;
  }
  // Room for GPT's second table; the kernel takes the first alone as long as it is whole.
  await disk.truncate(FIRST_SECTOR * SECTOR_BYTES + at + 34 * SECTOR_BYTES);
}

/** A disk with one MBR partition that holds a file system image. */
export async function writeMbrDisk(diskPath: string, filesystemPath: string, signature: number): Promise<void> {
  const sectors = (await stat(filesystemPath)).size / SECTOR_BYTES;
  const head = Buffer.alloc(SECTOR_BYTES);
  head.writeUInt32LE(signature, 440);
  head[446 + 4] = 0x83;
  head.writeUInt32LE(FIRST_SECTOR, 446 + 8);
  head.writeUInt32LE(sectors, 446 + 12);
  head.writeUInt16LE(0xaa55, 510);
  await compose(diskPath, filesystemPath, head);
}

/** A disk with one GPT partition that holds a file system image. */
export async function writeGptDisk(
  diskPath: string,
  filesystemPath: string,
  partition: { readonly uuid: string; readonly name: string },
): Promise<void> {
  const sectors = (await stat(filesystemPath)).size / SECTOR_BYTES;
  const lastSector = FIRST_SECTOR + sectors + 33;
  const head = Buffer.alloc((2 + (ENTRY_BYTES * ENTRY_COUNT) / SECTOR_BYTES) * SECTOR_BYTES);
  // Protective MBR: one partition of type EE over everything.
  head[446 + 4] = 0xee;
  head.writeUInt32LE(1, 446 + 8);
  head.writeUInt32LE(lastSector, 446 + 12);
  head.writeUInt16LE(0xaa55, 510);

  const table = head.subarray(2 * SECTOR_BYTES);
  guidBytes(LINUX_DATA).copy(table, 0);
  guidBytes(partition.uuid).copy(table, 16);
  table.writeBigUInt64LE(BigInt(FIRST_SECTOR), 32);
  table.writeBigUInt64LE(BigInt(FIRST_SECTOR + sectors - 1), 40);
  table.write(partition.name, 56, 'utf16le');

  const header = head.subarray(SECTOR_BYTES, SECTOR_BYTES + 92);
  header.write('EFI PART', 0, 'latin1');
  header.writeUInt32LE(0x00010000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(lastSector), 32);
  header.writeBigUInt64LE(BigInt(FIRST_SECTOR), 40);
  header.writeBigUInt64LE(BigInt(FIRST_SECTOR + sectors - 1), 48);
  guidBytes('11111111-2222-3333-4444-555555555555').copy(header, 56);
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(ENTRY_COUNT, 80);
  header.writeUInt32LE(ENTRY_BYTES, 84);
  header.writeUInt32LE(crc32(table), 88);
  header.writeUInt32LE(crc32(header), 16);
  await compose(diskPath, filesystemPath, head);
}

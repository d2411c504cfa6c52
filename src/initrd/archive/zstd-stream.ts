const FRAME_MAGIC = 0xfd2fb528;
/** Frames that decoders pass over have any of sixteen magic numbers. */
const SKIPPABLE_MAGIC = 0x184d2a50;

const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const RAW_OR_COMPRESSED = [0, 2];
const RUN_LENGTH = 1;

/** End of one frame's blocks and checksum. */
function frameEnd(view: DataView, start: number): number {
  const descriptor = view.getUint8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
  const dictionaryIdBytes = DICTIONARY_ID_BYTES[descriptor & 3] ?? 0;
  let at = start + 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes;
  for (;;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    if (type !== RUN_LENGTH && !RAW_OR_COMPRESSED.includes(type)) throw new RangeError('A zstd block of no known type');
    at += 3 + (type === RUN_LENGTH ? 1 : header >> 3);
    if ((header & 1) === 1) return at + ((descriptor & 4) === 0 ? 0 : 4);
  }
}

/**
 * How long a zstd stream is (RFC 8878, 3.1): all frames in a row, without what follows. zstd(1) takes an archive's padding for
 * damage, and the last byte of a stream may be zero like padding, so only the frames tell.
 *
 * @throws RangeError when it breaks off
 */
export function zstdStreamBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const magic = view.getUint32(at, true);
    if (magic === FRAME_MAGIC) at = frameEnd(view, at);
    else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) at += 8 + view.getUint32(at + 4, true);
    else break;
  }
  if (at > bytes.length) throw new RangeError('The zstd stream breaks off');
  return at;
}

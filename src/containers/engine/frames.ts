/** Which of a container's streams the bytes were written to. */
export type FrameStream = 'stdout' | 'stderr';

const HEADER_BYTES = 8;

/**
 * Takes the daemon's multiplexed stream apart (Engine API, "Attach to a container", Stream format): a header of eight bytes,
 * the first the stream (1 stdout, 2 stderr), the last four the payload's length, big-endian; then the payload. Chunks may be cut
 * anywhere.
 */
export function createFrameReader(onPayload: (stream: FrameStream, payload: Uint8Array) => void) {
  let pending = Buffer.alloc(0);
  return (chunk: Uint8Array): void => {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    while (pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + pending.readUInt32BE(4);
      if (pending.length < end) return;
      const payload = pending.subarray(HEADER_BYTES, end);
      if (payload.length > 0) onPayload(pending[0] === 2 ? 'stderr' : 'stdout', payload);
      pending = pending.subarray(end);
    }
  };
}

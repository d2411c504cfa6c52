import { gunzipSync } from 'node:zlib';
import type { ProcessLog } from '../../model/boots/processes.ts';
import { parseBootchart } from './bootchart.ts';
import { isCollectorLog, parseCollectorLog } from './collector-log.ts';
import { isSystemdBootchart, parseSystemdBootchart } from './systemd-bootchart.ts';
import { readTar } from './tar.ts';

/** A boot's log unpacks to some MiB; what grows beyond this is none. */
const MAX_UNPACKED_BYTES = 512 * 1024 ** 2;

function unpack(bytes: Uint8Array): Uint8Array {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw new RangeError(
      `This gzip file cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Reads a process log of any kind, told apart by its content: drydock's collector, a bootchart tarball (gzip or plain), or
 * a chart of systemd-bootchart.
 *
 * @throws RangeError when it is none of them
 */
export function readProcessLog(bytes: Uint8Array): ProcessLog {
  const content = unpack(bytes);
  const decoder = new TextDecoder();
  const start = decoder.decode(content.subarray(0, 4096));
  if (isCollectorLog(start)) return parseCollectorLog(decoder.decode(content));
  if (isSystemdBootchart(start)) return parseSystemdBootchart(decoder.decode(content));
  const files = [...readTar(content)].map(([file, body]) => [file.replace(/^.*\//, ''), body] as const);
  if (files.length === 0) {
    throw new RangeError(
      "This is neither a log of drydock's collector, nor a bootchart tarball, nor a chart of systemd-bootchart",
    );
  }
  return parseBootchart(new Map(files.map(([file, body]) => [file, decoder.decode(body)])));
}

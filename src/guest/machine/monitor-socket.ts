import path from 'node:path';
import type { Host } from '../../host/host.ts';
import { makeShortFolder } from '../../host/short-folder.ts';

/** Where one QEMU makes its QMP socket, and what goes once it has ended. */
export interface MonitorSocket {
  readonly path: string;
  /** The socket, or the private folder around it. */
  readonly socketFolder: string;
}

const NAME = 'qmp.sock';

/** A socket's path has 107 bytes at most (unix(7)); some are left for a QEMU or a C library that counts otherwise. */
const MAX_PATH_BYTES = 100;

/** Always there and always short, which a TMPDIR need not be. */
const SHORT_FOLDER = '/tmp';

/**
 * Finds a place for the QMP socket of the QEMU that is about to start: beside the machine's logs, so that one left by a
 * drydock that was killed lies with its run; in a private temporary folder where that path would be too long for a socket.
 * What an earlier machine has left there is removed.
 */
export async function placeMonitorSocket(host: Host, directory: string): Promise<MonitorSocket> {
  const beside = path.join(directory, NAME);
  if (new TextEncoder().encode(beside).length <= MAX_PATH_BYTES) {
    await host.files.remove(beside);
    return { path: beside, socketFolder: beside };
  }
  const folder = await makeShortFolder(host.files, SHORT_FOLDER, directory);
  return { path: path.join(folder, NAME), socketFolder: folder };
}

import { Fault } from '../../host/fault.ts';
import type { Host, TransferOptions } from '../../host/host.ts';
import type { Guest } from './guest.ts';

/**
 * Uploads a file and has the guest say what arrived.
 *
 * @throws Fault `no-ssh` when its sha256 is another one there
 */
export async function putVerified(
  guest: Guest,
  localPath: string,
  sha256: string,
  remotePath: string,
  options: TransferOptions = {},
): Promise<void> {
  await guest.upload(localPath, remotePath, options);
  const { stdout } = await guest.run(['sha256sum', remotePath]);
  if (stdout.startsWith(sha256)) return;
  throw new Fault({
    kind: 'no-ssh',
    headline: `${remotePath} arrived damaged in the guest`,
    hint: 'Resume the run: the transfer is repeated.',
    detail: [`sent sha256 ${sha256}`, `guest has    ${stdout.trim()}`],
  });
}

/**
 * Downloads a file and holds it against what the guest says it is.
 *
 * @throws Fault `no-ssh` when its sha256 is another one here
 */
export async function fetchVerified(host: Host, guest: Guest, remotePath: string, localPath: string): Promise<void> {
  const { stdout } = await guest.run(['sha256sum', remotePath]);
  await guest.download(remotePath, localPath);
  const sha256 = await host.files.sha256(localPath);
  if (stdout.startsWith(sha256)) return;
  throw new Fault({
    kind: 'no-ssh',
    headline: `${remotePath} of the guest arrived damaged`,
    hint: 'Resume the run: the transfer is repeated.',
    detail: [`guest has ${stdout.trim()}`, `arrived sha256 ${sha256}`],
  });
}

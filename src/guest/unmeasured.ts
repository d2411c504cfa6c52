import { Fault } from '../host/fault.ts';
import type { Guest } from './ssh.ts';

/** The command line of a boot that proves or prepares something and is not measured: its console may tell everything. */
export function talkativeCmdline(cmdline: string): string {
  return cmdline
    .split(' ')
    .filter((parameter) => parameter !== 'quiet' && !parameter.startsWith('loglevel='))
    .join(' ');
}

/**
 * Uploads a file and has the guest say what arrived.
 *
 * @throws Fault `no-ssh` when its sha256 is another one there
 */
export async function putVerified(guest: Guest, localPath: string, sha256: string, remotePath: string): Promise<void> {
  await guest.upload(localPath, remotePath);
  const { stdout } = await guest.run(['sha256sum', remotePath]);
  if (stdout.startsWith(sha256)) return;
  throw new Fault({
    kind: 'no-ssh',
    headline: `${remotePath} arrived damaged in the guest`,
    hint: 'Resume the run: the transfer is repeated.',
    detail: [`sent sha256 ${sha256}`, `guest has    ${stdout.trim()}`],
  });
}

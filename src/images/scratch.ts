import path from 'node:path';
import type { Argv, Host } from '../host/host.ts';

/**
 * Does `work` in a folder in which the root of mmdebstrap's user namespace may work: homes are closed to other users on
 * most distributions, and without root it is another user. With root, and where `workDir` is open to all, it is `workDir`
 * itself; otherwise a folder that is removed afterwards.
 */
export async function inScratch<T>(host: Host, workDir: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await scratchFor(host, workDir);
  try {
    return await work(scratch);
  } finally {
    if (scratch !== workDir) await removeScratch(host, scratch);
  }
}

/** The command as root runs it: root itself, or the root of mmdebstrap's user namespace. */
export function asRootOf(host: Host, command: Argv): Argv {
  return host.system.isRoot ? command : ['mmdebstrap', '--unshare-helper', ...command];
}

/** Only the namespace's root may remove what it made; what is left after that is in nobody's way. */
async function removeScratch(host: Host, scratch: string): Promise<void> {
  const made = (await host.files.list(scratch)).map((name) => path.join(scratch, name));
  await host.processes.run(asRootOf(host, ['rm', '-rf', ...made])).catch(() => undefined);
  await host.files.remove(scratch).catch(() => undefined);
}

/** Everybody may pass through these, so the namespace's root can; it is another user here. */
async function isOpenToAll(host: Host, folder: string): Promise<boolean> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const mode = (await host.files.stat(at))?.mode ?? 0;
    if ((mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

async function scratchFor(host: Host, workDir: string): Promise<string> {
  if (host.system.isRoot) return workDir;
  const isOpen = await isOpenToAll(host, path.dirname(workDir));
  const scratch = isOpen ? workDir : await host.files.makeTempDirectory('/var/tmp', 'drydock-image-');
  await host.files.chmod(scratch, 0o777);
  return scratch;
}

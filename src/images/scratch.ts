import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Argv, Host } from '../host/host.ts';
import { inOwnNamespaces } from '../host/process/own-namespaces.ts';
import { makeShortFolder } from '../host/short-folder.ts';
import { filledLines } from '../text/lines.ts';

/**
 * Does `work` in a folder in which the root of mmdebstrap's user namespace may work: homes are closed to other users on
 * most distributions, and without root it is another user. With root, and where `workDir` is open to all, it is `workDir`
 * itself; otherwise a folder that is removed afterwards.
 */
export async function inScratch<T>(host: Host, workDir: string, work: (scratch: string) => Promise<T>): Promise<T> {
  if (host.system.isRoot) await requireNamespaces(host);
  const scratch = await scratchFor(host, workDir);
  try {
    return await work(scratch);
  } catch (error) {
    // What the namespace's root made, only it can remove; the caller removes the rest.
    if (scratch === workDir && !host.system.isRoot) await emptyAsRoot(host, workDir);
    throw error;
  } finally {
    if (scratch !== workDir) await removeScratch(host, scratch);
  }
}

/**
 * mmdebstrap as this user may run it. It mounts /proc, /sys and /dev below the tree that it fills: as root in namespaces of
 * its own, so that the host never sees those mounts; otherwise in the user namespace that it makes itself.
 */
export function mmdebstrap(host: Host, ...args: readonly string[]): Argv {
  return host.system.isRoot
    ? inOwnNamespaces(['mmdebstrap', '--mode=root', ...args])
    : ['mmdebstrap', '--mode=unshare', ...args];
}

/** A command as root runs it: root itself, in namespaces of its own; or the root of mmdebstrap's user namespace. */
export function asRootOf(host: Host, command: Argv): Argv {
  return host.system.isRoot ? inOwnNamespaces(command) : ['mmdebstrap', '--unshare-helper', ...command];
}

/** @throws Fault `unavailable` when root may make no mount namespace here, as in an ordinary container */
async function requireNamespaces(host: Host): Promise<void> {
  const { exitCode, stderr } = await host.processes.run(inOwnNamespaces(['true']), { okExitCodes: 'any' });
  if (exitCode === 0) return;
  throw new Fault({
    kind: 'unavailable',
    headline: 'Root cannot create a mount namespace here, and drydock does not build images in the host’s namespace',
    hint: 'Run drydock as a normal user with user namespaces, or give the container CAP_SYS_ADMIN (docker run --privileged).',
    detail: filledLines(stderr),
  });
}

async function emptyAsRoot(host: Host, folder: string): Promise<void> {
  const made = (await host.files.list(folder)).map((name) => path.join(folder, name));
  if (made.length > 0) await host.processes.run(asRootOf(host, ['rm', '-rf', ...made])).catch(() => undefined);
}

/**
 * Removes a scratch folder of an image build, also one that a killed drydock left. Only the namespace's root may remove what
 * it made. A folder that cannot be removed is left; it is not in use.
 */
export async function removeScratch(host: Host, scratch: string): Promise<void> {
  const removed = await host.files.remove(scratch).then(
    () => true,
    () => false,
  );
  if (removed || host.system.isRoot) return;
  await emptyAsRoot(host, scratch);
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
  // Without mkdtemp's six letters, so that what a killed drydock left for the same stage is found.
  const owner = workDir.replace(/-[^-]{6}$/, '');
  const scratch = isOpen
    ? workDir
    : await makeShortFolder(host.files, '/var/tmp', owner, (folder) => removeScratch(host, folder));
  await host.files.chmod(scratch, 0o777);
  return scratch;
}

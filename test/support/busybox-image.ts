import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const APPLETS = ['sh', 'cat', 'echo', 'sleep', 'ping', 'dd', 'kill', 'printf', 'true', 'false', 'env', 'wget', 'nc'];

/** A root file system of BusyBox as a tar for `docker import`, made below `folder`. */
export async function busyboxImage(folder: string): Promise<string> {
  const root = path.join(folder, 'busybox-root');
  await mkdir(path.join(root, 'bin'), { recursive: true });
  await mkdir(path.join(root, 'tmp'));
  await copyFile('/bin/busybox', path.join(root, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', path.join(root, 'bin', applet));
  const tar = path.join(folder, 'busybox.tar');
  await promisify(execFile)('tar', ['--create', '--file', tar, '--directory', root, '.']);
  return tar;
}

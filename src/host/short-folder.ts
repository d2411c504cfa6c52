import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Files } from './host.ts';

const NAME = 'drydock-';

/**
 * A private folder elsewhere, for what does not fit in its owner's own: a socket whose path would be too long, an image
 * that another user fills. The name says who owns it, so what a killed drydock left for the same owner is removed first.
 *
 * @param parent where the folder goes: /tmp, /var/tmp
 * @param owner path of the folder that it stands in for; one user at a time
 * @param remove removes a folder that a killed drydock left
 */
export async function makeShortFolder(
  files: Files,
  parent: string,
  owner: string,
  remove: (folder: string) => Promise<void> = (folder) => files.remove(folder),
): Promise<string> {
  const prefix = `${NAME}${createHash('sha256').update(path.resolve(owner)).digest('hex').slice(0, 12)}-`;
  for (const name of await files.list(parent)) {
    // A folder that cannot be removed belongs to another user.
    if (name.startsWith(prefix)) await remove(path.join(parent, name)).catch(() => undefined);
  }
  return files.makeTempDirectory(parent, prefix);
}

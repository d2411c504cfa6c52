import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Files } from './host.ts';

const NAME = 'drydock-';

/**
 * A private folder outside of its owner's own, for what cannot lie there: a socket whose path would be too long, an image
 * that another user fills. The name says who owns it, so what a killed drydock left for the same owner is removed first.
 *
 * @param parent where the folder goes: /tmp, /var/tmp
 * @param owner path of the folder that it stands in for; one holder at a time
 */
export async function makeShortFolder(files: Files, parent: string, owner: string): Promise<string> {
  const prefix = `${NAME}${createHash('sha256').update(path.resolve(owner)).digest('hex').slice(0, 12)}-`;
  for (const name of await files.list(parent)) {
    // One that cannot be removed is another user's, or holds files of a user namespace; it is not in use.
    if (name.startsWith(prefix)) await files.remove(path.join(parent, name)).catch(() => undefined);
  }
  return files.makeTempDirectory(parent, prefix);
}

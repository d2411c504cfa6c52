import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { packageFile } from '../host/package-file.ts';
import type { Folders } from '../stages/stage.ts';

/** Also when the code runs from dist/. */
export const folders: Folders = {
  pipelines: packageFile('pipelines'),
  guests: packageFile('vm-images'),
};

/** `--cache-dir`, else DRYDOCK_CACHE, else the user's cache folder (XDG base directory specification). */
export function cacheRoot(asked: string | undefined): string {
  // An empty variable counts as unset, as the XDG specification has it.
  const named = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
  const user = named(process.env.XDG_CACHE_HOME) ?? path.join(os.homedir(), '.cache');
  return path.resolve(named(asked) ?? named(process.env.DRYDOCK_CACHE) ?? path.join(user, 'drydock'));
}

/** `--results-dir`, else results/ of the checkout. */
export function resultsRoot(asked: string | undefined): string {
  return path.resolve(asked ?? packageFile('results'));
}

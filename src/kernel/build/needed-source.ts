import path from 'node:path';
import type { Host } from '../../host/host.ts';
import { compiledFiles } from '../code/code-index.ts';
import type { Config } from '../config/config.ts';
import { filledLines } from '../../text/lines.ts';

/** Where most of a tree is, and where a folder that nothing is compiled in is of no use to the others. */
const BRANCHES = ['drivers', 'sound'] as const;

/** Sources; Kconfig files and makefiles are read whether or not anything is compiled. */
const SOURCES = '*.[chS]';

async function foldersIn(host: Host, directory: string): Promise<readonly string[]> {
  const { stdout } = await host.processes.run([
    ...(['find', directory, '-mindepth', '1', '-maxdepth', '1', '-type', 'd', '-printf', '%f\\n'] as const),
  ]);
  return filledLines(stdout);
}

/**
 * tar(1) patterns of sources that a build with this configuration does not read: those of folders below drivers/ and sound/
 * in which, above which and below which it compiles nothing. A folder next to compiled code stays, with all that is below it, for
 * makefiles may name its files in ways that only make understands. What is missing all the same ends the build by name.
 */
export async function unneededSources(host: Host, treeDir: string, config: Config): Promise<readonly string[]> {
  const { files } = await compiledFiles(host, treeDir, config);
  const compiledIn = new Set(files.map(({ file }) => path.posix.dirname(file)));
  const ways = new Set<string>();
  for (const folder of compiledIn) {
    for (let at = folder; at !== '.'; at = path.posix.dirname(at)) ways.add(at);
  }
  const unneeded: string[] = [];
  const look = async (folder: string): Promise<void> => {
    if (compiledIn.has(folder)) return;
    if (!ways.has(folder)) {
      unneeded.push(`${folder}/${SOURCES}`);
      return;
    }
    for (const name of await foldersIn(host, path.join(treeDir, folder))) await look(`${folder}/${name}`);
  };
  for (const branch of BRANCHES) await look(branch);
  return unneeded.sort();
}

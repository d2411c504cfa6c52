import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An ISO image with these files (path below its root → content), made as the real ones are. */
export async function makeIso(
  file: string,
  label: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const tree = await mkdtemp(`${file}-tree-`);
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(path.dirname(path.join(tree, name)), { recursive: true });
    await writeFile(path.join(tree, name), content);
  }
  await run('genisoimage', ['-quiet', '-V', label, '-J', '-R', '-o', file, tree]);
  await rm(tree, { recursive: true });
}

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a root file system for containers is made of; all of it is this machine's own. */
export interface RootFs {
  /** Names of system programs. They come with the shared libraries they are linked to. */
  readonly programs: readonly string[];
  /** Folders and files that come as they are, at the same place; programs among them bring their libraries. */
  readonly paths?: readonly string[];
  /** Path in the root → text. */
  readonly files?: Readonly<Record<string, string>>;
}

async function isOnPath(program: string): Promise<string | undefined> {
  const found = await run('which', [program], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }).catch(
    () => undefined,
  );
  return found?.stdout.trim();
}

/** Programs of the list that this machine lacks. */
export async function missingPrograms(programs: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(programs.map(isOnPath));
  return programs.filter((_, index) => found[index] === undefined);
}

async function librariesOf(file: string): Promise<readonly string[]> {
  // Scripts and static programs have none; ldd says so with an exit code.
  const listed = await run('ldd', [file]).catch(() => ({ stdout: '' }));
  return [...listed.stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap(([, library]) => library ?? []);
}

/** Makes a root file system below `folder` and packs it; much faster than a distribution's own way, and for tests good enough. */
export async function makeRootFsTar(folder: string, wanted: RootFs): Promise<string> {
  const root = await mkdtemp(path.join(folder, 'root-'));
  await mkdir(path.join(root, 'usr'));
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(path.join(root, 'usr', name));
    await symlink(`usr/${name}`, path.join(root, name));
  }
  await mkdir(path.join(root, 'tmp'), { mode: 0o1777 });

  const programs = await Promise.all(wanted.programs.map(isOnPath));
  const named = programs.flatMap((file) => file ?? []);
  const inside = await Promise.all(
    (wanted.paths ?? []).map(async (at) =>
      (await run('find', [at, '-type', 'f', '-perm', '/111'])).stdout.trim().split('\n'),
    ),
  );
  const libraries = await Promise.all([...named, ...inside.flat().filter((at) => at !== '')].map(librariesOf));
  for (const file of new Set([...named, ...libraries.flat()])) {
    // Links of alternatives lead to what they mean; /lib and /bin are links themselves.
    const target = path.join(root, await realpath(path.dirname(file)), path.basename(file));
    await mkdir(path.dirname(target), { recursive: true });
    await run('cp', ['--dereference', '--preserve=mode', file, target]);
  }
  for (const at of wanted.paths ?? []) {
    const target = path.join(root, path.dirname(at));
    await mkdir(target, { recursive: true });
    await run('cp', ['--archive', at, target]);
  }
  for (const [at, text] of Object.entries(wanted.files ?? {})) {
    await mkdir(path.dirname(path.join(root, at)), { recursive: true });
    await writeFile(path.join(root, at), text);
  }
  const tar = `${root}.tar`;
  await run('tar', ['--create', '--file', tar, '--directory', root, '.']);
  return tar;
}

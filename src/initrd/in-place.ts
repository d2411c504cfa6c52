import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { compressArchive, decompressFile, openInitrd } from './archive/archives.ts';
import { initrdEntries } from './busybox-initrd.ts';
import { writeNewc } from './archive/newc.ts';
import type { CpioEntry } from './archive/newc.ts';

export interface InPlaceOptions {
  /** The distribution's own initrd. */
  readonly initrdPath: string;
  readonly busyboxPath: string;
  /** What the kernel needs to reach its root, in load order: names relative to /lib/modules/<release>, without compression. */
  readonly modules: { readonly release: string; readonly order: readonly string[] };
  readonly workDir: string;
  readonly outputPath: string;
}

type Tree = Map<string, CpioEntry>;

/** More links in a row than that are a circle. */
const MOST_LINKS = 40;
const COMPRESSED_SUFFIXES = ['.xz', '.zst', '.gz'];

/** Where a path lies when folders on its way are links: Debian's /bin is usr/bin. The last part itself is not followed. */
function placeOf(tree: Tree, asked: string): string {
  let parts = asked.split('/');
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const depth = parts.findIndex(
      (_part, index) => index < parts.length - 1 && tree.get(parts.slice(0, index + 1).join('/'))?.kind === 'symlink',
    );
    const link = depth === -1 ? undefined : tree.get(parts.slice(0, depth + 1).join('/'));
    if (link?.kind !== 'symlink') return parts.join('/');
    const from = `/${parts.slice(0, depth).join('/')}`;
    const target = path.posix.resolve(from, link.target).slice(1);
    parts = [...target.split('/').filter((part) => part !== ''), ...parts.slice(depth + 1)];
  }
  return parts.join('/');
}

/** Folders that are there stay as they are; whatever else has the name is replaced. */
function lay(tree: Tree, entry: CpioEntry): void {
  const place = placeOf(tree, entry.path);
  const there = tree.get(place);
  // A link to a folder is as good as one.
  if (entry.kind === 'directory' && (there?.kind === 'directory' || there?.kind === 'symlink')) return;
  tree.set(place, { ...entry, path: place });
}

/** Module files as insmod reads them: the distribution's own, without the compression that they may have. */
async function plainModules(host: Host, tree: Tree, options: InPlaceOptions): Promise<readonly string[]> {
  const { modules, workDir } = options;
  const paths: string[] = [];
  const missing: string[] = [];
  for (const name of modules.order) {
    const asked = `lib/modules/${modules.release}/${name}`;
    const place = placeOf(tree, asked);
    const compressed = COMPRESSED_SUFFIXES.map((suffix) => tree.get(`${place}${suffix}`)).find(
      (entry) => entry?.kind === 'file',
    );
    if (compressed?.kind === 'file' && !tree.has(place)) {
      const content = await decompressFile(host, compressed.content, workDir);
      tree.delete(compressed.path);
      tree.set(place, { kind: 'file', path: place, mode: compressed.mode, content });
    }
    if (tree.get(place)?.kind === 'file') paths.push(`/${asked}`);
    else missing.push(name);
  }
  if (missing.length === 0) return paths;
  throw new Fault({
    kind: 'profile',
    headline: `The guest's own initrd lacks what its kernel ${modules.release} needs to reach the root: ${missing.join(', ')}`,
    hint: 'initrd: busybox packs these modules by itself; or have the distribution put them in (MODULES=most, dracut --add-drivers).',
  });
}

/**
 * The thesis's way (section 4.4): the distribution's initrd with BusyBox's linuxrc in the place of its own /init. All else in it
 * stays, with modes, devices and hard links, and so does its compression; owners and times are 0. The same initrd gives
 * the same bytes.
 *
 * @throws Fault `unavailable` when the initrd cannot be read, `profile` when modules are not in it
 */
export async function replaceInit(host: Host, options: InPlaceOptions): Promise<void> {
  const { workDir, outputPath } = options;
  const original = await openInitrd(host, await host.files.readBytes(options.initrdPath), workDir);
  const tree: Tree = new Map(original.entries.map((entry) => [entry.path, entry]));
  // Both names must be free of what they were: dracut's /init is a link to systemd.
  for (const name of ['init', 'linuxrc']) tree.delete(name);
  for (const entry of await initrdEntries(host, { busyboxPath: options.busyboxPath })) lay(tree, entry);
  const list = (await plainModules(host, tree, options)).map((file) => `${file}\n`).join('');
  lay(tree, { kind: 'directory', path: 'etc', mode: 0o755 });
  lay(tree, { kind: 'file', path: 'etc/modules-load', mode: 0o644, content: new TextEncoder().encode(list) });
  const main = await compressArchive(host, writeNewc([...tree.values()]), original.compression, workDir);
  // It begins where its forerunner did, and nothing follows it.
  await host.files.writeAtomic(outputPath, Buffer.concat([original.early, main]));
}

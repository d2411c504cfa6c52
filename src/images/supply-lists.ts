import path from 'node:path';
import type { Host } from '../host/host.ts';
import type { GuestDefinition } from '../profile/guest-schema.ts';

async function writeList(host: Host, file: string, lines: readonly string[]): Promise<void> {
  await host.files.writeAtomic(file, lines.map((line) => `${line}\n`).join(''));
}

/**
 * Lays the files of a definition below `tree`, and what the script of its family has to know as lists: names of packages, where
 * each file goes with which mode, units to enable and to mask, modules
 * that an initrd needs.
 *
 * @param script the one that reads them in the guest
 */
export async function writeSupplyLists(
  host: Host,
  definition: GuestDefinition,
  script: string,
  definitionFolder: string,
  tree: string,
): Promise<void> {
  const { files } = host;
  await files.copy(script, path.join(tree, 'provision'));
  for (const [index, { from }] of definition.files.entries()) {
    await files.copy(path.resolve(definitionFolder, from), path.join(tree, 'files', String(index)));
  }
  await writeList(host, path.join(tree, 'package-names'), definition.packages);
  const placed = definition.files.map(({ mode, to }, index) => `${mode} ${String(index)} ${to}`);
  await writeList(host, path.join(tree, 'file-list'), placed);
  await writeList(host, path.join(tree, 'enable'), definition.enable);
  await writeList(host, path.join(tree, 'mask'), definition.mask);
  await writeList(host, path.join(tree, 'initrd-modules'), definition.initrdModules);
}

import path from 'node:path';
import type { InitrdModules } from '../../initrd/busybox-initrd.ts';
import { modulesOfBuild } from '../../initrd/built-modules.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { StageContext } from '../stage.ts';

/** Modules that a kernel needs to reach the root: a tar of them with their load order, or all of a build's. */
export type ModulesInput =
  | { readonly tar: Artifact; readonly order: readonly string[]; readonly release: string }
  | { readonly built: Artifact; readonly wanted: readonly string[]; readonly release: string };

/** Unpacks them for the initrd; nothing where everything is built in. */
export async function unpackModules(
  input: ModulesInput | null,
  { host, store, workDir, signal }: StageContext,
): Promise<{ readonly modules?: InitrdModules }> {
  const folder = path.join(workDir, 'modules');
  if (input === null) return {};
  await host.files.makeDirectory(folder);
  if ('built' in input) {
    const { built, wanted, release } = input;
    const tar = await store.use(built);
    return { modules: await modulesOfBuild(host, { tar, wanted, release, directory: folder, signal }) };
  }
  await host.processes.run(['tar', '--extract', '--file', await store.use(input.tar), '--directory', folder]);
  const files = input.order.map((file) => ({ name: file, path: path.join(folder, file) }));
  return { modules: { release: input.release, files } };
}

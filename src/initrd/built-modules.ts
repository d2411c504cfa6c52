import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import type { InitrdModules } from './busybox-initrd.ts';
import { MissingModulesError, moduleLoadOrder } from './modules.ts';

/** The modules of a kernel built here, and what of them an initrd is to load. */
export interface BuiltModulesOptions {
  /** tar of lib/modules/<release>, as the build packs it, without depmod's lists. */
  readonly tar: string;
  readonly wanted: readonly string[];
  readonly release: string;
  /** Empty folder in which the tar is unpacked. */
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/**
 * Takes the wanted modules of a kernel built here, with all that they need, in load order. The build leaves depmod to whoever
 * installs; so it is run here, on the unpacked copy.
 *
 * @throws Fault `kernel-config` when the kernel has a wanted module neither as a file nor built in
 */
export async function modulesOfBuild(host: Host, options: BuiltModulesOptions): Promise<InitrdModules> {
  const { tar, wanted, release, directory } = options;
  const running = options.signal === undefined ? {} : { signal: options.signal };
  await host.processes.run(['tar', '--extract', '--file', tar, '--directory', directory], running);
  await host.processes.run(['depmod', '--basedir', directory, release], running);
  const root = path.join(directory, 'lib/modules', release);
  const text = async (list: string): Promise<string> => {
    const file = path.join(root, `modules.${list}`);
    return (await host.files.stat(file)) === undefined ? '' : host.files.readText(file);
  };
  const lists = {
    dep: await text('dep'),
    builtin: await text('builtin'),
    softdep: await text('softdep'),
    alias: await text('alias'),
  };
  try {
    const order = moduleLoadOrder({ ...lists, wanted });
    return { release, files: order.map((name) => ({ name, path: path.join(root, name) })) };
  } catch (error) {
    if (!(error instanceof MissingModulesError)) throw error;
    throw new Fault(
      {
        kind: 'kernel-config',
        headline: `${release} cannot reach its root: ${error.message}`,
        hint: 'Request them in symbols: or in a fragment of the profile, as modules or built in.',
      },
      { cause: error },
    );
  }
}

import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import { bootEssentials } from '../../kernel/config/boot-essentials.ts';
import type { GuestNeeds } from '../../kernel/config/boot-essentials.ts';
import { parseConfig } from '../../kernel/config/config.ts';
import { configureKernel, rejectionFault } from '../../kernel/config/configure.ts';
import { checkOldInitrd } from '../../kernel/config/old-initrd-requirements.ts';
import { versionOfMakefile } from '../../kernel/version.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import { kernelTree } from '../shared/kernel-tree.ts';
import type { TreeInput } from '../shared/kernel-tree.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ config: artifactSchema, builtIn: z.number(), modules: z.number() });
export type Configured = z.infer<typeof outputSchema>;

type ConfigureInput = TreeInput & {
  /** Kconfig asks the compiler what it can do, so another compiler is another configuration. */
  readonly compiler: Readonly<Record<string, string>>;
  /** Another compiler than the host's own; absent where that will do. */
  readonly period?: { readonly package: string; readonly makeVariables: readonly string[] };
  readonly base: 'tinyconfig' | 'allnoconfig' | 'defconfig' | 'distribution';
  /** What `distribution` starts from: the configuration of the guest's stock kernel. */
  readonly distributionConfig?: Artifact;
  readonly fragments: readonly { readonly name: string; readonly text: string }[];
  readonly symbols: Readonly<Record<string, string>>;
  readonly localVersion: string;
  /** Absent: USUAL_NEEDS; so caches of before this field stay valid. */
  readonly guest?: GuestNeeds;
  /** The kernel is to run the /linuxrc of an initrd in the old style. */
  readonly oldInitrd?: boolean;
};

/** Makes the `.config` and verifies that every symbol asked for survived, before a long build starts. */
export const configure: Stage<ConfigureInput, Configured> = {
  name: 'configure',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const treeDir = await kernelTree(input, context);
    context.progress({ message: 'olddefconfig' });
    const configured = await configureKernel(context.host, {
      treeDir,
      buildDir: path.join(context.workDir, 'build'),
      base: input.base,
      ...(input.distributionConfig === undefined
        ? {}
        : { distributionConfig: await context.store.readText(input.distributionConfig) }),
      fragments: input.fragments,
      symbols: input.symbols,
      localVersion: input.localVersion,
      ...(input.period === undefined ? {} : { compiler: input.period }),
      signal: context.signal,
    });
    for (const finding of configured.findings) context.finding(finding);
    if (configured.rejections.length > 0) throw rejectionFault(configured.rejections);
    const unmet = bootEssentials(parseConfig(configured.configText), configured.always, input.guest);
    if (unmet.length > 0) {
      throw new Fault({
        kind: 'kernel-config',
        headline: `This kernel could not boot the guest: ${unmet.map(({ symbol }) => `CONFIG_${symbol}`).join(', ')} not built in`,
        hint: 'Add them to symbols: or take the fragment that holds them into fragments: of the profile.',
        detail: unmet.map(({ symbol, why }) => `CONFIG_${symbol} — ${why}`),
      });
    }
    const { builtIn, modules, configText } = configured;
    if (input.oldInitrd === true) {
      const version = versionOfMakefile(await context.host.files.readText(path.join(treeDir, 'Makefile')));
      checkOldInitrd('This kernel', version, parseConfig(configText));
    }
    if (parseConfig(configText).get('PRINTK') !== 'y') {
      context.finding({
        level: 'info',
        message:
          'This kernel is built without printk: it keeps no log, so it is timed from outside only (total_boot_host, and hand_over_virtual on the virtual clock)',
      });
    }
    return { config: await context.store.put(configText), builtIn, modules };
  },
};

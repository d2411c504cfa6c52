import path from 'node:path';
import { z } from 'zod';
import { orderlyAbort } from '../../guest/ssh/detached-job.ts';
import { unmeasuredCmdline } from '../../guest/machine/unmeasured-cmdline.ts';
import { openJobRunner } from '../../guest/ssh/job-runner.ts';
import { buildKernelInGuest } from '../../kernel/build/build-in-guest.ts';
import { buildKernel } from '../../kernel/build/build.ts';
import type { BuiltKernel } from '../../kernel/build/build.ts';
import { changedSymbols, parseConfig } from '../../kernel/config/config.ts';
import { rejectionFault, verifyResolved } from '../../kernel/config/configure.ts';
import { proveCompiledIn } from '../../kernel/patch/patch-proof.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Accelerator } from '../../model/environment.ts';
import { openGuestCopy } from '../shared/guest-copy.ts';
import { kernelTree } from '../shared/kernel-tree.ts';
import type { TreeInput } from '../shared/kernel-tree.ts';
import type { Stage, StageContext } from '../stage.ts';

const outputSchema = z.strictObject({
  kernel: artifactSchema,
  systemMap: artifactSchema,
  config: artifactSchema,
  /** tar of lib/modules/<release>; without module support it holds the lists of what is built in. */
  modules: artifactSchema,
  release: z.string(),
  /** What shows that the patch is in the machine code, one sentence a witness. */
  patchProof: z.array(z.string()),
  makeMs: z.number(),
  /** Of a build in a guest: the compiler in its own words, and what the configuration came to with it. */
  inGuest: z.exactOptional(z.strictObject({ compiler: z.string(), builtIn: z.number(), modules: z.number() })),
});
export type Build = z.infer<typeof outputSchema>;

type CommonInput = TreeInput & {
  readonly compiler: Readonly<Record<string, string>>;
  readonly config: Artifact;
  readonly proveRtc: boolean;
};

type HostBuildInput = CommonInput & {
  /** Another compiler than the host's own; absent where that will do. */
  readonly period?: { readonly package: string; readonly makeVariables: readonly string[] };
};

/** The guest that a kernel is built in, booted on its own kernel. */
export type Builder = {
  readonly disk: Artifact;
  readonly kernel: Artifact;
  readonly initrd: Artifact;
  readonly hostKey: string;
  readonly cmdline: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly qemu: string;
};

export type GuestBuildInput = CommonInput & {
  readonly builder: Builder;
  readonly makeVariables: readonly string[];
  /** What was asked of the configuration: it is verified again with the guest's compiler. */
  readonly asked: {
    readonly fragments: readonly { readonly name: string; readonly text: string }[];
    readonly symbols: Readonly<Record<string, string>>;
    readonly localVersion: string;
  };
};

/** In the guest, on its root's disk: a build needs more than its memory. */
const FOLDER = '/root/drydock-build';

/** What the guest does for containers would cost the build time, and nothing here needs it. */
const IDLE_UNITS = [
  'docker.service',
  'docker.socket',
  'containerd.service',
  'drydock-modules.service',
  'drydock-ready.service',
];

/** A linker or objtool over the whole kernel works for minutes without a word, and twenty times as long under TCG. */
const SILENT_SEC: Readonly<Record<Accelerator, number>> = { kvm: 600, tcg: 3600 };

function onHost(input: HostBuildInput, treeDir: string, buildDir: string, configText: string, context: StageContext) {
  const { host, store, signal } = context;
  return buildKernel(host, {
    treeDir,
    buildDir,
    configText,
    jobs: host.system.cpuCount,
    ccacheDir: path.join(store.root, 'ccache'),
    ...(input.period === undefined ? {} : { compiler: input.period }),
    logPath: context.logPath,
    signal,
    onProgress: (done, expected, line) => {
      context.progress({ message: line.trim().slice(0, 100), fraction: Math.min(1, done / expected) });
    },
  });
}

/** Lists the symbols that differ because of the guest's compiler. */
function tellChanges(before: string, after: string, context: StageContext): void {
  const changed = changedSymbols(parseConfig(before), parseConfig(after));
  if (changed.length === 0) return;
  const shown = changed.slice(0, 8).map((symbol) => `CONFIG_${symbol}`);
  const more = changed.length > shown.length ? ` and ${changed.length - shown.length} more` : '';
  context.finding({
    level: 'info',
    message: `With the guest's compiler ${shown.join(', ')}${more} differ from a build with the host's compiler; every requested symbol has the requested value`,
  });
}

async function inGuest(
  input: GuestBuildInput,
  treeDir: string,
  buildDir: string,
  configText: string,
  context: StageContext,
) {
  const { host, store, workDir, logPath } = context;
  const { builder, asked } = input;
  using orderly = orderlyAbort(host.clock, context.signal);
  const overlay = path.join(workDir, 'build.qcow2');
  const guest = await openGuestCopy(builder, { ...context, signal: orderly.signal }, overlay);
  context.progress({ message: 'booting the guest that builds' });
  const stock = {
    kernelPath: await store.use(builder.kernel),
    initrdPath: await store.use(builder.initrd),
    cmdline: [unmeasuredCmdline(builder.cmdline), ...IDLE_UNITS.map((unit) => `systemd.mask=${unit}`)].join(' '),
  };
  await using machine = await guest.boot(stock, {
    directory: path.join(path.dirname(logPath), `${path.basename(logPath, '.log')}-guest`),
  });
  let breaks = 0;
  await using runner = await openJobRunner(host, machine, {
    ...guest.login,
    folder: FOLDER,
    silentSec: SILENT_SEC[builder.accelerator],
    onBreak: () => {
      breaks += 1;
      context.progress({ message: 'the SSH connection broke; connecting again' });
    },
  });
  const verify = async (resolved: string): Promise<void> => {
    const rejections = await verifyResolved(host, { treeDir, ...asked }, resolved);
    if (rejections.length > 0) throw rejectionFault(rejections);
    tellChanges(configText, resolved, context);
  };
  const built = await orderly.during(
    () => runner.stop(),
    () =>
      buildKernelInGuest(host, runner, {
        treeDir,
        buildDir,
        folder: FOLDER,
        configText,
        verify,
        jobs: builder.machine.cpus,
        makeVariables: input.makeVariables,
        proveRtc: input.proveRtc,
        logPath,
        signal: orderly.signal,
        onProgress: (message, fraction) => {
          context.progress({ message, ...(fraction === undefined ? {} : { fraction }) });
        },
      }),
  );
  if (breaks > 0) {
    const times = breaks === 1 ? 'once' : `${breaks} times`;
    context.finding({
      level: 'info',
      message: `The SSH connection broke ${times} during the build in the guest, which went on`,
    });
  }
  return built;
}

async function keep(
  built: BuiltKernel,
  verified: string,
  patchProof: readonly string[],
  context: StageContext,
): Promise<Build> {
  const { host, store } = context;
  const config = await host.files.readText(built.configPath);
  if (config !== verified) {
    context.finding({
      level: 'warning',
      message:
        'kbuild changed the verified configuration while building; the one that was built is kept with the kernel',
    });
  }
  return {
    kernel: await store.adopt(built.bzImagePath),
    systemMap: await store.adopt(built.systemMapPath),
    config: await store.put(config),
    modules: await store.adopt(built.modulesTarPath),
    release: built.release,
    patchProof: [...patchProof],
    makeMs: Math.round(built.durationMs),
  };
}

/**
 * Builds kernel and modules: on the host, under ccache, bit for bit the same for the same input; or in a guest, with the
 * compiler there. What comes out has the same shape.
 */
export const build: Stage<HostBuildInput | GuestBuildInput, Build> = {
  name: 'build',
  version: 2,
  cache: 'content',
  fillsMachine: true,
  output: outputSchema,
  async run(input, context) {
    const { host, signal } = context;
    const treeDir = await kernelTree(input, context);
    const buildDir = path.join(context.workDir, 'build');
    const configText = await context.store.readText(input.config);
    const prove = () => (input.proveRtc ? proveCompiledIn(host, { treeDir, buildDir, signal }) : []);
    if ('builder' in input) {
      const built = await inGuest(input, treeDir, buildDir, configText, context);
      const { compiler, builtIn, modules, verifiedConfig } = built;
      return {
        ...(await keep(built, verifiedConfig, await prove(), context)),
        inGuest: { compiler, builtIn, modules },
      };
    }
    const built = await onHost(input, treeDir, buildDir, configText, context);
    return keep(built, configText, await prove(), context);
  },
};

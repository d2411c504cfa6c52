import path from 'node:path';
import { DISTROS } from '../../guest/distro/table.ts';
import { USUAL_NEEDS } from '../../kernel/config/boot-essentials.ts';
import type { GuestNeeds } from '../../kernel/config/boot-essentials.ts';
import type { Host } from '../../host/host.ts';
import { OLD_INITRD_FRAGMENT } from '../../kernel/config/old-initrd-requirements.ts';
import type { PeriodCompiler } from '../../kernel/toolchains.ts';
import type { BuildRecord } from '../../model/record.ts';
import { isInstalled, rootFileSystemOf } from '../../profile/guest-schema.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import type { KernelSpec, Profile } from '../../profile/schema.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import { build } from '../../stages/kernel/build.ts';
import { configure } from '../../stages/kernel/configure.ts';
import type { Image } from '../../stages/guest/image.ts';
import { patch } from '../../stages/kernel/patch.ts';
import type { Preflight } from '../../stages/host/preflight.ts';
import { source } from '../../stages/kernel/source.ts';
import type { SourceInput } from '../../stages/kernel/source.ts';
import type { Folders } from '../../stages/stage.ts';
import { canonicalJson, sha256Text } from '../../store/canonical.ts';
import type { BuildSite } from './build-choice.ts';
import type { BuildChoice } from '../events/event.ts';
import type { RunRequest } from '../../model/request.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/** What a run is planned from. */
export interface PlanInput {
  readonly host: Host;
  readonly profile: Profile;
  readonly guest: GuestDefinition;
  readonly request: RunRequest;
  readonly folders: Folders;
}

/** Steps that come before every kernel. */
export interface Early {
  readonly preflight: Step<Preflight>;
  readonly image: Step<Image>;
}

/** Further inputs of a kernel's plan. */
export interface KernelNeeds extends Early {
  readonly accelerator: Step<AcceleratorChoice>;
  /** The image of a guest that has what kernels are built with. */
  readonly toolchain: Step<Image>;
  /** With which that guest is booted. */
  readonly stockCmdline: string;
  /** Where and with what each kernel of the profile is built, by arm. */
  readonly sites: ReadonlyMap<string, BuildSite>;
}

async function directoryStamp(host: Host, directory: string): Promise<string> {
  // The stage itself says what is wrong with a folder that is not there.
  if ((await host.files.stat(directory))?.kind !== 'directory') return 'absent';
  const { stdout } = await host.processes.run(['find', directory, '-type', 'f', '-printf', '%P %s %T@\\n']);
  return stdout.split('\n').sort().join('\n');
}

async function sourceInput(input: PlanInput, spec: KernelSpec, stock: Image): Promise<SourceInput> {
  const { source: from } = spec;
  if ('package' in from) {
    // Refused when the guest was chosen (guest-fit.ts).
    if (isInstalled(input.guest)) throw new Error(`${input.guest.name} has no source packages`);
    const { archives, keyring } = input.guest;
    return { kind: 'package', package: from.package, version: stock.kernelVersion, archives, keyring };
  }
  if ('directory' in from) {
    const directory = path.resolve(from.directory);
    const stamp = sha256Text(await directoryStamp(input.host, directory));
    return { kind: 'directory', directory, stamp };
  }
  const location = /^https?:/.test(from.tarball) ? from.tarball : path.resolve(from.tarball);
  const { signedSums } = from;
  return { kind: 'tarball', location, sha256: from.sha256, ...(signedSums === undefined ? {} : { signedSums }) };
}

/** What the kernel must have for this guest; nothing where that is what a kernel has anyway. */
function guestNeeds(guest: GuestDefinition, spec: KernelSpec): { readonly guest?: GuestNeeds } {
  const needs: GuestNeeds = {
    rootFileSystem: rootFileSystemOf(guest),
    keySources: DISTROS[guest.family].keySources,
    loadsModules: spec.base === 'distribution',
  };
  return canonicalJson(needs) === canonicalJson(USUAL_NEEDS) ? {} : { guest: needs };
}

/** Whether some arm with this kernel boots an initrd in the old style; the kernel is one for all of them. */
function bootsOldInitrd({ arms }: Profile, spec: KernelSpec): boolean {
  const key = canonicalJson(spec);
  return Object.values(arms).some(
    ({ initrd, kernel }) => initrd === 'busybox-image' && kernel !== 'stock' && canonicalJson(kernel) === key,
  );
}

/**
 * The fragments that a kernel is configured with: those that it names, and of itself what its patches and its arms' initrds
 * cannot do without. A patch's fragment has the patch's name and switches it on.
 */
export function kernelFragments(profile: Profile, spec: KernelSpec): readonly string[] {
  const asked = [...spec.fragments, ...spec.patches];
  return [...new Set(bootsOldInitrd(profile, spec) ? [...asked, OLD_INITRD_FRAGMENT] : asked)];
}

/** Inputs and cache key of a build in the guest, apart from the source. */
function builtInGuest({ guest }: PlanInput, needs: KernelNeeds, period: PeriodCompiler | undefined) {
  const image = needs.toolchain.output();
  const deciding = [...DISTROS[guest.family].toolchain.deciding, ...(period === undefined ? [] : [period.package])];
  return {
    builder: {
      disk: image.disk,
      kernel: image.kernel,
      initrd: image.initrd,
      hostKey: image.hostKey,
      cmdline: needs.stockCmdline,
      accelerator: needs.accelerator.output().accelerator,
      machine: { cpus: guest.machine.cpus, memoryMb: guest.machine.memoryMb },
      qemu: needs.preflight.output().tools['qemu-system-x86'] ?? '',
    },
    compiler: Object.fromEntries(deciding.map((name) => [name, image.packages[name] ?? ''])),
    makeVariables: period === undefined ? [] : [`CC=${period.package}`, ...period.makeVariables],
  };
}

/** The steps of a kernel, once for all arms that share it. */
export function planBuiltKernel(input: PlanInput, name: string, spec: KernelSpec, early: KernelNeeds, site: BuildSite) {
  const { host, folders } = input;
  const tool = (tool: string): string => early.preflight.output().tools[tool] ?? '';
  const choice = (): BuildChoice => site.decide(early.accelerator);
  const sourceStep = defineStep({
    stage: source,
    arm: name,
    input: () => sourceInput(input, spec, early.image.output()),
    summary: ({ origin }) => origin,
  });
  const patchStep = spec.patches.includes('rtc-no-sync')
    ? defineStep({
        stage: patch,
        arm: name,
        input: async () => ({
          tarball: sourceStep.output().tarball,
          semanticPatch: await host.files.readText(path.join(folders.pipelines, 'patches', 'rtc-no-sync.cocci')),
          spatch: tool('coccinelle'),
        }),
      })
    : undefined;
  const tree = () => ({ tarball: sourceStep.output().tarball, diff: patchStep?.output().diff ?? null });
  /** Of this machine: a period one where the kernel is built here and needs it. */
  const hostCompiler = () => {
    const period = choice().where === 'host' ? site.period('host') : undefined;
    const gcc = period?.package ?? 'gcc';
    return { compiler: { [gcc]: tool(gcc), binutils: tool('binutils') }, ...(period === undefined ? {} : { period }) };
  };
  const asked = async () => ({
    fragments: await Promise.all(
      kernelFragments(input.profile, spec).map(async (fragment) => ({
        name: fragment,
        text: await host.files.readText(path.join(folders.pipelines, 'kconfig', `${fragment}.config`)),
      })),
    ),
    symbols: Object.fromEntries(Object.entries(spec.symbols).map(([symbol, value]) => [symbol, String(value)])),
    localVersion: `-${name}`,
  });
  const configureStep = defineStep({
    stage: configure,
    arm: name,
    input: async () => ({
      ...tree(),
      ...hostCompiler(),
      base: spec.base,
      ...(spec.base === 'distribution' ? { distributionConfig: early.image.output().config } : {}),
      ...(await asked()),
      ...guestNeeds(input.guest, spec),
      ...(bootsOldInitrd(input.profile, spec) ? { oldInitrd: true } : {}),
    }),
    summary: ({ builtIn, modules }) => `${String(builtIn)} symbols built in, ${String(modules)} as modules`,
  });
  const buildStep = defineStep({
    stage: build,
    arm: name,
    input: async () => {
      const common = { ...tree(), config: configureStep.output().config, proveRtc: patchStep !== undefined };
      if (choice().where === 'host') return { ...common, ...hostCompiler() };
      return { ...common, ...builtInGuest(input, early, site.period('guest')), asked: await asked() };
    },
    summary: ({ release, kernel }) => {
      const { where, reason } = choice();
      const size = `${(kernel.sizeBytes / 1024 ** 2).toFixed(2)} MiB`;
      return `${release}, bzImage ${size}, built ${where === 'host' ? 'on the host' : 'in the guest'} (${reason})`;
    },
  });
  /** Where and with which compiler it was built, once it has been. */
  const made = (): BuildRecord => {
    const { inGuest } = buildStep.output();
    const { where, reason } = choice();
    const own = Object.entries(hostCompiler().compiler).find(([tool]) => tool.startsWith('gcc')) ?? [];
    return { where, compiler: inGuest?.compiler ?? own.join(' '), reason };
  };
  const steps = [sourceStep, ...(patchStep === undefined ? [] : [patchStep]), configureStep, buildStep];
  return { steps, sourceStep, configureStep, buildStep, tree, made };
}

export type BuiltKernel = ReturnType<typeof planBuiltKernel>;

import path from 'node:path';
import type { Host } from '../../host/host.ts';
import { DISTROS } from '../../guest/distro/table.ts';
import { grubMenu } from '../../guest/grub/grub-menu.ts';
import type { GrubMenu } from '../../guest/grub/grub-menu.ts';
import { Fault } from '../../host/fault.ts';
import { initrdScriptsDigest } from '../../initrd/busybox-initrd.ts';
import { collectorCmdline } from '../../initrd/collector/collector.ts';
import { handOverDigest } from '../../initrd/virtual-clock-end.ts';
import type { BuildRecord } from '../../model/record.ts';
import { isInstalled } from '../../profile/guest-schema.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import type { Arm, Profile } from '../../profile/schema.ts';
import { accelerator } from '../../stages/guest/accelerator.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import { handOver } from '../../stages/initrd/hand-over.ts';
import type { HandOver } from '../../stages/initrd/hand-over.ts';
import type { Image } from '../../stages/guest/image.ts';
import { install } from '../../stages/guest/install.ts';
import type { InstallArm, Install } from '../../stages/guest/install.ts';
import { keepKernel } from '../../stages/guest/keep-kernel.ts';
import type { KeptKernel } from '../../stages/guest/keep-kernel.ts';
import type { TreeInput } from '../../stages/shared/kernel-tree.ts';
import { preflight } from '../../stages/host/preflight.ts';
import type { Preflight } from '../../stages/host/preflight.ts';
import { canonicalJson } from '../../store/canonical.ts';
import { bootOrder } from './boot-order.ts';
import type { PlannedBoot } from './boot-order.ts';
import { hostCompilers, toolchainPackages } from './build-choice.ts';
import type { BuildSite } from './build-choice.ts';
import type { BuildChoice } from '../events/event.ts';
import type { RunRequest } from '../../model/request.ts';
import { planBench } from './bench.ts';
import type { BenchPlan } from './bench.ts';
import { guestParameters, planImage, planToolchain } from './image.ts';
import { planCollector, planInitrd, whyClosed } from './initrd.ts';
import { planBuiltKernel } from './kernel.ts';
import type { BuiltKernel, Early, KernelNeeds, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/** One arm with everything a boot of it needs, once its steps have run. */
export interface PlannedArm {
  readonly name: string;
  readonly spec: Arm;
  kernelOrigin(): string;
  built(): InstallArm;
  /** The same as measured boots take it: with the process collector, if it was asked for. */
  measured(): InstallArm;
  readonly collectsProcesses: boolean;
  /** Absent for a kernel that was not built here. */
  configSymbols(): { readonly builtIn: number; readonly modules: number } | undefined;
  patchProof(): readonly string[] | undefined;
  /** Where and with what its kernel was built. */
  kernelBuild(): BuildRecord | undefined;
  /** Where it is to be built, as far as that is known before the run. */
  readonly buildPlanned: BuildChoice | undefined;
  /** The source of a kernel that is built here. */
  tree(): TreeInput | undefined;
}

/** Steps in the order they run, the boots after them, and the steps by name where others read them. */
export interface Plan {
  readonly steps: readonly Step<unknown>[];
  readonly preflight: Step<Preflight>;
  readonly image: Step<Image>;
  readonly accelerator: Step<AcceleratorChoice>;
  /** The guest that kernels are built in; only where one is. */
  readonly toolchain?: Step<Image>;
  /** Only where a boot on the virtual clock needs it. */
  readonly handOver: Step<HandOver>;
  /** Only where a boot on the wall clock, or container work, needs it. */
  readonly install: Step<Install>;
  readonly arms: readonly PlannedArm[];
  readonly boots: readonly PlannedBoot[];
  readonly virtualBoots: readonly PlannedBoot[];
  /** Only where container work was asked for. */
  readonly bench?: BenchPlan;
  /** Only where a disk with another default kernel was asked for. */
  readonly keepKernel?: Step<KeptKernel>;
}

/**
 * Shell quoting never comes in: the command line is one string for the kernel, and parameters hold no spaces.
 *
 * @param ofInitrd kernel parameters that make it start the arm's initrd
 */
function cmdlineOf(guest: GuestDefinition, profile: Profile, arm: Arm, ofInitrd: readonly string[]): string {
  return guestParameters(guest, [...profile.cmdline, ...ofInitrd, ...arm.cmdline]).join(' ');
}

interface BuiltArm {
  readonly steps: readonly Step<unknown>[];
  readonly arm: PlannedArm;
}

/** How often the process collector looks in this arm: what the profile says of the arm, else what the run was asked for. */
function collectHzOf(request: RunRequest, spec: Arm): number | undefined {
  return spec.collectHz ?? request.collectHz;
}

function planArm(
  input: PlanInput,
  name: string,
  spec: Arm,
  early: KernelNeeds,
  kernels: Map<string, BuiltKernel>,
): BuiltArm {
  const site = early.sites.get(name);
  const key = canonicalJson(spec.kernel);
  const shared = kernels.get(key);
  const own =
    shared ??
    (spec.kernel === 'stock' || site === undefined
      ? undefined
      : planBuiltKernel(input, spec.kernel.name ?? name, spec.kernel, early, site));
  if (own !== undefined) kernels.set(key, own);
  const initrdPlan = planInitrd(input, name, spec, own, early);
  const collectHz = collectHzOf(input.request, spec);
  const collectStep = collectHz === undefined ? undefined : planCollector(input, name, spec.initrd, early, initrdPlan);
  const built = (): InstallArm => {
    const stock = early.image.output();
    const { kernel, config, release } = own === undefined ? stock : own.buildStep.output();
    return {
      name,
      kernel,
      config,
      release,
      initrd: initrdPlan.initrd(),
      modules: own?.buildStep.output().modules ?? null,
      cmdline: cmdlineOf(input.guest, input.profile, spec, initrdPlan.parameters()),
      isStock: own === undefined,
      usesStockInitrd: spec.initrd === 'stock',
    };
  };
  return {
    steps: [
      ...(shared === undefined ? (own?.steps ?? []) : []),
      ...[initrdPlan.step, collectStep].filter((step) => step !== undefined),
    ],
    arm: {
      name,
      spec,
      kernelOrigin: () => {
        const stock = early.image.output();
        return own === undefined
          ? DISTROS[input.guest.family].kernelPackage(stock.release, stock.kernelVersion)
          : `${own.sourceStep.output().origin}, profile ${input.profile.name}`;
      },
      built,
      collectsProcesses: collectStep !== undefined,
      measured: () => {
        const arm = built();
        if (collectStep === undefined || collectHz === undefined) return arm;
        const cmdline = [arm.cmdline, ...collectorCmdline(collectHz)].join(' ');
        return { ...arm, initrd: collectStep.output().initrd, cmdline };
      },
      configSymbols: () => {
        if (own === undefined) return undefined;
        const { builtIn, modules } = own.buildStep.output().inGuest ?? own.configureStep.output();
        return { builtIn, modules };
      },
      patchProof: () => own?.buildStep.output().patchProof,
      kernelBuild: () => own?.made(),
      buildPlanned: site?.planned,
      tree: () => own?.tree(),
    },
  };
}

/** GRUB's menu of a run, once its kernels are known. */
function menuOf({ guest, profile }: PlanInput, stock: Image, arms: readonly BuiltArm[]): GrubMenu {
  const entries = arms.map(({ arm }) => {
    const { name, release, cmdline, initrd, usesStockInitrd } = arm.built();
    return { name, release, cmdline, initrd: initrd === null ? undefined : usesStockInitrd ? 'stock' : 'own' } as const;
  });
  return grubMenu(
    guest,
    { release: stock.release, cmdline: guestParameters(guest, profile.cmdline).join(' ') },
    entries,
  );
}

function planKeepKernel(
  arm: string,
  input: PlanInput,
  made: Early & Pick<Plan, 'accelerator' | 'install'>,
  arms: readonly BuiltArm[],
): Step<KeptKernel> {
  return defineStep({
    stage: keepKernel,
    input: () => {
      const stock = made.image.output();
      return {
        ...{ disk: made.install.output().disk, arm, grub: menuOf(input, stock, arms), hostKey: stock.hostKey },
        accelerator: made.accelerator.output().accelerator,
        machine: { cpus: input.guest.machine.cpus, memoryMb: input.guest.machine.memoryMb },
        qemu: made.preflight.output().tools['qemu-system-x86'] ?? '',
      };
    },
    summary: () => `${arm} is the default of the kept disk`,
  });
}

/** Whether this user may open /dev/kvm; whether it works is for the probe boot to say. */
async function kvmAccess(host: Host): Promise<string> {
  if ((await host.files.stat('/dev/kvm')) === undefined) return 'absent';
  return (await host.files.isWritable('/dev/kvm')) ? 'writable' : 'denied';
}

/**
 * Lays out a run: which stages for which arm, and the interleaved boots. Nothing is executed here.
 *
 * @param sites where each kernel is built, by arm
 */
export function planRun(input: PlanInput, sites: ReadonlyMap<string, BuildSite>): Plan {
  const { host, guest, request, profile, folders } = input;
  const builds = [...sites.values()];
  const compilers = hostCompilers(builds);
  const preflightStep = defineStep({
    stage: preflight,
    input: () => ({
      install: request.install,
      ...(compilers.length === 0 ? {} : { compilers }),
      ...(request.bench === undefined ? {} : { bench: true }),
      ...(isInstalled(guest) ? { installer: true } : {}),
      ...(request.adopt !== undefined && request.adopt.keyPath === undefined ? { seed: true } : {}),
      ...(request.boot !== undefined && !isInstalled(guest) ? { partitions: true } : {}),
    }),
  });
  const tools = () => preflightStep.output().tools;
  const { steps: imageSteps, image: imageStep } = planImage(input, preflightStep);
  const acceleratorStep = defineStep({
    stage: accelerator,
    input: async () => ({
      asked: request.accelerator,
      kernel: imageStep.output().kernel,
      busybox: preflightStep.output().busybox,
      scripts: await initrdScriptsDigest(host),
      host: {
        name: host.system.hostname,
        cpu: host.system.cpuModel,
        kernel: host.system.kernel,
        qemu: tools()['qemu-system-x86'] ?? '',
        kvm: await kvmAccess(host),
        // Modules and permissions may be others after the host has been restarted.
        boot: (await host.files.readText('/proc/sys/kernel/random/boot_id')).trim(),
      },
    }),
    summary: ({ accelerator: chosen, reason }) => `${chosen}: ${reason}`,
  });
  const early = { preflight: preflightStep, image: imageStep };
  const toolchainStep = planToolchain(input, preflightStep, imageStep, toolchainPackages(guest.family, builds));
  const buildsInGuest = builds.some(({ planned }) => planned.where === 'guest');
  const stockCmdline = guestParameters(guest, profile.cmdline).join(' ');
  const needs = { ...early, accelerator: acceleratorStep, toolchain: toolchainStep, stockCmdline, sites };
  const kernels = new Map<string, BuiltKernel>();
  const arms = Object.entries(profile.arms).map(([name, spec]) => planArm(input, name, spec, needs, kernels));
  const installStep = defineStep({
    stage: install,
    input: async () => {
      const stock = imageStep.output();
      return {
        disk: stock.disk,
        hostKey: stock.hostKey,
        stock: { kernel: stock.kernel, initrd: stock.initrd, release: stock.release },
        stockCmdline,
        accelerator: acceleratorStep.output().accelerator,
        machine: { cpus: guest.machine.cpus, memoryMb: guest.machine.memoryMb },
        qemu: tools()['qemu-system-x86'] ?? '',
        busybox: preflightStep.output().busybox,
        probe: await host.files.readText(path.join(folders.guests, 'files', 'probe')),
        arms: arms.map(({ arm }) => arm.built()),
        ...(request.boot === undefined ? {} : { grub: menuOf(input, stock, arms) }),
        // Only where it is not Debian's, so that what is in caches stays there.
        ...(DISTROS[guest.family].hasCheckConfig ? {} : { checkConfig: null }),
      };
    },
    summary: ({ arms: proven }) => `Docker proven on ${proven.map((arm) => arm.name).join(' and ')}`,
  });
  const keepKernelStep =
    request.keepKernel === undefined
      ? undefined
      : planKeepKernel(
          request.keepKernel,
          input,
          { ...early, accelerator: acceleratorStep, install: installStep },
          arms,
        );
  const handOverStep = defineStep({
    stage: handOver,
    input: async () => ({
      gcc: tools().gcc ?? '',
      binutils: tools().binutils ?? '',
      sources: await handOverDigest(host),
    }),
  });
  const names = Object.keys(profile.arms);
  const virtualBoots = bootOrder(names, request.virtualBoots ?? 0, 'virtual');
  for (const { arm } of virtualBoots.length === 0 ? [] : arms) {
    const why = whyClosed(arm.spec.initrd);
    if (why === undefined) continue;
    throw new Fault({
      kind: 'usage',
      headline: `The arm ${arm.name} ${why}, and a boot on the virtual clock is one of kernel and initrd`,
      hint: 'Give the arm an initrd that is a cpio, or measure with --clock wall.',
    });
  }
  const bench = planBench(input, { ...early, accelerator: acceleratorStep, install: installStep });
  const boots =
    request.bench?.measuresBoots === true
      ? (bench?.sessions ?? []).flatMap(({ boot }) => boot ?? [])
      : bootOrder(names, request.boots);
  const needsGuest = boots.length > 0 || bench !== undefined;
  const needsAccelerator = needsGuest || arms.some(({ arm }) => arm.spec.initrd === 'distribution');
  return {
    steps: [
      preflightStep,
      ...imageSteps,
      // What only one of the clocks needs is left out with it.
      ...(needsAccelerator || buildsInGuest ? [acceleratorStep] : []),
      ...(buildsInGuest && toolchainStep !== imageStep ? [toolchainStep] : []),
      ...arms.flatMap((one) => one.steps),
      ...(virtualBoots.length === 0 ? [] : [handOverStep]),
      ...(needsGuest ? [installStep] : []),
      ...(keepKernelStep === undefined ? [] : [keepKernelStep]),
      ...(bench?.steps ?? []),
    ],
    ...early,
    accelerator: acceleratorStep,
    ...(buildsInGuest ? { toolchain: toolchainStep } : {}),
    handOver: handOverStep,
    install: installStep,
    arms: arms.map((one) => one.arm),
    boots,
    virtualBoots,
    ...(bench === undefined ? {} : { bench }),
    ...(keepKernelStep === undefined ? {} : { keepKernel: keepKernelStep }),
  };
}

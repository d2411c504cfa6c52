import { Fault } from '../../host/fault.ts';
import { handOverDigest } from '../../initrd/virtual-clock-end.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import type { Image } from '../../stages/guest/image.ts';
import type { Install } from '../../stages/guest/install.ts';
import type { KeptKernel } from '../../stages/guest/keep-kernel.ts';
import type { Preflight } from '../../stages/host/preflight.ts';
import { handOver } from '../../stages/initrd/hand-over.ts';
import type { HandOver } from '../../stages/initrd/hand-over.ts';
import { planArm } from './arm.ts';
import type { PlannedArm } from './arm.ts';
import { planBench } from './bench.ts';
import type { BenchPlan } from './bench.ts';
import { bootOrder } from './boot-order.ts';
import type { PlannedBoot } from './boot-order.ts';
import { hostCompilers, toolchainPackages } from './build-choice.ts';
import type { BuildSite } from './build-choice.ts';
import { planAccelerator, planPreflight } from './host-steps.ts';
import { guestParameters, planImage, planToolchain } from './image.ts';
import { whyClosed } from './initrd.ts';
import { planInstall, planKeepKernel } from './install.ts';
import type { BuiltKernel, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

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

/** What boots on the virtual clock end with. */
function planHandOver({ host }: PlanInput, preflightStep: Step<Preflight>): Step<HandOver> {
  return defineStep({
    stage: handOver,
    input: async () => {
      const { gcc = '', binutils = '' } = preflightStep.output().tools;
      return { gcc, binutils, sources: await handOverDigest(host) };
    },
  });
}

/** @throws Fault `usage` when a boot on the virtual clock is asked for of an arm that has no initrd to end it with */
function requireInitrds(arms: readonly PlannedArm[]): void {
  for (const arm of arms) {
    const why = whyClosed(arm.spec.initrd);
    if (why === undefined) continue;
    throw new Fault({
      kind: 'usage',
      headline: `The arm ${arm.name} ${why}, and a boot on the virtual clock is one of kernel and initrd`,
      hint: 'Give the arm an initrd that is a cpio, or measure with --clock wall.',
    });
  }
}

/** The measured boots: those that sessions begin with where these are measured, else boots of their own. */
function planBoots({ request, profile }: PlanInput, bench: BenchPlan | undefined): readonly PlannedBoot[] {
  return request.bench?.measuresBoots === true
    ? (bench?.sessions ?? []).flatMap(({ boot }) => boot ?? [])
    : bootOrder(Object.keys(profile.arms), request.boots);
}

/**
 * Lays out a run: which stages for which arm, and the interleaved boots. Nothing is executed here.
 *
 * @param sites where each kernel is built, by arm
 * @throws Fault `usage` for boots on the virtual clock of an arm without an initrd
 */
export function planRun(input: PlanInput, sites: ReadonlyMap<string, BuildSite>): Plan {
  const { guest, request, profile } = input;
  const builds = [...sites.values()];
  const preflightStep = planPreflight(input, hostCompilers(builds));
  const { steps: imageSteps, image: imageStep } = planImage(input, preflightStep);
  const early = { preflight: preflightStep, image: imageStep };
  const acceleratorStep = planAccelerator(input, early);
  const toolchainStep = planToolchain(input, preflightStep, imageStep, toolchainPackages(guest.family, builds));
  const buildsInGuest = builds.some(({ planned }) => planned.where === 'guest');
  const stockCmdline = guestParameters(guest, profile.cmdline).join(' ');
  const needs = { ...early, accelerator: acceleratorStep, toolchain: toolchainStep, stockCmdline, sites };
  const kernels = new Map<string, BuiltKernel>();
  const armPlans = Object.entries(profile.arms).map(([name, spec]) => planArm(input, name, spec, needs, kernels));
  const arms = armPlans.map(({ arm }) => arm);
  const installStep = planInstall(input, needs, arms);
  const installed = { ...early, accelerator: acceleratorStep, install: installStep };
  const keepKernelStep =
    request.keepKernel === undefined ? undefined : planKeepKernel(request.keepKernel, input, installed, arms);
  const handOverStep = planHandOver(input, preflightStep);
  const virtualBoots = bootOrder(Object.keys(profile.arms), request.virtualBoots ?? 0, 'virtual');
  if (virtualBoots.length > 0) requireInitrds(arms);
  const bench = planBench(input, installed);
  const boots = planBoots(input, bench);
  const needsGuest = boots.length > 0 || bench !== undefined;
  const needsAccelerator = needsGuest || arms.some(({ spec }) => spec.initrd === 'distribution');
  return {
    steps: [
      preflightStep,
      ...imageSteps,
      // What only one of the clocks needs is left out with it.
      ...(needsAccelerator || buildsInGuest ? [acceleratorStep] : []),
      ...(buildsInGuest && toolchainStep !== imageStep ? [toolchainStep] : []),
      ...armPlans.flatMap(({ steps }) => steps),
      ...(virtualBoots.length === 0 ? [] : [handOverStep]),
      ...(needsGuest ? [installStep] : []),
      ...(keepKernelStep === undefined ? [] : [keepKernelStep]),
      ...(bench?.steps ?? []),
    ],
    ...installed,
    ...(buildsInGuest ? { toolchain: toolchainStep } : {}),
    handOver: handOverStep,
    arms,
    boots,
    virtualBoots,
    ...(bench === undefined ? {} : { bench }),
    ...(keepKernelStep === undefined ? {} : { keepKernel: keepKernelStep }),
  };
}

import { DISTROS } from '../../guest/distro/table.ts';
import { collectorCmdline } from '../../initrd/collector/collector.ts';
import type { BuildRecord } from '../../model/record.ts';
import type { RunRequest } from '../../model/request.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import type { Arm, Profile } from '../../profile/schema.ts';
import type { InstallArm } from '../../stages/guest/install.ts';
import type { TreeInput } from '../../stages/shared/kernel-tree.ts';
import { canonicalJson } from '../../store/canonical.ts';
import type { BuildChoice } from '../events/event.ts';
import { guestParameters } from './image.ts';
import { planCollector, planInitrd } from './initrd.ts';
import { planBuiltKernel } from './kernel.ts';
import type { BuiltKernel, KernelNeeds, PlanInput } from './kernel.ts';
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

/**
 * Shell quoting never comes in: the command line is one string for the kernel, and parameters hold no spaces.
 *
 * @param ofInitrd kernel parameters that make it start the arm's initrd
 */
function cmdlineOf(guest: GuestDefinition, profile: Profile, arm: Arm, ofInitrd: readonly string[]): string {
  return guestParameters(guest, [...profile.cmdline, ...ofInitrd, ...arm.cmdline]).join(' ');
}

/** An arm with the steps that only it needs, or that it is the first to need. */
interface ArmPlan {
  readonly steps: readonly Step<unknown>[];
  readonly arm: PlannedArm;
}

/** How often the process collector looks in this arm: what the profile says of the arm, else what the run was asked for. */
function collectHzOf(request: RunRequest, spec: Arm): number | undefined {
  return spec.collectHz ?? request.collectHz;
}

/**
 * Lays out one arm.
 *
 * @param kernels those of the arms before, by what they are made of: arms share them. A new one is added.
 */
export function planArm(
  input: PlanInput,
  name: string,
  spec: Arm,
  early: KernelNeeds,
  kernels: Map<string, BuiltKernel>,
): ArmPlan {
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

import { initrdScriptsDigest } from '../initrd/busybox-initrd.ts';
import type { Artifact } from '../model/artifact.ts';
import type { GuestDefinition } from '../profile/guest-schema.ts';
import type { Arm } from '../profile/schema.ts';
import type { AcceleratorChoice } from '../stages/accelerator.ts';
import { distributionInitrd } from '../stages/distribution-initrd.ts';
import type { Image } from '../stages/image.ts';
import { initrd } from '../stages/initrd.ts';
import { guestParameters } from './plan-image.ts';
import type { BuiltKernel, Early, PlanInput } from './plan-kernel.ts';
import { defineStep } from './step.ts';
import type { Step } from './step.ts';

/** Steps that come before every initrd. */
export interface InitrdNeeds extends Early {
  readonly accelerator: Step<AcceleratorChoice>;
}

/** Modules that a BusyBox initrd loads: a distribution's configuration has what reaches the root as modules. */
function initrdModules(guest: GuestDefinition, stock: Image, { kernel }: Arm, own: BuiltKernel | undefined) {
  if (kernel === 'stock' || own === undefined) {
    return { tar: stock.modules, order: stock.moduleOrder, release: stock.release };
  }
  if (kernel.base !== 'distribution') return null;
  const { modules, release } = own.buildStep.output();
  return { built: modules, wanted: guest.initrdModules, release };
}

/** The step in which the guest's own tool makes the initrd of a kernel built here. */
function planDistributionInitrd(input: PlanInput, name: string, early: InitrdNeeds, own: BuiltKernel) {
  const { guest, profile } = input;
  return defineStep({
    stage: distributionInitrd,
    arm: name,
    input: () => {
      const { disk, hostKey, kernel, initrd } = early.image.output();
      const { release, config, modules } = own.buildStep.output();
      return {
        family: guest.family,
        disk,
        hostKey,
        stock: { kernel, initrd },
        stockCmdline: guestParameters(guest, profile.cmdline).join(' '),
        accelerator: early.accelerator.output().accelerator,
        machine: { cpus: guest.machine.cpus, memoryMb: guest.machine.memoryMb },
        qemu: early.preflight.output().tools['qemu-system-x86'] ?? '',
        release,
        config,
        modules,
      };
    },
    summary: (output) => `${mebibytes(output)}, made in the guest`,
  });
}

function mebibytes({ initrd: { sizeBytes } }: { readonly initrd: Artifact }): string {
  return `${(sizeBytes / 1024 ** 2).toFixed(2)} MiB`;
}

function planBusyboxInitrd(input: PlanInput, name: string, spec: Arm, early: Early, own: BuiltKernel | undefined) {
  return defineStep({
    stage: initrd,
    arm: name,
    input: async () => ({
      busybox: early.preflight.output().busybox,
      modules: initrdModules(input.guest, early.image.output(), spec, own),
      compression: 'none' as const,
      scripts: await initrdScriptsDigest(input.host),
    }),
    summary: mebibytes,
  });
}

/** The step that makes an arm's initrd; none where it has none, or has the guest's own. */
export function planInitrd(
  input: PlanInput,
  name: string,
  spec: Arm,
  early: InitrdNeeds,
  own: BuiltKernel | undefined,
): Step<{ readonly initrd: Artifact }> | undefined {
  switch (spec.initrd) {
    case 'busybox':
      return planBusyboxInitrd(input, name, spec, early, own);
    case 'distribution':
      // The schema has it for kernels built here alone.
      return own === undefined ? undefined : planDistributionInitrd(input, name, early, own);
    case 'stock':
    case 'none':
      return undefined;
  }
}

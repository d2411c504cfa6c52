import type { GuestDefinition } from '../../profile/guest-schema.ts';
import type { Arm } from '../../profile/schema.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import { distributionInitrd } from '../../stages/initrd/distribution-initrd.ts';
import type { Image } from '../../stages/guest/image.ts';
import { guestParameters } from './image.ts';
import type { BuiltKernel, Early, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/** Steps that come before every initrd. */
export interface InitrdNeeds extends Early {
  readonly accelerator: Step<AcceleratorChoice>;
}

/** Modules that a BusyBox initrd loads: a distribution's configuration has what reaches the root as modules. */
export function modulesFor(guest: GuestDefinition, stock: Image, { kernel }: Arm, own: BuiltKernel | undefined) {
  if (kernel === 'stock' || own === undefined) {
    return { tar: stock.modules, order: stock.moduleOrder, release: stock.release };
  }
  if (kernel.base !== 'distribution') return null;
  const { modules, release } = own.buildStep.output();
  return { built: modules, wanted: guest.initrdModules, release };
}

/** The step in which the guest's own tool makes the initrd of a kernel built here. */
export function planDistributionInitrd(input: PlanInput, name: string, early: InitrdNeeds, own: BuiltKernel) {
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
    summary: ({ initrd }) => `${(initrd.sizeBytes / 1024 ** 2).toFixed(2)} MiB, made in the guest`,
  });
}

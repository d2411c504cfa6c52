import path from 'node:path';
import { DISTROS } from '../../guest/distro/table.ts';
import { grubMenu } from '../../guest/grub/grub-menu.ts';
import type { GrubMenu } from '../../guest/grub/grub-menu.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import type { Image } from '../../stages/guest/image.ts';
import { install } from '../../stages/guest/install.ts';
import type { Install } from '../../stages/guest/install.ts';
import { keepKernel } from '../../stages/guest/keep-kernel.ts';
import type { KeptKernel } from '../../stages/guest/keep-kernel.ts';
import type { PlannedArm } from './arm.ts';
import { guestParameters } from './image.ts';
import type { Early, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/** GRUB's menu of a run, once its kernels are known. */
function menuOf({ guest, profile }: PlanInput, stock: Image, arms: readonly PlannedArm[]): GrubMenu {
  const entries = arms.map((arm) => {
    const { name, release, cmdline, initrd, usesStockInitrd } = arm.built();
    return { name, release, cmdline, initrd: initrd === null ? undefined : usesStockInitrd ? 'stock' : 'own' } as const;
  });
  return grubMenu(
    guest,
    { release: stock.release, cmdline: guestParameters(guest, profile.cmdline).join(' ') },
    entries,
  );
}

/** Steps that come before every installation. */
interface InstallNeeds extends Early {
  readonly accelerator: Step<AcceleratorChoice>;
}

/** Installs the arms' kernels on one disk and proves each of them. */
export function planInstall(
  input: PlanInput,
  { preflight, image, accelerator }: InstallNeeds,
  arms: readonly PlannedArm[],
): Step<Install> {
  const { host, guest, request, profile, folders } = input;
  return defineStep({
    stage: install,
    input: async () => {
      const stock = image.output();
      return {
        disk: stock.disk,
        hostKey: stock.hostKey,
        stock: { kernel: stock.kernel, initrd: stock.initrd, release: stock.release },
        stockCmdline: guestParameters(guest, profile.cmdline).join(' '),
        accelerator: accelerator.output().accelerator,
        machine: { cpus: guest.machine.cpus, memoryMb: guest.machine.memoryMb },
        qemu: preflight.output().tools['qemu-system-x86'] ?? '',
        busybox: preflight.output().busybox,
        probe: await host.files.readText(path.join(folders.guests, 'files', 'probe')),
        arms: arms.map((arm) => arm.built()),
        ...(request.boot === undefined ? {} : { grub: menuOf(input, stock, arms) }),
        // Only where it is not Debian's, so that what is in caches stays there.
        ...(DISTROS[guest.family].hasCheckConfig ? {} : { checkConfig: null }),
      };
    },
    summary: ({ arms: proven }) => `Docker proven on ${proven.map((arm) => arm.name).join(' and ')}`,
  });
}

/**
 * Has GRUB boot another kernel by default, on the disk that the run keeps.
 *
 * @param arm whose kernel that is
 */
export function planKeepKernel(
  arm: string,
  input: PlanInput,
  made: InstallNeeds & { readonly install: Step<Install> },
  arms: readonly PlannedArm[],
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

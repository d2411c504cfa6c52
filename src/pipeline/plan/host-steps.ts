import type { Host } from '../../host/host.ts';
import { initrdScriptsDigest } from '../../initrd/busybox-initrd.ts';
import { isInstalled } from '../../profile/guest-schema.ts';
import { accelerator } from '../../stages/guest/accelerator.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import { preflight } from '../../stages/host/preflight.ts';
import type { Preflight } from '../../stages/host/preflight.ts';
import type { Early, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/**
 * Checks the host for what this run needs, and nothing more.
 *
 * @param compilers of kernels that are built here, where it is not the usual one
 */
export function planPreflight({ guest, request }: PlanInput, compilers: readonly string[]): Step<Preflight> {
  return defineStep({
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
}

/** Whether this user may open /dev/kvm; whether it works is for the probe boot to say. */
async function kvmAccess(host: Host): Promise<string> {
  if ((await host.files.stat('/dev/kvm')) === undefined) return 'absent';
  return (await host.files.isWritable('/dev/kvm')) ? 'writable' : 'denied';
}

/** Boots a probe with the stock kernel to see which accelerator works here. */
export function planAccelerator(
  { host, request }: PlanInput,
  { preflight: checked, image }: Early,
): Step<AcceleratorChoice> {
  return defineStep({
    stage: accelerator,
    input: async () => ({
      asked: request.accelerator,
      kernel: image.output().kernel,
      busybox: checked.output().busybox,
      scripts: await initrdScriptsDigest(host),
      host: {
        name: host.system.hostname,
        cpu: host.system.cpuModel,
        kernel: host.system.kernel,
        qemu: checked.output().tools['qemu-system-x86'] ?? '',
        kvm: await kvmAccess(host),
        // Modules and permissions may be others after the host has been restarted.
        boot: (await host.files.readText('/proc/sys/kernel/random/boot_id')).trim(),
      },
    }),
    summary: ({ accelerator: chosen, reason }) => `${chosen}: ${reason}`,
  });
}

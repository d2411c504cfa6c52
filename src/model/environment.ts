import { z } from 'zod';

export const acceleratorSchema = z.enum(['kvm', 'tcg']);
export type Accelerator = z.infer<typeof acceleratorSchema>;

/** What loads a guest's kernel: QEMU, or the guest's own boot loader. */
export const BOOT_MODES = ['direct', 'grub'] as const;

/** What must match for two runs to be comparable. */
export const environmentSchema = z.strictObject({
  accelerator: acceleratorSchema.describe('what the probe boot proved, or what was requested'),
  acceleratorReason: z.string().describe('why this accelerator: requested, or what the probe boot showed'),
  cpuModel: z.string().describe("the host's CPU"),
  cpuCount: z.int().describe("the host's CPUs"),
  hostKernel: z.string().describe('`uname -r` of the host'),
  hostOs: z.string().describe("the host's distribution"),
  qemuVersion: z.string().describe('version of QEMU'),
  guest: z.string().describe('name of the guest'),
  guestCpus: z.int().describe('virtual CPUs'),
  guestMemoryMb: z.int().describe('RAM of the guest in MiB'),
  guestDisk: z
    .exactOptional(z.string())
    .describe(
      "what the disk of the measured boots holds beyond the installed guest: `with` and the tags of the workloads' images, " +
        'each naming its digest; absent: nothing',
    ),
  boot: z
    .exactOptional(z.enum(BOOT_MODES))
    .describe(
      'what loads the kernel. `grub`: the host times of the boots include firmware and GRUB. `direct`: QEMU does, and the ' +
        'command line overrode the profile. Absent: QEMU does',
    ),
});
export type Environment = Readonly<z.infer<typeof environmentSchema>>;

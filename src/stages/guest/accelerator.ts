import { z } from 'zod';
import { chooseAccelerator, probeKvm } from '../../guest/machine/kvm-probe.ts';
import { buildInitrd } from '../../initrd/busybox-initrd.ts';
import type { Artifact } from '../../model/artifact.ts';
import { acceleratorSchema } from '../../model/environment.ts';
import type { RunRequest } from '../../model/request.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ accelerator: acceleratorSchema, reason: z.string() });
export type AcceleratorChoice = z.infer<typeof outputSchema>;

type AcceleratorInput = {
  readonly asked: RunRequest['accelerator'];
  /** Kernel for the probe boot. */
  readonly kernel: Artifact;
  readonly busybox: Artifact;
  /** Digest of the probe initrd's scripts. */
  readonly scripts: string;
  /** What the answer holds for: this host, this QEMU. */
  readonly host: {
    readonly name: string;
    readonly cpu: string;
    readonly kernel: string;
    readonly qemu: string;
    readonly kvm: string;
    readonly boot: string;
  };
};

/** Decides the accelerator by a real probe boot; remembered for this host and QEMU version. */
export const accelerator: Stage<AcceleratorInput, AcceleratorChoice> = {
  name: 'accelerator',
  version: 1,
  cache: 'content',
  fillsMachine: true,
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir, signal } = context;
    return chooseAccelerator(input.asked, async () => {
      context.progress({ message: 'probe boot under KVM' });
      await buildInitrd(host, {
        busyboxPath: await store.use(input.busybox),
        outputPath: `${workDir}/probe.cpio`,
        compression: 'none',
        probe: true,
      });
      return probeKvm(host, {
        kernelPath: await store.use(input.kernel),
        initrdPath: `${workDir}/probe.cpio`,
        directory: workDir,
        signal,
      });
    });
  },
};

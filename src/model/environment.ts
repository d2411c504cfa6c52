export type Accelerator = 'kvm' | 'tcg';

/** What must match for two runs to be comparable. */
export interface Environment {
  readonly accelerator: Accelerator;
  /** Why this accelerator: asked for, or what the probe boot showed. */
  readonly acceleratorReason: string;
  readonly cpuModel: string;
  readonly cpuCount: number;
  readonly hostKernel: string;
  readonly hostOs: string;
  readonly qemuVersion: string;
  readonly guest: string;
  readonly guestCpus: number;
  readonly guestMemoryMb: number;
  /**
   * What the disk of the measured boots has besides, where that is another than the installed guest's: `with` and the tags of the
   * workloads' images, each naming its digest.
   */
  readonly guestDisk?: string;
  /**
   * What loads the kernel. `grub`: firmware and GRUB are in the host's times of the boots. Absent: QEMU, and so with `direct`, which
   * is only said where it overrode the profile.
   */
  readonly boot?: 'direct' | 'grub';
}

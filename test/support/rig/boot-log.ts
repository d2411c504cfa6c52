/** What a fake guest prints while it boots. */
export interface BootScript {
  readonly release: string;
  readonly cmdline: string;
  /** Seconds until the kernel has ended its own start; everything after takes ten times as long. */
  readonly kernelInitSec: number;
  readonly hasProbeImage: boolean;
}

/** A stamp as printk writes it. */
export function stamp(seconds: number): string {
  return `[${seconds.toFixed(6).padStart(12)}]`;
}

/** What the guest says at last, and when it is up at the earliest, as a multiple of the kernel's own start. */
export function lastWord(hasProbeImage: boolean): { readonly text: string; readonly share: number } {
  return hasProbeImage ? { text: 'drydock: ready', share: 10 } : { text: 'drydock: no probe image', share: 9 };
}

/** The lines of a boot as printk stamps them, up to the last but one: that decides, and comes when the guest is up. */
export function bootLines({ release, cmdline, kernelInitSec, hasProbeImage }: BootScript): readonly string[] {
  const at = (share: number, text: string): string => `${stamp(kernelInitSec * share)} ${text}`;
  const init = /rdinit=(\S+)/.exec(cmdline)?.[1] ?? '/init';
  return [
    `${stamp(0)} Linux version ${release} (drydock@drydock) (gcc 12.2.0, GNU ld 2.40) #1 SMP PREEMPT_DYNAMIC`,
    `${stamp(0)} Command line: ${cmdline}`,
    at(0.3, 'Trying to unpack rootfs image as initramfs...'),
    at(0.8, 'Freeing initrd memory: 6144K'),
    at(1, 'Freeing unused kernel image (initmem) memory: 2048K'),
    at(1.1, `Run ${init} as init process`),
    at(2, 'EXT4-fs (vda): mounted filesystem with ordered data mode. Quota mode: none.'),
    at(3, 'systemd[1]: systemd 252.39-1~deb12u1 running in system mode (+PAM +AUDIT +SELINUX)'),
    at(5, 'drydock: modules begin'),
    at(6, 'drydock: modules end'),
    ...(hasProbeImage ? [at(9, 'drydock: docker0 up')] : []),
  ];
}

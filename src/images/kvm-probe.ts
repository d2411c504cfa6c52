import path from 'node:path';
import { probeKvm } from '../guest/machine/kvm-probe.ts';
import type { ProbeResult } from '../guest/machine/kvm-probe.ts';
import type { Host } from '../host/host.ts';
import { buildInitrd } from '../initrd/busybox-initrd.ts';

/** The one kernel that is here before any guest is: the host's own. */
export function hostKernelPath({ system }: Pick<Host, 'system'>): string {
  return `/boot/vmlinuz-${system.kernel}`;
}

/**
 * Tries KVM with a kernel that is at hand before there is a guest.
 *
 * @param options.directory scratch folder
 * @throws Fault `interrupted` and `missing-tool` only; a KVM that does not work is an answer
 */
export async function tryKvm(
  host: Host,
  kernelPath: string,
  options: { readonly busyboxPath: string; readonly directory: string; readonly signal: AbortSignal },
): Promise<ProbeResult> {
  const { busyboxPath, directory, signal } = options;
  if ((await host.files.stat(kernelPath))?.kind !== 'file') {
    return { works: false, evidence: `there is no ${kernelPath} to try it with` };
  }
  const initrdPath = path.join(directory, 'probe.cpio');
  await buildInitrd(host, { busyboxPath, outputPath: initrdPath, compression: 'none', probe: true });
  return probeKvm(host, { kernelPath, initrdPath, directory: path.join(directory, 'probe'), signal });
}

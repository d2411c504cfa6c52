import type { Host } from '../../host/host.ts';

/** Makes a qcow2 overlay: reads come from `basePath`, writes stay in `overlayPath`, and the base is never touched. */
export async function createOverlay(host: Host, basePath: string, overlayPath: string): Promise<void> {
  await host.processes.run([
    ...(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b'] as const),
    basePath,
    overlayPath,
  ]);
}

/** Makes one self-contained qcow2 of an overlay and everything below it. */
export async function flattenOverlay(host: Host, overlayPath: string, diskPath: string): Promise<void> {
  await host.processes.run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'qcow2', overlayPath, diskPath]);
}

import { openOverlayGuest } from '../../guest/overlay-guest.ts';
import type { OverlayGuest } from '../../guest/overlay-guest.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Accelerator } from '../../model/environment.ts';
import type { StageContext } from '../stage.ts';

/** A guest's disk, and the machine that it boots on. */
export type GuestInput = {
  readonly disk: Artifact;
  readonly hostKey: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
};

/**
 * The guest on an overlay of its disk, which stays what it is.
 *
 * @param overlay the overlay's path; it is made here
 */
export async function openGuestCopy(input: GuestInput, context: StageContext, overlay: string): Promise<OverlayGuest> {
  const { host, store, workDir, signal } = context;
  const { accelerator, machine, hostKey } = input;
  const diskPath = await store.use(input.disk);
  return openOverlayGuest(host, { diskPath, overlay, workDir, hostKey, accelerator, machine, signal });
}

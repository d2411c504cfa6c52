import type { BootMarkers } from '../../model/boots/boot.ts';
import { STAMP_RESOLUTION_SEC } from './console-stamps.ts';
import { CALIBRATED_RATE_TOLERANCE, UNCALIBRATED_RATE_TOLERANCE } from './clock-fit.ts';

/** What a measured boot's clock is held against. */
export interface GuestClockEvidence {
  /** Everything that the guest printed: its console and its log. */
  readonly texts: readonly string[];
  readonly markers: BootMarkers;
  /** Host seconds from the start of QEMU to the arrival of `drydock: ready`. */
  readonly hostReadySec: number;
  /** Host seconds from the start of QEMU to the end of the reading. */
  readonly hostReadSec: number;
}

/** `drydock: ready` with the number in its stamp's place, whatever that number is. */
const READY = /\[ *(-?\d+(?:\.\d+)?)\](?:\[ *[TC]\d+\])? drydock: ready\b/;
/** A printk stamp: seconds of a clock that counts nanoseconds in 64 bits (stamps.ts). */
const STAMP = /^\d{1,11}\.\d{1,9}$/;

/**
 * Why the clock of a measured boot's guest is not usable; `undefined` when it is, and for a kernel that prints no stamps.
 * QEMU starts the guest, so the guest's clock cannot be ahead of the host's seconds since then by more than its rate
 * allows: about 10 % where the kernel could not calibrate its TSC.
 *
 * @returns the predicate of a sentence about the clock
 */
export function guestClockFlaw(evidence: GuestClockEvidence): string | undefined {
  const { texts, markers, hostReadySec, hostReadSec } = evidence;
  for (const text of texts) {
    const shown = READY.exec(text)?.[1];
    if (shown === undefined) continue;
    if (!STAMP.test(shown)) {
      return `shows a number of ${String(shown.length)} characters at "drydock: ready", which is not a time`;
    }
    if (Number(shown) <= 0) return `stands at ${shown} s at "drydock: ready"`;
    if (isBeyond(Number(shown), hostReadySec)) {
      return `shows ${shown} s at "drydock: ready", ${hostReadySec.toFixed(1)} s after QEMU started`;
    }
  }
  const ahead = Object.values(markers).find(({ atSec }) => isBeyond(atSec, hostReadSec));
  if (ahead === undefined) return undefined;
  return `shows ${ahead.atSec.toFixed(6)} s at "${ahead.text.slice(0, 60)}", but the boot ended ${hostReadSec.toFixed(1)} s after QEMU started`;
}

function isBeyond(guestSec: number, hostSec: number): boolean {
  return guestSec * (1 - UNCALIBRATED_RATE_TOLERANCE) > hostSec + STAMP_RESOLUTION_SEC;
}

/**
 * Why the clocks of a boot on the virtual clock are not usable; `undefined` when they are. The time stamp counter
 * starts with the machine, before the kernel's clock does, so at the hand-over it is ahead.
 *
 * @param ticks the counter at the hand-over, as the guest printed it
 * @param ticksPerSec its rate
 */
export function virtualClockFlaw(ticks: string, ticksPerSec: number, markers: BootMarkers): string | undefined {
  if (!/^\d{1,15}$/.test(ticks)) {
    return `shows a number of ${String(ticks.length)} digits at the hand-over, which is not a time`;
  }
  const clockSec = Number(ticks) / ticksPerSec;
  if (clockSec <= 0) return 'stands at 0 at the hand-over';
  const handOver = markers['hand-over'];
  if (handOver === undefined) return undefined;
  if (handOver.atSec <= 0) return `stands at ${handOver.atSec.toFixed(6)} s at "${handOver.text.slice(0, 60)}"`;
  if (handOver.atSec * (1 - CALIBRATED_RATE_TOLERANCE) <= clockSec) return undefined;
  return `shows ${handOver.atSec.toFixed(6)} s at the hand-over, and the time stamp counter ${clockSec.toFixed(6)} s since the reset`;
}

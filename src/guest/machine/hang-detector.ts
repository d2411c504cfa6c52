import type { Accelerator } from '../../model/environment.ts';

/** What moves in a running guest apart from its console. */
export interface Liveness {
  /** Disk requests completed so far. */
  readonly diskOperations: number;
  /** Processor seconds QEMU has used so far, or was refused by a busy host: a guest that is starved is not still. */
  readonly cpuSec: number;
}

/** How long a guest may say nothing. Both count from its last sign of life, never from the start of a wait. */
export interface SilenceLimits {
  /** Console silent, disk and processors idle: nothing is going to happen. */
  readonly stillSec: number;
  /** Console silent, whatever else moves: a kernel that spins keeps its processors busy. */
  readonly silentSec: number;
}

export interface Silence {
  readonly kind: 'still' | 'silent';
  readonly forSec: number;
}

/** A tickless guest with nothing to do costs a few percent of one processor under TCG; one that works, far more. */
const IDLE_CPU_SHARE = 0.1;

/**
 * A quiet boot prints nothing for half a minute under TCG while it works, and a host that is shared can be many times
 * slower than that; one that does nothing at all is given up sooner.
 */
const DEFAULT_LIMITS: Readonly<Record<Accelerator, SilenceLimits>> = {
  kvm: { stillSec: 40, silentSec: 180 },
  tcg: { stillSec: 90, silentSec: 600 },
};

/** Limits for an accelerator; `silenceMs` replaces its default, and a still guest gets half of it. */
export function silenceLimits(accelerator: Accelerator, silenceMs?: number): SilenceLimits {
  if (silenceMs === undefined) return DEFAULT_LIMITS[accelerator];
  return { stillSec: silenceMs / 2000, silentSec: silenceMs / 1000 };
}

/**
 * Takes what is known at `nowSec` (host monotonic): when the console last said something new, and the liveness sample unless it
 * could not be taken. Gives a verdict once the guest has been silent for too long.
 */
export type SilenceWatch = (
  nowSec: number,
  newsAtSec: number | undefined,
  liveness: Liveness | undefined,
) => Silence | undefined;

/**
 * Judges successive signs of life from the start of a wait on. A healthy boot may print nothing for half a minute under TCG while it reads its disk, so a
 * quiet console alone is not silence until the larger limit; a console that repeats itself does not count as speaking.
 * Stillness must have been seen: while a starved QEMU does not answer, only the larger limit counts.
 */
export function createSilenceWatch(limits: SilenceLimits, startedAtSec: number): SilenceWatch {
  let last: { readonly atSec: number; readonly liveness: Liveness } | undefined;
  let firstAtSec = Number.POSITIVE_INFINITY;
  let movedAtSec = startedAtSec;
  return (nowSec, newsAtSec, liveness) => {
    if (liveness !== undefined) {
      if (last !== undefined) {
        const share = (liveness.cpuSec - last.liveness.cpuSec) / Math.max(nowSec - last.atSec, 1e-6);
        if (liveness.diskOperations !== last.liveness.diskOperations || share > IDLE_CPU_SHARE) movedAtSec = nowSec;
      }
      last = { atSec: nowSec, liveness };
      firstAtSec = Math.min(firstAtSec, nowSec);
    }
    const spokeAtSec = Math.max(startedAtSec, newsAtSec ?? startedAtSec);
    const silentSec = nowSec - spokeAtSec;
    if (silentSec >= limits.silentSec) return { kind: 'silent', forSec: silentSec };
    const seenAtSec = last?.atSec ?? startedAtSec;
    if (seenAtSec - firstAtSec < limits.stillSec / 2) return undefined;
    const stillSec = seenAtSec - Math.max(spokeAtSec, movedAtSec);
    return stillSec >= limits.stillSec ? { kind: 'still', forSec: stillSec } : undefined;
  };
}

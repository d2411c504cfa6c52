/** A stretch in which drydock did not run, host monotonic seconds (`Pause` of host/host.ts). */
interface Pause {
  readonly fromSec: number;
  readonly toSec: number;
  readonly asleepSec: number;
}

/** As for a boot (bootlog/standstill.ts): a shorter pause is within the noise of what drydock times. */
const LEAST_PAUSE_SEC = 0.5;

/**
 * Says where drydock did not run during a workload. What a tool times by itself is not affected; a figure that drydock
 * times from its request to the answer (a container's start, a package installation) holds the pause.
 */
export function pauseWarnings(pauses: readonly Pause[], fromSec: number, toSec: number): readonly string[] {
  return pauses
    .filter((pause) => pause.toSec > fromSec && pause.fromSec < toSec)
    .filter((pause) => pause.toSec - pause.fromSec >= LEAST_PAUSE_SEC || pause.asleepSec > 0)
    .map((pause) => {
      const lengthSec = pause.toSec - pause.fromSec;
      const slept = pause.asleepSec > 0 ? `, and the machine slept for ${pause.asleepSec.toFixed(1)} s` : '';
      return `drydock did not run for ${lengthSec.toFixed(1)} s, ${Math.max(0, pause.fromSec - fromSec).toFixed(1)} s after this workload began${slept}: times that drydock measures may be too long by this amount`;
    });
}

import type { BootSummary, ExcludedFigure } from '../model/boot.ts';
import type { ClockFit } from '../model/timeline.ts';
import { toHostSec } from './clock-fit.ts';
import { STAMP_RESOLUTION_SEC } from './console-stamps.ts';

/** A stretch in which drydock did not run, in host seconds since the start of QEMU (`Pause` of host/host.ts). */
export interface Standstill {
  readonly fromSec: number;
  readonly toSec: number;
  /** What had arrived by `toSec` bears a stamp of up to here. */
  readonly readSec: number;
  readonly asleepSec: number;
}

/** A figure from the start of QEMU to the arrival of a console line. */
export interface HostFigure {
  readonly metric: string;
  /** Host seconds since the start of QEMU. */
  readonly arrivalSec: number;
  /** The line's own stamp; absent where it bears none. */
  readonly guestSec?: number;
}

/** What a boot's figures on the host's clock are held against. */
export interface StandstillEvidence {
  readonly fit: ClockFit;
  readonly standstills: readonly Standstill[];
  /** Host seconds since the start of QEMU from which on the guest ran. Until then QEMU waits for drydock. */
  readonly runsFromSec: number;
  /** Stamps of the console's lines, guest seconds. */
  readonly lines: readonly number[];
}

/**
 * How late a line may be before its figure does not count: half a second, or half a percent of the figure. A score calls a
 * difference real from 1 % on, so what is let through stays below half of that. Serial lines of real boots come much
 * closer to the fit: in the ten boots of results/sample (TCG, on a machine shared with compilers) the `ready` lines are
 * 2.6 ms late at most, and nineteen of twenty lines of any boot at most 18 ms (`delay95Sec`).
 */
const LEAST_LATE_SEC = 0.5;
const LEAST_LATE_SHARE = 0.005;

/**
 * Which figures a standstill has spoiled. drydock stamps a line when it reads it, and QEMU waits for drydock before the
 * guest may run; in between the guest runs on by itself, so a standstill there spoils nothing. A figure is spoiled when
 *
 * - its line arrived later than the guest's clock says, beyond the fit's own error;
 * - drydock did not run when the line came, and the fit cannot show that the line was in time;
 * - drydock did not run before the guest did;
 * - the machine slept, which the host's clock leaves out.
 */
export function spoiledFigures(
  figures: readonly HostFigure[],
  evidence: StandstillEvidence,
): readonly ExcludedFigure[] {
  return figures.flatMap((figure): ExcludedFigure[] => {
    const reason = whySpoiled(figure, evidence);
    if (reason === undefined) return [];
    const fittedSec = fittedOf(figure, evidence.fit);
    const value = figure.arrivalSec;
    return [{ metric: figure.metric, value, ...(fittedSec === undefined ? {} : { fittedSec }), reason }];
  });
}

/** `total_boot_host of 148.50 s (103.80 s by the guest's clock) does not count: …` */
export function excludedWords({ metric, value, fittedSec, reason }: ExcludedFigure): string {
  const fitted = fittedSec === undefined ? '' : ` (${fittedSec.toFixed(2)} s by the guest's clock)`;
  return `${metric} of ${value.toFixed(2)} s${fitted} does not count: ${reason}`;
}

/** What a reader of the figures must know of a boot that a standstill spoiled: it was repeated, or a figure is left out. */
export function exclusionSentences(boot: BootSummary): readonly string[] {
  const name = `boot ${String(boot.order + 1)}, ${boot.arm}`;
  return [
    ...(boot.repeated ?? []).map((figure) => `${name}, was repeated once: the first time ${excludedWords(figure)}`),
    ...(boot.excluded ?? []).map((figure) => `${name}: ${excludedWords(figure)}`),
  ];
}

/**
 * Says where drydock stood still in the middle of a boot and no line of the console shows that the guest ran on: if the
 * whole machine stood still, the boot's figures hold that time.
 */
export function standstillWarnings({ arrivalSec }: HostFigure, evidence: StandstillEvidence): readonly string[] {
  const { fit, standstills, runsFromSec, lines } = evidence;
  const ranOn = ({ fromSec, toSec }: Standstill): boolean =>
    fit.basis !== 'none' &&
    lines.some((guestSec) => {
      const atSec = toHostSec(fit, guestSec);
      return atSec - fit.errorSec > fromSec && atSec + fit.errorSec < toSec;
    });
  const unseen = standstills.filter(
    (one) =>
      one.fromSec >= runsFromSec &&
      one.readSec < arrivalSec &&
      one.toSec - one.fromSec > leastLateSec(arrivalSec) &&
      !ranOn(one),
  );
  return unseen.map(
    ({ fromSec, toSec }) =>
      `drydock did not run for ${(toSec - fromSec).toFixed(1)} s, from ${fromSec.toFixed(1)} s after the start of QEMU on, and the console does ` +
      'not show whether the guest did: if the whole machine stood still, the figures of this boot hold that time',
  );
}

function leastLateSec(figureSec: number): number {
  return Math.max(LEAST_LATE_SEC, LEAST_LATE_SHARE * figureSec);
}

function fittedOf({ guestSec }: HostFigure, fit: ClockFit): number | undefined {
  return guestSec === undefined || fit.basis === 'none' ? undefined : toHostSec(fit, guestSec);
}

function whySpoiled(figure: HostFigure, { fit, standstills, runsFromSec }: StandstillEvidence): string | undefined {
  const { arrivalSec } = figure;
  const limitSec = leastLateSec(arrivalSec);
  const within = standstills.filter(({ fromSec, toSec }) => fromSec < arrivalSec && toSec > 0);
  const asleepSec = within.reduce((sum, one) => sum + one.asleepSec, 0);
  if (asleepSec > limitSec) {
    return `the machine slept for ${asleepSec.toFixed(1)} s during the boot, and the host's clock leaves that out`;
  }
  const waitedSec = within.reduce(
    (sum, { fromSec, toSec }) => sum + Math.max(0, Math.min(toSec, runsFromSec) - Math.max(0, fromSec)),
    0,
  );
  if (waitedSec > limitSec) {
    return `drydock did not run for ${waitedSec.toFixed(1)} s before the guest did, and QEMU waited for it`;
  }
  const across = within.find(({ readSec }) => arrivalSec <= readSec);
  const stood = across && `drydock did not run for ${(across.toSec - across.fromSec).toFixed(1)} s when the line came`;
  const fittedSec = fittedOf(figure, fit);
  const errorSec = fit.basis === 'none' ? 0 : fit.errorSec;
  if (fittedSec !== undefined) {
    const lateSec = arrivalSec - fittedSec;
    if (lateSec - errorSec - STAMP_RESOLUTION_SEC > limitSec) {
      const late = `its line arrived ${lateSec.toFixed(2)} s late (the fit is good to ${errorSec.toFixed(2)} s)`;
      return stood === undefined ? late : `${late}: ${stood}`;
    }
  }
  if (across === undefined) return undefined;
  const possibleSec = Math.min(
    arrivalSec - across.fromSec,
    fittedSec === undefined ? Number.POSITIVE_INFINITY : arrivalSec - fittedSec + errorSec,
  );
  return possibleSec > limitSec ? `${stood ?? ''}, so it may be ${possibleSec.toFixed(2)} s late` : undefined;
}

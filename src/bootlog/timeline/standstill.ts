import type { BootSummary, ExcludedFigure } from '../../model/boots/boot.ts';
import type { ClockFit } from '../../model/boots/timeline.ts';
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
  /** When the guest did something by itself: what shows that it ran on while drydock did not. */
  readonly guestInstants: readonly GuestInstant[];
}

/** An instant that the guest stamped: a line of its log, the start or end of a systemd unit. */
export interface GuestInstant {
  /** On printk's clock. */
  readonly guestSec: number;
  /** How far `guestSec` may be off; 0 for printk's own stamps. */
  readonly errorSec: number;
}

/**
 * How late a figure may be before it does not count: half a second, or half a percent of the figure. From 100 s on, that is
 * half of what a score calls a difference (1 %). A shorter boot may be up to 0.5 s late. Serial lines of real boots come
 * much closer to the fit: in the ten boots of results/sample (TCG, on a machine shared with compilers) the `ready` lines
 * are 2.6 ms late at most, and nineteen of twenty lines of any boot at most 18 ms (`delay95Sec`).
 */
const LEAST_LATE_SEC = 0.5;
const LEAST_LATE_SHARE = 0.005;

/**
 * How far from both ends of a pause an instant proves something. A pause begins at the last tick before it (`TICK_MS` of
 * host/event-loop.ts), so its first 0.1 s may be normal running. A machine that wakes up may run the guest before drydock,
 * so its end is no sharper. Two ticks leave room for a late timer.
 */
const PAUSE_EDGE_SEC = 0.2;

/**
 * Which figures a standstill has spoiled. drydock stamps a line when it reads it, and QEMU waits for drydock before the
 * guest may run. In between the guest runs on without drydock, unless the whole machine stood still (a hypervisor's pause,
 * a frozen cgroup). A figure is spoiled when
 *
 * - its line arrived later than the guest's clock says, beyond the fit's own error;
 * - drydock did not run when the line arrived, and the fit cannot show that the line was in time;
 * - drydock did not run before the guest started;
 * - the machine slept for longer than the limit: the monotonic clock does not count sleep;
 * - drydock did not run for longer than the limit during the boot, and nothing shows that the guest ran meanwhile.
 *
 * The last one needs an instant that the guest stamped inside the pause. That the clocks agree over the whole boot proves
 * nothing: a guest's clock goes on while its QEMU is frozen (under KVM it is the processor's TSC, under TCG QEMU's virtual
 * clock, which follows the host's monotonic clock unless QMP stops it), so the fit is as good as ever, and both `total_boot`
 * and `total_boot_host` hold the pause. A quiet console has few lines, so the kernel log and systemd's units count, too:
 * they are read after the boot. Still, a short pause of drydock alone often has no instant inside (docs/explanation/measuring.md has
 * the shares). That costs one more boot; a frozen machine among the samples costs a wrong figure that nothing shows.
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
    ...(boot.repeated ?? []).map((figure) => `${name}, was repeated. First attempt: ${excludedWords(figure)}`),
    ...(boot.excluded ?? []).map((figure) => `${name}: ${excludedWords(figure)}`),
  ];
}

/**
 * Says where the guest's own times of a boot may hold a standstill of the whole machine: its clock goes on meanwhile, so no
 * comparison of clocks shows it.
 */
export function standstillWarnings({ arrivalSec }: HostFigure, evidence: StandstillEvidence): readonly string[] {
  return unexplained(arrivalSec, evidence).map(
    (one) => `${unexplainedWords(one)}: if it did not, the times on the guest's clock are too long, too`,
  );
}

/** Pauses that take more of the boot than the limit, and inside which the guest stamped nothing. */
function unexplained(arrivalSec: number, evidence: StandstillEvidence): readonly Standstill[] {
  const { fit, standstills, runsFromSec, guestInstants } = evidence;
  const ranOn = ({ fromSec, toSec }: Standstill): boolean =>
    fit.basis !== 'none' &&
    guestInstants.some(({ guestSec, errorSec }) => {
      const atSec = toHostSec(fit, guestSec);
      const edgeSec = PAUSE_EDGE_SEC + fit.errorSec + errorSec;
      return atSec - edgeSec >= fromSec && atSec + edgeSec <= toSec;
    });
  return standstills.filter((one) => {
    const duringSec = Math.min(one.toSec, arrivalSec) - Math.max(one.fromSec, runsFromSec);
    return duringSec > leastLateSec(arrivalSec) && !ranOn(one);
  });
}

function unexplainedWords({ fromSec, toSec }: Standstill): string {
  return `drydock did not run for ${(toSec - fromSec).toFixed(1)} s, from ${fromSec.toFixed(1)} s after QEMU started, and nothing shows that the guest ran meanwhile`;
}

function leastLateSec(figureSec: number): number {
  return Math.max(LEAST_LATE_SEC, LEAST_LATE_SHARE * figureSec);
}

function fittedOf({ guestSec }: HostFigure, fit: ClockFit): number | undefined {
  return guestSec === undefined || fit.basis === 'none' ? undefined : toHostSec(fit, guestSec);
}

function whySpoiled(figure: HostFigure, evidence: StandstillEvidence): string | undefined {
  return (
    whyAsleep(figure, evidence) ??
    whyWaited(figure, evidence) ??
    whyLate(figure, evidence) ??
    unexplained(figure.arrivalSec, evidence).map(unexplainedWords)[0]
  );
}

function whyAsleep({ arrivalSec }: HostFigure, { standstills }: StandstillEvidence): string | undefined {
  const asleepSec = within(arrivalSec, standstills).reduce((sum, one) => sum + one.asleepSec, 0);
  return asleepSec > leastLateSec(arrivalSec)
    ? `the machine slept for ${asleepSec.toFixed(1)} s during the boot; the monotonic clock does not count sleep`
    : undefined;
}

function whyWaited({ arrivalSec }: HostFigure, { standstills, runsFromSec }: StandstillEvidence): string | undefined {
  const waitedSec = within(arrivalSec, standstills).reduce(
    (sum, { fromSec, toSec }) => sum + Math.max(0, Math.min(toSec, runsFromSec) - Math.max(0, fromSec)),
    0,
  );
  return waitedSec > leastLateSec(arrivalSec)
    ? `drydock did not run for ${waitedSec.toFixed(1)} s before the guest started, and QEMU waited for drydock`
    : undefined;
}

function whyLate(figure: HostFigure, { fit, standstills }: StandstillEvidence): string | undefined {
  const { arrivalSec } = figure;
  const limitSec = leastLateSec(arrivalSec);
  const across = within(arrivalSec, standstills).find(({ readSec }) => arrivalSec <= readSec);
  const stood =
    across && `drydock did not run for ${(across.toSec - across.fromSec).toFixed(1)} s when the line arrived`;
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
  return possibleSec > limitSec ? `${stood ?? ''}; the figure may be ${possibleSec.toFixed(2)} s too long` : undefined;
}

/** Standstills that touch the figure's stretch: from the start of QEMU to the line's arrival. */
function within(arrivalSec: number, standstills: readonly Standstill[]): readonly Standstill[] {
  return standstills.filter(({ fromSec, toSec }) => fromSec < arrivalSec && toSec > 0);
}

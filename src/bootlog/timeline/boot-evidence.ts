import type { BootSummary } from '../../model/boots/boot.ts';
import type { Environment } from '../../model/environment.ts';
import type { BootTimeline, ClockFit, MachineEvent, SystemdClock } from '../../model/boots/timeline.ts';
import { CALIBRATED_RATE_TOLERANCE, fitClock, UNCALIBRATED_RATE_TOLERANCE } from './clock-fit.ts';
import type { ClockEvidence } from './clock-fit.ts';
import { parseStamps, STAMP_RESOLUTION_SEC, stampedConsoleLines } from './console-stamps.ts';
import type { ConsoleStampedLine } from './console-stamps.ts';
import { attributeInitcalls } from '../reading/initcalls.ts';
import { parseBootLog } from '../parse/parse.ts';
import type { GuestInstant } from './standstill.ts';
import { parseSystemdUnits } from './systemd-units.ts';
import { buildTimeline } from './timeline.ts';

/** A line that the guest printed because the host had asked, in host seconds since the start of QEMU. */
export interface RequestedLine {
  /** Its number in `drydock: clock <round> <uptime before>`. */
  readonly round: number;
  readonly askedAtSec: number;
  /** /proc/uptime read just after the line was written, cut to hundredths. */
  readonly uptimeAfterSec: number | undefined;
}

/** What a measured boot leaves behind for its timeline. */
export interface BootEvidence {
  readonly consoleText: string;
  readonly stampsText: string;
  readonly dmesgText: string;
  readonly unitsText: string;
  readonly asked: readonly RequestedLine[];
  readonly events: readonly MachineEvent[];
}

/** The part of a boot's summary that its timeline is drawn from. */
export type SummarizedBoot = Pick<BootSummary, 'arm' | 'order' | 'markers' | 'phases' | 'hostReadySec'>;

/** /proc/uptime counts in hundredths and cuts what is left. */
const UPTIME_STEP_SEC = 0.01;

/** The x86 decompressor's and loader's words, which come before the kernel stamps anything (arch/x86/boot/compressed). */
const DECOMPRESSOR = /^(?:early console in |Decompressing Linux|Parsing ELF|Booting the kernel)/m;

/** What drydock's menu entries echo before and after GRUB loads (src/guest/grub/grub-menu.ts), perhaps behind terminal escapes. */
const GRUB_LOADS = /drydock: GRUB loads /;
const GRUB_STARTS = /drydock: GRUB starts /;

/** Host seconds at which a kernel line reached the console; `undefined` when it is not there or bears no stamp. */
export function arrivalOf(
  evidence: Pick<BootEvidence, 'consoleText' | 'stampsText'>,
  message: RegExp,
): number | undefined {
  return linesOf(evidence).find((line) => message.test(line.message))?.hostSec;
}

/**
 * Instants that the guest stamped by itself: lines of its console and of its kernel log, which keeps what `quiet` holds
 * back from the console, and starts and ends of systemd's units where systemd's clock was compared with printk's.
 */
export function guestInstants(evidence: BootEvidence, systemdClock: SystemdClock | undefined): readonly GuestInstant[] {
  const log = parseBootLog(evidence.dmesgText).boots.at(-1);
  const printed = [
    ...linesOf(evidence).map(({ guestSec }) => guestSec),
    ...(log?.clock === 'printk' ? log.lines.map(({ atSec }) => atSec) : []),
  ].map((guestSec) => ({ guestSec, errorSec: 0 }));
  if (systemdClock?.basis !== 'measured') return printed;
  const { offsetSec, errorSec = 0 } = systemdClock;
  const units = parseSystemdUnits(evidence.unitsText).flatMap(({ startSec, endSec }) => [startSec, endSec]);
  return [...printed, ...units.map((atSec) => ({ guestSec: atSec + offsetSec, errorSec }))];
}

/** The timeline of a boot from all that was recorded of it. */
export function timelineOfBoot(evidence: BootEvidence, boot: SummarizedBoot): BootTimeline {
  const lines = linesOf(evidence);
  const log = parseBootLog(evidence.dmesgText).boots.at(-1);
  const isCalibrated = !/tsc: Fast TSC calibration failed/.test(evidence.dmesgText);
  const initcalls = log === undefined ? [] : attributeInitcalls(log).spans;
  const kernelByteAtSec = arrivalOfText(evidence, DECOMPRESSOR);
  return buildTimeline({
    ...boot,
    fit: fitLines(lines, evidence.asked, isCalibrated),
    events: evidence.events,
    ...(kernelByteAtSec === undefined ? {} : { kernelByteAtSec }),
    ...loaderOf(evidence),
    initcalls,
    units: parseSystemdUnits(evidence.unitsText),
    systemdClock: compareClocks(lines, evidence.asked),
  });
}

/**
 * The timeline of a boot of which only the record is left. Its `ready` line stands on both clocks, so the guest can be
 * placed by that one point, and the error says how little that is.
 *
 * @param bootMode of the record's environment
 */
export function timelineOfSummary(boot: BootSummary, bootMode?: Environment['boot']): BootTimeline {
  const { ready } = boot.markers;
  const points = ready === undefined ? [] : [{ guestSec: ready.atSec, hostSec: boot.hostReadySec }];
  const kept = boot.hostClock;
  const fit: ClockFit =
    kept === undefined ? fitClock({ points }) : { basis: kept.points === 1 ? 'offset' : 'line', ...kept };
  return buildTimeline({
    ...boot,
    fit,
    events: [{ name: 'qemu-started', atSec: 0, stampedBy: 'drydock' }],
    ...(bootMode === 'grub' ? { loader: 'unseen' } : {}),
    notes: ['drawn from the record alone: the boot’s own timeline.json is not at hand'],
  });
}

function linesOf({ consoleText, stampsText }: Pick<BootEvidence, 'consoleText' | 'stampsText'>) {
  return stampedConsoleLines(consoleText, parseStamps(stampsText));
}

/** Arrival of the first byte of a text that bears no stamp. */
function arrivalOfText({ consoleText, stampsText }: BootEvidence, pattern: RegExp): number | undefined {
  const at = consoleText.search(pattern);
  if (at === -1) return undefined;
  const offset = new TextEncoder().encode(consoleText.slice(0, at)).length;
  return parseStamps(stampsText).findLast((stamp) => stamp.offset <= offset)?.atSec;
}

/** When GRUB loaded the kernel, if it was GRUB. */
function loaderOf(evidence: BootEvidence) {
  const [loadsAtSec, startsAtSec] = [arrivalOfText(evidence, GRUB_LOADS), arrivalOfText(evidence, GRUB_STARTS)];
  return loadsAtSec === undefined || startsAtSec === undefined ? {} : { loader: { loadsAtSec, startsAtSec } };
}

function fitLines(
  lines: readonly ConsoleStampedLine[],
  asked: readonly RequestedLine[],
  isCalibrated: boolean,
): ClockFit {
  const floors = answers(lines, asked).map(({ line, question }) => ({
    guestSec: line.guestSec,
    notBeforeHostSec: question.askedAtSec,
  }));
  const evidence: ClockEvidence = { points: lines, floors, resolutionSec: STAMP_RESOLUTION_SEC };
  const tight = fitClock({
    ...evidence,
    rateTolerance: isCalibrated ? CALIBRATED_RATE_TOLERANCE : UNCALIBRATED_RATE_TOLERANCE,
  });
  if (tight.basis !== 'none' || tight.points === 0) return tight;
  return fitClock({ ...evidence, rateTolerance: UNCALIBRATED_RATE_TOLERANCE });
}

interface Answer {
  readonly line: ConsoleStampedLine;
  readonly question: RequestedLine;
  readonly uptimeBeforeSec: number;
}

function answers(lines: readonly ConsoleStampedLine[], asked: readonly RequestedLine[]): readonly Answer[] {
  return lines.flatMap((line) => {
    const [, round, before] = /^drydock: clock (\d+) (\d{1,11}\.\d{1,9})(?!\d)/.exec(line.message) ?? [];
    const question = asked.find((one) => String(one.round) === round);
    return question === undefined ? [] : [{ line, question, uptimeBeforeSec: Number(before) }];
  });
}

/**
 * CLOCK_MONOTONIC starts in timekeeping_init, printk's clock a little before, with the TSC. Each answer read the uptime on
 * both sides of a stamp, so the difference lies between; the answers together narrow it.
 */
function compareClocks(lines: readonly ConsoleStampedLine[], asked: readonly RequestedLine[]): SystemdClock {
  const bounds = answers(lines, asked).flatMap(({ line, question, uptimeBeforeSec }) =>
    question.uptimeAfterSec === undefined
      ? []
      : [
          {
            low: line.guestSec - (question.uptimeAfterSec + UPTIME_STEP_SEC),
            high: line.guestSec - uptimeBeforeSec,
          },
        ],
  );
  const low = Math.max(...bounds.map((bound) => bound.low));
  const high = Math.min(...bounds.map((bound) => bound.high));
  if (bounds.length === 0 || low > high) return { basis: 'assumed', offsetSec: 0 };
  return { basis: 'measured', offsetSec: (low + high) / 2, errorSec: (high - low) / 2 };
}

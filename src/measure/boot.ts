import path from 'node:path';
import { arrivalOf, guestInstants, timelineOfBoot } from '../bootlog/timeline/boot-evidence.ts';
import type { RequestedLine, BootEvidence } from '../bootlog/timeline/boot-evidence.ts';
import { parseCollectorLog } from '../bootlog/processes/collector-log.ts';
import { guestClockFlaw } from '../bootlog/timeline/guest-clock.ts';
import { spoiledFigures, standstillWarnings } from '../bootlog/timeline/standstill.ts';
import type { HostFigure, StandstillEvidence } from '../bootlog/timeline/standstill.ts';
import { summarizeBootLog } from '../bootlog/summary.ts';
import { hostClockOf } from '../bootlog/timeline/timeline.ts';
import type { BootedArm } from '../guest/booted-arm.ts';
import { clockFault } from '../guest/inspect/clock-fault.ts';
import { exchangeClocks } from '../guest/inspect/clock-exchange.ts';
import { collect, fetchProcessLog, memAvailableBytes } from '../guest/inspect/collect.ts';
import { DOCKER_READY } from '../guest/console/readiness.ts';
import type { Guest } from '../guest/ssh/guest.ts';
import { readWallClock, wallClockWarnings } from '../guest/inspect/wall-clock.ts';
import type { Host } from '../host/host.ts';
import { jsonText } from '../json/text.ts';
import type { BootSummary } from '../model/boots/boot.ts';
import type { MachineEvent } from '../model/boots/timeline.ts';
import { checkedJson } from '../store/checked-json.ts';
import { timelineSchema } from '../model/boots/timeline.ts';

/** What is to be read of a boot whose guest is up. */
export interface BootReading {
  readonly order: number;
  readonly arm: {
    readonly name: string;
    readonly kernelSizeBytes: number;
    readonly initrdSizeBytes: number | undefined;
  };
  readonly memoryMb: number;
  /** Folder of this boot's logs. */
  readonly directory: string;
  /** Also collect what does not change between boots of an arm. */
  readonly full: boolean;
  /** Whether the arm's initrd holds the process collector. */
  readonly collectsProcesses: boolean;
}

/** A boot's own timeline, beside its logs; its schema is in src/model/boots/timeline.ts. */
const TIMELINE_FILE = 'timeline.json';

/** The question as the timeline keeps it, so that the fit can be done again from the boot's folder alone. */
function requestEvent({ round, askedAtSec, uptimeAfterSec }: RequestedLine): MachineEvent {
  const detail = jsonText({ round, uptimeAfterSec });
  return { name: 'clock-asked', atSec: askedAtSec, stampedBy: 'drydock', detail };
}

/** Everything the boot has left in its folder, with what only this process knows. */
async function readEvidence(
  host: Host,
  directory: string,
  known: Pick<BootEvidence, 'asked' | 'events'>,
): Promise<BootEvidence> {
  const read = (file: string): Promise<string> => host.files.readText(path.join(directory, file));
  const [consoleText, stampsText, dmesgText, unitsText] = await Promise.all(
    (['console.log', 'console.stamps', 'dmesg.txt', 'systemd-units.txt'] as const).map(read),
  );
  return {
    consoleText: consoleText ?? '',
    stampsText: stampsText ?? '',
    dmesgText: dmesgText ?? '',
    unitsText: unitsText ?? '',
    ...known,
  };
}

/** Fetches what the collector saw; what went wrong with it is said, and no reason to lose the boot. */
async function readProcesses(host: Host, guest: Guest, directory: string): Promise<readonly string[]> {
  const logPath = path.join(directory, 'processes.log');
  const trouble = await fetchProcessLog(host, guest, logPath);
  const found = trouble === undefined ? [] : [trouble];
  if ((await host.files.stat(logPath)) !== undefined) {
    try {
      const log = parseCollectorLog(await host.files.readText(logPath));
      await host.files.writeAtomic(path.join(directory, 'processes.json'), `${jsonText(log, 1)}\n`);
      found.push(...log.warnings);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      found.push(error.message);
    }
  }
  return found.map((words) => `Process collector: ${words}`);
}

/**
 * Reads a boot out of the guest that it brought up. The guest is measured up to `drydock: ready`; everything here comes
 * after that, so that whatever the guest is to do next has to wait for it.
 *
 * @throws Fault when the guest runs another kernel than the arm's, or its clock is not usable
 */
export async function readOutBoot(host: Host, booted: BootedArm, reading: BootReading): Promise<BootSummary> {
  const { machine, guest, ready } = booted;
  const { arm, directory } = reading;
  // First of all, so that the log ends where the boot does.
  const processWarnings = reading.collectsProcesses ? await readProcesses(host, guest, directory) : [];
  const identity = await booted.identity();
  await collect(host, guest, directory, reading.full);
  // After everything that is kept of the boot: these lines are no part of it.
  const exchanges = await exchangeClocks(host.clock, guest);
  const wallClock = await readWallClock(host.clock, guest);
  const asked = exchanges.map(({ askedAtSec, ...rest }) => ({
    ...rest,
    askedAtSec: askedAtSec - machine.startedAtSec,
  }));
  await machine.console.flush();
  const events = [...machine.events, ...asked.map(requestEvent)];
  const evidence = await readEvidence(host, directory, { asked, events });
  // The marker's own first byte: a login prompt that stands before it on the line came earlier.
  const hostReadySec = arrivalOf(evidence, DOCKER_READY.pattern) ?? ready.atSec - machine.startedAtSec;

  const log = summarizeBootLog(evidence.dmesgText);
  const flaw = guestClockFlaw({
    texts: [evidence.consoleText, evidence.dmesgText],
    markers: log.markers,
    hostReadySec,
    hostReadSec: host.clock.monotonicSec() - machine.startedAtSec,
  });
  if (flaw !== undefined) throw clockFault(flaw, machine.console);
  const ramBytes = reading.memoryMb * 1024 ** 2;
  const available = memAvailableBytes(await host.files.readText(path.join(directory, 'meminfo.txt')));
  // A guest that claims to have more than it was given says nothing about its memory.
  const memoryUsed = available === undefined || available > ramBytes ? undefined : ramBytes - available;
  const bySize = (id: string, value: number | undefined) => (value === undefined ? {} : { [id]: value });
  const placed = { arm: arm.name, order: reading.order, hostReadySec, markers: log.markers, phases: log.phases };
  const timeline = timelineOfBoot(evidence, placed);
  const timelineText = checkedJson(timelineSchema, timeline, TIMELINE_FILE, (value) => jsonText(value, 1));
  await host.files.writeAtomic(path.join(directory, TIMELINE_FILE), `${timelineText}\n`);
  const readyAt = log.markers.ready?.atSec;
  const figure: HostFigure = {
    metric: 'total_boot_host',
    arrivalSec: hostReadySec,
    ...(readyAt === undefined ? {} : { guestSec: readyAt }),
  };
  const standing: StandstillEvidence = {
    fit: timeline.fit,
    standstills: booted.pauses().map(({ fromSec, toSec, readSec, asleepSec }) => ({
      fromSec: fromSec - machine.startedAtSec,
      toSec: toSec - machine.startedAtSec,
      readSec: readSec - machine.startedAtSec,
      asleepSec,
    })),
    runsFromSec: machine.runningAtSec - machine.startedAtSec,
    guestInstants: guestInstants(evidence, timeline.systemdClock),
  };
  const excluded = spoiledFigures([figure], standing);
  return {
    ...placed,
    ...(excluded.length === 0 ? {} : { excluded }),
    ...hostClockOf(timeline),
    ...(wallClock === undefined ? {} : { wallClock }),
    kernelRelease: identity.release,
    bootId: identity.bootId,
    costliest: log.costliest,
    warnings: [
      ...booted.warnings,
      ...log.warnings,
      ...standstillWarnings(figure, standing),
      ...processWarnings,
      ...(wallClock === undefined ? [] : wallClockWarnings(wallClock)),
    ],
    metrics: {
      ...log.metrics,
      ...(excluded.length === 0 ? { total_boot_host: hostReadySec } : {}),
      kernel_size: arm.kernelSizeBytes,
      ...bySize('initrd_size', arm.initrdSizeBytes),
      ...bySize('memory_used', memoryUsed),
    },
  };
}

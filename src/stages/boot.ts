import path from 'node:path';
import { arrivalOf, timelineOfBoot } from '../bootlog/boot-evidence.ts';
import type { AskedLine, BootEvidence } from '../bootlog/boot-evidence.ts';
import { parseCollectorLog } from '../bootlog/processes/collector-log.ts';
import { summarizeBootLog } from '../bootlog/summary.ts';
import { hostClockOf } from '../bootlog/timeline.ts';
import { exchangeClocks } from '../guest/clock-exchange.ts';
import { collect, fetchProcessLog, memAvailableBytes } from '../guest/collect.ts';
import { startMachine } from '../guest/machine.ts';
import { createOverlay } from '../guest/overlay.ts';
import { DOCKER_READY } from '../guest/readiness.ts';
import { connectGuest } from '../guest/ssh.ts';
import type { Guest } from '../guest/ssh.ts';
import { readWallClock, wallClockWarnings } from '../guest/wall-clock.ts';
import { Fault } from '../host/fault.ts';
import type { Host, KeyPair } from '../host/host.ts';
import type { BootSummary } from '../model/boot.ts';
import type { Accelerator } from '../model/environment.ts';
import type { MachineEvent } from '../model/timeline.ts';

/** One measured boot: which arm, from which disk, and where its logs go. */
export interface BootRequest {
  readonly order: number;
  readonly arm: {
    readonly name: string;
    readonly release: string;
    readonly kernelPath: string;
    readonly kernelSizeBytes: number;
    readonly initrdPath: string | undefined;
    readonly initrdSizeBytes: number | undefined;
    readonly cmdline: string;
  };
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskPath: string;
  readonly hostKey: string;
  readonly key: KeyPair;
  /** Folder of this boot's logs. */
  readonly directory: string;
  /** Scratch folder for the overlay. */
  readonly workDir: string;
  /** Also collect what does not change between boots of an arm. */
  readonly full: boolean;
  /** Whether the arm's initrd holds the process collector. */
  readonly collectsProcesses: boolean;
  readonly signal: AbortSignal;
}

/** A boot's own timeline, beside its logs; its schema is in src/store/timeline-schema.ts. */
const TIMELINE_FILE = 'timeline.json';

/** The question as the timeline keeps it, so that the fit can be done again from the boot's folder alone. */
function askedEvent({ round, askedAtSec, uptimeAfterSec }: AskedLine): MachineEvent {
  const detail = JSON.stringify({ round, uptimeAfterSec });
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
      await host.files.writeAtomic(path.join(directory, 'processes.json'), `${JSON.stringify(log, null, 1)}\n`);
      found.push(...log.warnings);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      found.push(error.message);
    }
  }
  return found.map((words) => `Process collector: ${words}`);
}

/**
 * Boots an arm from a throwaway overlay until Docker is ready, reads the guest out, and throws the overlay away. The
 * guest is measured up to `drydock: ready`; everything after that is reading.
 *
 * @throws Fault with the console's last words when the boot does not get there
 */
export async function measureBoot(host: Host, request: BootRequest): Promise<BootSummary> {
  const { arm, directory, workDir, signal } = request;
  const overlay = path.join(workDir, 'overlay.qcow2');
  const keyFile = path.join(workDir, 'authorized_keys');
  await host.files.writeAtomic(keyFile, `${request.key.publicKey}\n`);
  await createOverlay(host, request.diskPath, overlay);
  await using machine = await startMachine(
    host,
    {
      accelerator: request.accelerator,
      cpus: request.cpus,
      memoryMb: request.memoryMb,
      kernelPath: arm.kernelPath,
      ...(arm.initrdPath === undefined ? {} : { initrdPath: arm.initrdPath }),
      cmdline: arm.cmdline,
      disk: { path: overlay, format: 'qcow2' },
      ssh: { authorizedKeysPath: keyFile },
    },
    { directory, signal },
  );
  const ready = await machine.waitFor(DOCKER_READY);
  await using guest = await connectGuest(host, machine, {
    privateKey: request.key.privateKey,
    hostKey: request.hostKey,
    signal,
  });
  // First of all, so that the log ends where the boot does.
  const processWarnings = request.collectsProcesses ? await readProcesses(host, guest, directory) : [];
  const identity = await guest.identity();
  if (identity.release !== arm.release) {
    throw new Fault({
      kind: 'wrong-kernel',
      headline: `The guest booted ${identity.release}, not ${arm.release}`,
      hint: 'This boot measures another kernel than the arm it stands for.',
      logPath: machine.console.path,
    });
  }
  await collect(host, guest, directory, request.full);
  // After everything that is kept of the boot: these lines are no part of it.
  const exchanges = await exchangeClocks(host.clock, guest);
  const wallClock = await readWallClock(host.clock, guest);
  const asked = exchanges.map(({ askedAtSec, ...rest }) => ({
    ...rest,
    askedAtSec: askedAtSec - machine.startedAtSec,
  }));
  await machine.console.flush();
  const events = [...machine.events, ...asked.map(askedEvent)];
  const evidence = await readEvidence(host, directory, { asked, events });
  // The marker's own first byte: a login prompt that stands before it on the line came earlier.
  const hostReadySec = arrivalOf(evidence, DOCKER_READY.pattern) ?? ready.atSec - machine.startedAtSec;

  const log = summarizeBootLog(evidence.dmesgText);
  const available = memAvailableBytes(await host.files.readText(path.join(directory, 'meminfo.txt')));
  const bySize = (id: string, value: number | undefined) => (value === undefined ? {} : { [id]: value });
  const placed = { arm: arm.name, order: request.order, hostReadySec, markers: log.markers, phases: log.phases };
  const timeline = timelineOfBoot(evidence, placed);
  await host.files.writeAtomic(path.join(directory, TIMELINE_FILE), `${JSON.stringify(timeline, null, 1)}\n`);
  return {
    ...placed,
    ...hostClockOf(timeline),
    ...(wallClock === undefined ? {} : { wallClock }),
    kernelRelease: identity.release,
    bootId: identity.bootId,
    costliest: log.costliest,
    warnings: [...log.warnings, ...processWarnings, ...(wallClock === undefined ? [] : wallClockWarnings(wallClock))],
    metrics: {
      ...log.metrics,
      total_boot_host: hostReadySec,
      kernel_size: arm.kernelSizeBytes,
      ...bySize('initrd_size', arm.initrdSizeBytes),
      ...bySize('memory_used', available === undefined ? undefined : request.memoryMb * 1024 ** 2 - available),
    },
  };
}

import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host, RunningProcess } from '../../host/host.ts';
import type { MachineEvent } from '../../model/boots/timeline.ts';
import { matchConsole } from '../console/console-patterns.ts';
import type { ConsoleHit } from '../console/console-patterns.ts';
import type { ConsoleLine } from '../console/console-line.ts';
import { recordConsole } from '../console/console.ts';
import type { ConsoleLog, ConsoleRecorder } from '../console/console.ts';
import { machineEvents } from './machine-events.ts';
import { crashFault, exitFault } from './machine-fault.ts';
import type { MachineExit } from './machine-fault.ts';
import type { MonitorSocket } from './monitor-socket.ts';
import { describeProcessors, sampleLiveness } from './liveness.ts';
import { connectQmp } from './qmp.ts';
import type { Qmp } from './qmp.ts';
import type { Liveness } from './hang-detector.ts';
import { filledLines } from '../../text/lines.ts';

/** A crash report is complete when the console pauses for this long; a panic prints without pauses, even under TCG. */
const REPORT_PAUSE_SEC = 1.5;
/** A kernel that keeps printing after its crash is not listened to for longer. */
const REPORT_MAX_SEC = 20;
const REPORT_POLL_MS = 50;
const LAST_WORDS_MS = 3000;

/** One QEMU from its start to its end: its console, its monitor, and why it can no longer be counted on. */
export interface QemuProcess {
  readonly pid: number;
  readonly console: ConsoleLog;
  readonly hasExited: boolean;
  readonly exited: Promise<MachineExit>;
  /** What was seen of it from outside so far, in order of time. */
  readonly events: readonly MachineEvent[];
  /** The exit of a guest that may power off or reboot; throws the crash that led to it, if one did. */
  endedWell(): Promise<MachineExit>;
  /** Resolves, never rejects, once the console reported a crash or its log could not be written. */
  readonly crash: Promise<Fault>;
  /** Whether the console had reported a crash by this line; `crash` may still wait for the rest of the report. */
  hasCrashedBy(line: ConsoleLine): boolean;
  /** Resolves, never rejects, with the crash, or else with what QEMU's end means to one who still needs the guest. */
  readonly fatal: Promise<Fault>;
  /** The monitor; throws `qemu-died` when QEMU ends before it answers. */
  connectMonitor(): Promise<Qmp>;
  /**
   * Lets the guest begin and gives the host monotonic seconds at which it did. What the guest does from then on, a crash
   * too, is for later waits to tell; throws `qemu-died` when QEMU ends without having obeyed.
   */
  letRun(): Promise<number>;
  liveness(): Promise<Liveness | undefined>;
  diagnose(): Promise<readonly string[]>;
  kill(): Promise<void>;
}

export interface QemuProcessOptions {
  readonly directory: string;
  /** The folder of its socket is removed when QEMU has ended. */
  readonly monitor: MonitorSocket;
  /** Host monotonic seconds just before QEMU was started; what the console's stamps count from. */
  readonly startedAtSec: number;
  readonly onLine?: (line: ConsoleLine) => void;
}

/** A fatal console line opens a report; the fault waits until the report is whole, so that its tail shows the trace. */
function watchForCrash(host: Host, hasExited: () => boolean) {
  let resolveCrash: (fault: Fault) => void = () => undefined;
  const crash = new Promise<Fault>((resolve) => {
    resolveCrash = resolve;
  });
  let hit: ConsoleHit | undefined;
  let hitIndex = Number.POSITIVE_INFINITY;
  const completed = async ({ pattern }: ConsoleHit, fromIndex: number, console: ConsoleLog): Promise<void> => {
    const sinceSec = host.clock.monotonicSec();
    const { end } = pattern;
    while (!hasExited()) {
      if (end !== undefined && console.lines.slice(fromIndex).some((line) => end.test(line.text))) break;
      const nowSec = host.clock.monotonicSec();
      if (nowSec - (console.lastByteAtSec ?? sinceSec) > REPORT_PAUSE_SEC || nowSec - sinceSec > REPORT_MAX_SEC) break;
      await host.clock.sleep(REPORT_POLL_MS);
    }
  };
  return {
    crash,
    report: resolveCrash,
    isUnderWay: (): boolean => hit !== undefined,
    hasCrashedBy: (line: ConsoleLine): boolean => hitIndex < line.index,
    see(line: ConsoleLine, console: ConsoleLog): void {
      if (hit !== undefined) return;
      const found = matchConsole(line.text);
      if (found?.pattern.fatal !== true) return;
      hit = found;
      hitIndex = line.index;
      void completed(found, line.index, console).then(() => {
        resolveCrash(crashFault(found, console));
      });
    },
  };
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault(
    {
      kind: 'internal',
      headline: `The console log could not be written: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Check that the results directory can be written.',
    },
    { cause: error },
  );
}

/** QEMU's own words on stderr: few, and all at its end. */
async function collectWords(host: Host, stderr: AsyncIterable<unknown>, logPath: string): Promise<readonly string[]> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of stderr) if (chunk instanceof Uint8Array) text += decoder.decode(chunk, { stream: true });
  } catch {
    // The pipe broke because QEMU was killed; what it said is kept.
  }
  if (text !== '') await host.files.appendText(logPath, text).catch(() => undefined);
  return filledLines(text);
}

/** Records the console to its end. */
async function listen(stdout: AsyncIterable<unknown>, recorder: ConsoleRecorder): Promise<void> {
  try {
    for await (const chunk of stdout) if (chunk instanceof Uint8Array) recorder.receive(chunk);
  } catch {
    // The pipe broke because QEMU was killed; what it said is kept.
  }
  await recorder.end();
}

/** Why QEMU ended, by its own last event: `guest-shutdown`, `guest-reset`. */
function shutdownReason(qmp: Qmp | undefined): string | undefined {
  const shutdown = qmp?.events.findLast((event) => event.event === 'SHUTDOWN');
  return typeof shutdown?.data.reason === 'string' ? shutdown.data.reason : undefined;
}

/** Lets the guest begin and gives the monotonic second at which it did. */
async function resume(host: Host, qmp: Qmp): Promise<number> {
  await qmp.execute('cont');
  return qmp.events.find(({ event }) => event === 'RESUME')?.atSec ?? host.clock.monotonicSec();
}

/** What a running guest's processors do; a monitor that does not answer is waited for only so long. */
async function whatProcessorsDo(host: Host, qmp: Qmp): Promise<readonly string[]> {
  const mute = ['QEMU does not answer on its monitor'];
  const answer = describeProcessors(qmp).catch(() => mute);
  return Promise.race([answer, host.clock.sleep(LAST_WORDS_MS).then(() => mute)]);
}

/** Takes care of a QEMU that was just started: reads everything it says and knows when it is over. */
export function attendQemu(host: Host, child: RunningProcess, options: QemuProcessOptions): QemuProcess {
  let hasExited = false;
  let qmp: Qmp | undefined;
  let connectedAtSec: number | undefined;
  const gone = new AbortController();
  const watch = watchForCrash(host, () => hasExited);
  const recorder = recordConsole(host, path.join(options.directory, 'console.log'), {
    stamps: { path: path.join(options.directory, 'console.stamps'), originSec: options.startedAtSec },
    onLine: (line) => {
      watch.see(line, recorder.log);
      options.onLine?.(line);
    },
    onFailure: (error) => {
      watch.report(asFault(error));
    },
  });
  const console = recorder.log;

  const live = async (): Promise<MachineExit> => {
    const words = collectWords(host, child.stderr, path.join(options.directory, 'qemu.log'));
    const [status, said] = await Promise.all([child.exited, words, listen(child.stdout, recorder)]);
    hasExited = true;
    gone.abort();
    await qmp?.closed;
    await host.files.remove(options.monitor.socketFolder);
    return { ...status, reason: shutdownReason(qmp), said };
  };
  const exited = live();
  const afterExit = exited.then((exit) => (watch.isUnderWay() ? watch.crash : exitFault(exit, console)));
  const fatal = Promise.race([watch.crash, afterExit]);
  // A QEMU that hangs up is about to end, and its own last words say more than its monitor's silence.
  const explained = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw (await Promise.race([fatal, host.clock.sleep(LAST_WORDS_MS)])) ?? error;
    }
  };

  return {
    pid: child.pid,
    console,
    get hasExited() {
      return hasExited;
    },
    exited,
    get events() {
      return machineEvents(options.startedAtSec, connectedAtSec, console.firstByteAtSec, qmp?.events ?? []);
    },
    async endedWell() {
      const exit = await exited;
      if (watch.isUnderWay()) throw await watch.crash;
      return exit;
    },
    crash: watch.crash,
    hasCrashedBy: watch.hasCrashedBy,
    fatal,
    async connectMonitor() {
      qmp = await explained(connectQmp(host, options.monitor.path, gone.signal));
      connectedAtSec = host.clock.monotonicSec();
      return qmp;
    },
    async letRun() {
      if (qmp === undefined) throw new Error('The monitor must be connected before the guest may run');
      return explained(resume(host, qmp));
    },
    liveness: async () => (qmp === undefined ? undefined : sampleLiveness(host, qmp).catch(() => undefined)),
    async diagnose() {
      if (hasExited) return (await exited).said.slice(-10);
      return qmp === undefined ? [] : whatProcessorsDo(host, qmp);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
      await qmp?.[Symbol.asyncDispose]();
    },
  };
}

import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Clock, Host } from '../../host/host.ts';
import { interrupted, rejectOnAbort } from '../../host/abort.ts';
import type { MachineEvent } from '../../model/boots/timeline.ts';
import type { ConsoleLine } from '../console/console-line.ts';
import type { ConsoleLog } from '../console/console.ts';
import { silenceFault } from './machine-fault.ts';
import type { MachineExit } from './machine-fault.ts';
import { qemuArgs } from './qemu-args.ts';
import type { MachineSpec } from './qemu-args.ts';
import { placeMonitorSocket } from './monitor-socket.ts';
import { attendQemu } from './qemu-process.ts';
import type { QemuProcess } from './qemu-process.ts';
import type { Qmp } from './qmp.ts';
import { FIRST_WORD, stepsSeen } from '../console/readiness.ts';
import type { ConsoleReadiness } from '../console/readiness.ts';
import { createSilenceWatch, silenceLimits } from './hang-detector.ts';
import type { SilenceLimits } from './hang-detector.ts';

const QEMU = 'qemu-system-x86_64';

/** How often signs of life are taken during a wait. */
const LIVENESS_MS = 1000;
/** Begins the sentence of an interruption. */
const THE_GUEST = 'The guest';
/** After SSH drops, wait this long for a panic or QEMU's exit: they explain more than the SSH error. */
const LAST_WORDS_MS = 3000;
/** QEMU ends by itself when it is reset; one that does not is ended by force. */
const RESET_MS = 20_000;
/** A guest told to power down that shows no sign of life for so long is ended by force. */
const POWER_DOWN_LIMITS: SilenceLimits = { stillSec: 20, silentSec: 120 };

export interface StartOptions {
  /** Where console.log, console.stamps, qemu.log and the monitor's socket go; the caller's to remove. */
  readonly directory: string;
  readonly signal?: AbortSignal;
  /** Told every console line as it ends. */
  readonly onLine?: (line: ConsoleLine) => void;
  /** Milliseconds of console silence that mean a hang; default: 60 s under KVM and 180 s under TCG. */
  readonly silenceMs?: number;
}

export interface DuringOptions {
  /** Shown when the guest falls silent during this wait. */
  readonly hint?: string;
  /** `false` for work that is quiet by nature, such as a long command through SSH. */
  readonly watchSilence?: boolean;
  /** Where the work itself shows signs of life: host monotonic seconds of the last one. It counts as the console's would. */
  readonly newsAtSec?: () => number | undefined;
  /** How long a guest that is busy may say nothing; default: as for a boot. */
  readonly silentSec?: number;
}

/** A running QEMU guest. Disposing of it kills it. */
export interface Machine extends AsyncDisposable {
  readonly pid: number;
  /** Host monotonic seconds just before QEMU was started. */
  readonly startedAtSec: number;
  /** Host monotonic seconds at which the guest's processors began to run, by QEMU's own word. */
  readonly runningAtSec: number;
  readonly console: ConsoleLog;
  /** What was seen of QEMU from outside its guest so far: its start, its monitor, its first byte, its own events. */
  readonly events: readonly MachineEvent[];
  /** QEMU's own version, e.g. `7.2.22`. */
  readonly qemuVersion: string;
  /** Port on 127.0.0.1 that leads to the guest's sshd; `undefined` without `ssh` in the spec. */
  readonly sshPort: number | undefined;
  readonly exited: Promise<MachineExit>;
  readonly hasExited: boolean;
  /** Waits for a console line, printed already or to come; see `during` for what else ends the wait. */
  waitFor(target: ConsoleReadiness | RegExp): Promise<ConsoleLine>;
  /**
   * Does `work` as long as the guest lives. Throws the machine's own `Fault` when the console reports a crash, QEMU ends,
   * the guest falls silent or the run is aborted; `work`'s signal aborts then. A broken SSH link never hides a crash.
   *
   * @param what completes the sentence "while drydock waited for …"
   */
  during<T>(what: string, work: (signal: AbortSignal) => Promise<T>, options?: DuringOptions): Promise<T>;
  /** Waits for QEMU to end because the guest powers off or reboots; throws as `during` does when it crashes instead. */
  expectExit(what: string): Promise<MachineExit>;
  /** Presses the power button and waits; a guest that does not react is ended by force. */
  powerDown(): Promise<'clean' | 'forced'>;
  /** Presses the reset button: QEMU ends as it does when a guest reboots, with everything on its disk's file. */
  reset(): Promise<void>;
  kill(): Promise<void>;
  /** Facts about the guest at this moment: what its processors do, or QEMU's last words. */
  diagnose(): Promise<readonly string[]>;
}

async function rejectWith(fault: Promise<Fault>): Promise<never> {
  throw await fault;
}

/** Settles only by throwing: when `qemu` has been silent beyond `limits`, or when `stop` aborts. */
async function watchSilence(
  clock: Clock,
  qemu: QemuProcess,
  limits: SilenceLimits,
  what: string,
  { hint, newsAtSec }: Pick<DuringOptions, 'hint' | 'newsAtSec'>,
  stop: AbortSignal,
): Promise<never> {
  const sinceSec = clock.monotonicSec();
  const lastNewsAtSec = (): number | undefined => {
    const heard = [qemu.console.lastNewsAtSec, newsAtSec?.()].filter((one) => one !== undefined);
    return heard.length === 0 ? undefined : Math.max(...heard);
  };
  const judge = createSilenceWatch(limits, sinceSec);
  const pulseMs = Math.min(LIVENESS_MS, (limits.stillSec * 1000) / 4);
  const isQuiet = (): boolean => {
    const spokeAtSec = Math.max(sinceSec, lastNewsAtSec() ?? sinceSec);
    return clock.monotonicSec() - spokeAtSec > limits.stillSec / 4;
  };
  for (;;) {
    await clock.sleep(pulseMs, stop);
    // Sample only a guest that prints nothing: a sample costs QEMU time of the measured boot. A monitor that does not answer
    // gives no sample, and the hang detector goes on without it.
    const liveness = isQuiet()
      ? await Promise.race([qemu.liveness(), clock.sleep(LIVENESS_MS, stop).then(() => undefined)])
      : undefined;
    const silence = judge(clock.monotonicSec(), lastNewsAtSec(), liveness);
    if (silence === undefined) continue;
    const detail = [stepsSeen(qemu.console.lines), ...(await qemu.diagnose())];
    throw silenceFault(silence, what, qemu.console.sizeBytes === 0 ? FIRST_WORD.hint : hint, detail, qemu.console);
  }
}

/** `user` networking's forwarded port, from `info usernet` (slirp's connection table: one TCP[HOST_FORWARD] row). */
export function forwardedPort(infoUsernet: string): number | undefined {
  const row = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\b/.exec(infoUsernet);
  return row?.[1] === undefined ? undefined : Number(row[1]);
}

async function readSshPort(qmp: Qmp): Promise<number> {
  const answer = await qmp.humanCommand('info usernet');
  const port = forwardedPort(answer);
  if (port !== undefined) return port;
  throw new Fault({
    kind: 'unavailable',
    headline: "QEMU does not say which port leads to the guest's sshd",
    hint: 'This QEMU prints `info usernet` in a form drydock does not know; please report it with its version.',
    detail: answer.split('\n'),
  });
}

/**
 * Starts QEMU with `spec`, connects its monitor, learns the SSH port, and only then lets the guest run. Returns as soon as
 * the guest runs, long before it is up. A guest that crashes right after its start is reported by the next `waitFor` or `during`.
 *
 * @throws Fault `missing-tool`, `qemu-died` (QEMU refused the guest or ended before it ran), `interrupted`
 */
export async function startMachine(host: Host, spec: MachineSpec, options: StartOptions): Promise<Machine> {
  const program = await host.processes.which(QEMU);
  if (program === undefined) {
    throw new Fault({
      kind: 'missing-tool',
      headline: `${QEMU} is not installed`,
      hint: 'Run `npm run drydock -- doctor`: it installs what drydock needs, or says what to install.',
    });
  }
  const { directory, signal } = options;
  if (signal?.aborted === true) throw interrupted(THE_GUEST);
  await host.files.makeDirectory(directory);
  for (const name of ['console.log', 'console.stamps', 'qemu.log']) await host.files.remove(path.join(directory, name));
  const monitor = await placeMonitorSocket(host, directory);
  const startedAtSec = host.clock.monotonicSec();
  const child = host.processes.start([program, ...qemuArgs(spec, monitor.path)]);
  const qemu = attendQemu(host, child, { ...options, monitor, startedAtSec });
  const connected = new AbortController();
  try {
    const aborted = rejectOnAbort(signal, connected.signal, THE_GUEST);
    const qmp = await Promise.race([qemu.connectMonitor(), rejectWith(qemu.fatal), aborted]);
    const sshPort = spec.ssh === undefined ? undefined : await readSshPort(qmp);
    // `fatal` is not in this race: a guest can end before QEMU's answer has been read, and the next wait reports that.
    const runningAtSec = await Promise.race([qemu.letRun(), aborted]);
    return watchedMachine(host, spec, options, { qemu, qmp, startedAtSec, runningAtSec, sshPort });
  } catch (error) {
    await qemu.kill();
    throw error;
  } finally {
    connected.abort();
  }
}

interface Started {
  readonly qemu: QemuProcess;
  readonly qmp: Qmp;
  readonly startedAtSec: number;
  readonly runningAtSec: number;
  readonly sshPort: number | undefined;
}

/** A QEMU that runs, with what ends a wait for it. */
interface Watched {
  readonly clock: Clock;
  readonly qemu: QemuProcess;
  readonly qmp: Qmp;
  readonly limits: SilenceLimits;
  /** The run's; its abort ends every wait. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Does `work` until one of the conditions rejects or the run is aborted.
 *
 * @param abortConditions never resolve; like `work` they are handed a signal that aborts when the race is over
 */
async function race<T>(
  signal: AbortSignal | undefined,
  work: (stop: AbortSignal) => Promise<T>,
  abortConditions: (stop: AbortSignal) => readonly Promise<never>[],
): Promise<T> {
  const stop = new AbortController();
  try {
    return await Promise.race([
      work(stop.signal),
      rejectOnAbort(signal, stop.signal, THE_GUEST),
      ...abortConditions(stop.signal),
    ]);
  } finally {
    stop.abort();
  }
}

async function during<T>(
  { clock, qemu, limits, signal }: Watched,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  options: DuringOptions = {},
): Promise<T> {
  const { watchSilence: watched = true, silentSec = limits.silentSec } = options;
  try {
    return await race(signal, work, (stop) => [
      rejectWith(qemu.fatal),
      ...(watched ? [watchSilence(clock, qemu, { ...limits, silentSec }, what, options, stop)] : []),
    ]);
  } catch (error) {
    if (!(error instanceof Fault) || error.failure.kind !== 'no-ssh') throw error;
    throw (await Promise.race([qemu.fatal, clock.sleep(LAST_WORDS_MS)])) ?? error;
  }
}

/** The line that matches; or why there will be none: the guest's crash, or QEMU's end. */
async function lineBeforeCrash(qemu: QemuProcess, pattern: RegExp, signal: AbortSignal): Promise<ConsoleLine> {
  try {
    const line = await qemu.console.waitFor(pattern, { signal });
    // A guest that goes on after a crash, as one without its initrd may, has not got there.
    return qemu.hasCrashedBy(line) ? await rejectWith(qemu.crash) : line;
  } catch (error) {
    if (signal.aborted) throw error;
    // The console ended; why it did is for QEMU to say.
    return await rejectWith(qemu.fatal);
  }
}

function waitFor(machine: Watched, target: ConsoleReadiness | RegExp): Promise<ConsoleLine> {
  const isPattern = target instanceof RegExp;
  const pattern = isPattern ? target : target.pattern;
  const what = isPattern ? `a console line like ${String(pattern)}` : target.description;
  return during(
    machine,
    what,
    (signal) => lineBeforeCrash(machine.qemu, pattern, signal),
    isPattern ? {} : { hint: target.hint },
  );
}

async function powerDown({ clock, qemu, qmp, signal }: Watched): Promise<'clean' | 'forced'> {
  if (qemu.hasExited) return 'clean';
  const stop = new AbortController();
  try {
    await qmp.execute('system_powerdown');
    await Promise.race([
      qemu.exited,
      rejectOnAbort(signal, stop.signal, THE_GUEST),
      watchSilence(clock, qemu, POWER_DOWN_LIMITS, 'the guest to power down', {}, stop.signal),
    ]);
    return 'clean';
  } catch {
    await qemu.kill();
    return 'forced';
  } finally {
    stop.abort();
  }
}

async function reset({ clock, qemu, qmp }: Watched): Promise<void> {
  const stop = new AbortController();
  // A guest that is ending by itself may have no monitor left to be asked; it ends all the same.
  const pressed = qmp.execute('system_reset').catch(() => undefined);
  await Promise.race([pressed.then(() => qemu.exited), qemu.exited, clock.sleep(RESET_MS, stop.signal)]);
  stop.abort();
  await qemu.kill();
}

function watchedMachine(host: Host, spec: MachineSpec, options: StartOptions, started: Started): Machine {
  const { qemu, qmp } = started;
  const { clock } = host;
  const { signal } = options;
  const limits = silenceLimits(spec.accelerator, options.silenceMs);
  const machine: Watched = { clock, qemu, qmp, limits, signal };
  return {
    pid: qemu.pid,
    startedAtSec: started.startedAtSec,
    runningAtSec: started.runningAtSec,
    console: qemu.console,
    get events() {
      return qemu.events;
    },
    qemuVersion: qmp.version,
    sshPort: started.sshPort,
    exited: qemu.exited,
    get hasExited() {
      return qemu.hasExited;
    },
    during: (what, work, duringOptions) => during(machine, what, work, duringOptions),
    waitFor: (target) => waitFor(machine, target),
    expectExit: (what) =>
      race(
        signal,
        () => qemu.endedWell(),
        (stop) => [rejectWith(qemu.crash), watchSilence(clock, qemu, limits, what, {}, stop)],
      ),
    powerDown: () => powerDown(machine),
    reset: () => reset(machine),
    kill: () => qemu.kill(),
    diagnose: () => qemu.diagnose(),
    [Symbol.asyncDispose]: () => qemu.kill(),
  };
}

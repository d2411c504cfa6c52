import type { Duplex } from 'node:stream';
import pRetry, { AbortError } from 'p-retry';
import { Fault } from '../../host/fault.ts';
import type {
  Argv,
  Host,
  HostKey,
  LiveProcess,
  RemoteForward,
  RunResult,
  SshRunOptions,
  SshSession,
  TransferOptions,
} from '../../host/host.ts';
import { SshFault } from '../../host/ssh/ssh-fault.ts';
import type { ConsoleLog } from '../console/console.ts';
import type { MachineExit } from '../machine/machine-fault.ts';
import type { Machine } from '../machine/machine.ts';
import { SSHD_REACHABLE } from '../console/readiness.ts';

/** How long sshd may take to say its first word: little at first, as most early attempts reach a guest without network. */
const FIRST_MUTE_MS = 2_000;
const MAX_MUTE_MS = 15_000;
const MUTE_GROWTH = 1.2;
const BACKOFF = { minTimeout: 200, maxTimeout: 1_000, factor: 1.5 } as const;
/** sshd can start before the run's key appears in fw_cfg. A refused key is tried again this many times. */
const KEY_REFUSALS = 5;

export interface ConnectOptions {
  readonly privateKey: string;
  readonly hostKey: HostKey;
  /** Default: `root`. */
  readonly username?: string;
  readonly signal?: AbortSignal;
  /** Told why each attempt failed. */
  readonly onAttempt?: (attempt: number, why: string) => void;
}

/** Which boot of which kernel this is. */
export interface BootIdentity {
  /** /proc/sys/kernel/random/boot_id: new at every boot. */
  readonly bootId: string;
  /** `uname -r`. */
  readonly release: string;
}

/** A reboot that really happened into the kernel that was meant. */
export interface RebootProof {
  readonly bootIdBefore: string;
  readonly bootIdAfter: string;
  readonly unameRelease: string;
}

/** A running guest that answers on SSH. Disposing of it closes the connection, not the machine. */
export interface Guest extends AsyncDisposable {
  readonly machine: Machine;
  readonly console: ConsoleLog;
  /** Runs a command; a crash of the guest meanwhile is reported as the crash, not as a broken link. */
  run(command: Argv, options?: SshRunOptions): Promise<RunResult>;
  upload(localPath: string, remotePath: string, options?: TransferOptions): Promise<void>;
  download(remotePath: string, localPath: string, options?: TransferOptions): Promise<void>;
  /** Has the guest's sshd listen on an address of the guest, for connections that end in drydock. */
  forwardIn(address: string, port: number, onConnection: (connection: Duplex) => void): Promise<RemoteForward>;
  /** A connection to a Unix socket of the guest; a crash while it is opened is reported as the crash. */
  openUnixSocket(path: string): Promise<Duplex>;
  /** Starts a program; a crash while it starts, is read or ends is reported as the crash. */
  start(command: Argv): Promise<LiveProcess>;
  bootId(): Promise<string>;
  kernelRelease(): Promise<string>;
  identity(): Promise<BootIdentity>;
  /** Shuts the guest down in order and waits until QEMU has ended. */
  poweroff(): Promise<MachineExit>;
  /** Reboots; a guest that reboots ends its QEMU, and the next start decides which kernel comes. */
  reboot(): Promise<MachineExit>;
  diagnose(): Promise<readonly string[]>;
}

function mayPass(fault: unknown, keyRefusals: number): boolean {
  if (!(fault instanceof SshFault)) return false;
  if (fault.trouble === 'user-key') return keyRefusals < KEY_REFUSALS;
  return fault.trouble === 'unreachable' || fault.trouble === 'lost';
}

async function connectWithRetry(
  host: Host,
  port: number,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<SshSession> {
  const target = {
    host: '127.0.0.1',
    port,
    username: options.username ?? 'root',
    privateKey: options.privateKey,
    hostKey: options.hostKey,
  };
  let keyRefusals = 0;
  const attempt = async (number: number): Promise<SshSession> => {
    const readyTimeoutMs = Math.min(FIRST_MUTE_MS * MUTE_GROWTH ** (number - 1), MAX_MUTE_MS);
    try {
      return await host.ssh.connect(target, { readyTimeoutMs, signal });
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error));
      options.onAttempt?.(number, fault.message);
      if (fault instanceof SshFault && fault.trouble === 'user-key') keyRefusals += 1;
      if (!mayPass(fault, keyRefusals)) throw new AbortError(fault);
      throw fault;
    }
  };
  return pRetry(attempt, { ...BACKOFF, retries: Number.POSITIVE_INFINITY, signal });
}

/**
 * Waits until the guest's sshd answers and lets this run in. There is no deadline: the wait ends when the guest crashes,
 * falls silent, ends or the run is aborted, and then with that reason.
 *
 * @throws Fault of the machine, or `no-ssh` when the host key is not the pinned one or the run's key is refused
 */
export async function connectGuest(host: Host, machine: Machine, options: ConnectOptions): Promise<Guest> {
  const { sshPort } = machine;
  if (sshPort === undefined) {
    throw new Fault({
      kind: 'internal',
      headline: 'SSH was asked of a guest that was started without a network',
      hint: 'Please report this.',
    });
  }
  const session = await machine.during(
    SSHD_REACHABLE.description,
    (signal) => {
      const both = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
      return connectWithRetry(host, sshPort, options, both);
    },
    { hint: SSHD_REACHABLE.hint },
  );
  return overSession(machine, session, options.signal);
}

function overSession(machine: Machine, session: SshSession, runSignal: AbortSignal | undefined): Guest {
  const quietly = { watchSilence: false } as const;
  const run = (command: Argv, options: SshRunOptions = {}): Promise<RunResult> =>
    machine.during(
      `\`${command.join(' ')}\``,
      (signal) => {
        const signals = [signal, runSignal, options.signal].filter((one) => one !== undefined);
        return session.run(command, { ...options, signal: AbortSignal.any(signals) });
      },
      quietly,
    );
  const line = async (command: Argv): Promise<string> => (await run(command)).stdout.trim();
  const bootId = (): Promise<string> => line(['cat', '/proc/sys/kernel/random/boot_id']);
  const kernelRelease = (): Promise<string> => line(['uname', '-r']);

  const goDown = async (verb: 'poweroff' | 'reboot'): Promise<MachineExit> => {
    try {
      await session.run(['systemctl', verb]);
    } catch (error) {
      // sshd can end before it reports that systemctl was successful.
      if (!(error instanceof SshFault && error.trouble === 'lost')) throw error;
    }
    return machine.expectExit(verb === 'reboot' ? 'the guest to reboot' : 'the guest to power off');
  };

  const start = async (command: Argv): Promise<LiveProcess> => {
    const what = `\`${command.join(' ')}\``;
    const live = await machine.during(what, () => session.start(command), quietly);
    async function* lines(): AsyncGenerator<string> {
      const reader = live.lines[Symbol.asyncIterator]();
      for (;;) {
        const next = await machine.during(what, () => reader.next(), quietly);
        if (next.done === true) return;
        yield next.value;
      }
    }
    return { ...live, lines: lines(), end: () => machine.during(what, () => live.end(), quietly) };
  };

  return {
    machine,
    console: machine.console,
    run,
    upload: (localPath, remotePath, options) =>
      machine.during(`the upload of ${localPath}`, () => session.upload(localPath, remotePath, options), quietly),
    download: (remotePath, localPath, options) =>
      machine.during(`the download of ${remotePath}`, () => session.download(remotePath, localPath, options), quietly),
    forwardIn: (address, port, onConnection) =>
      machine.during(
        `the guest's sshd to listen on ${address}`,
        () => session.forwardIn(address, port, onConnection),
        quietly,
      ),
    openUnixSocket: (path) => machine.during(`a connection to ${path}`, () => session.openUnixSocket(path), quietly),
    start,
    bootId,
    kernelRelease,
    identity: async () => ({ bootId: await bootId(), release: await kernelRelease() }),
    poweroff: () => goDown('poweroff'),
    reboot: () => goDown('reboot'),
    diagnose: () => machine.diagnose(),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/**
 * Proves that `after` is another boot than `before`, and of the kernel that was meant (tmt #891: a test that reconnects to
 * the old boot measures nothing).
 *
 * @throws Fault `wrong-kernel`
 */
export function proveReboot(before: BootIdentity, after: BootIdentity, expectedRelease: string): RebootProof {
  const detail = [
    `before: ${before.release}, boot_id ${before.bootId}`,
    `after:  ${after.release}, boot_id ${after.bootId}`,
    `expected release: ${expectedRelease}`,
  ];
  if (before.bootId === after.bootId) {
    throw new Fault({
      kind: 'wrong-kernel',
      headline: 'The guest did not reboot: its boot_id is the one from before',
      hint: 'drydock reached the old boot. The console log shows whether the guest rebooted.',
      detail,
    });
  }
  if (after.release !== expectedRelease) {
    throw new Fault({
      kind: 'wrong-kernel',
      headline: `The guest runs ${after.release} where ${expectedRelease} was installed`,
      hint: 'Another kernel was booted; check LOCALVERSION and which image the boot loader was given.',
      detail,
    });
  }
  return { bootIdBefore: before.bootId, bootIdAfter: after.bootId, unameRelease: after.release };
}

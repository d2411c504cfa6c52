import type { Metrics } from './net/statsd.ts';
import type { Duplex, Readable } from 'node:stream';

/** A program and its arguments; never a shell string. */
export type Argv = readonly [string, ...string[]];

/** Which exit codes are no error: these, or `any` where the exit code is part of the answer. */
export type OkExitCodes = readonly number[] | 'any';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to drydock's own minimal environment (PATH, HOME, LANG=C, TMPDIR). */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Every line of stdout and stderr as it arrives, without its line end. */
  readonly onLine?: (line: string) => void;
  /** Append stdout and stderr to this file. */
  readonly logPath?: string;
  /** Default: [0]. */
  readonly okExitCodes?: OkExitCodes;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface ExitStatus {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A long-lived child (QEMU). It dies with drydock, even when drydock is killed with SIGKILL. */
export interface RunningProcess extends AsyncDisposable {
  /** Process group id; the group's leader is the guard, the program is its child. */
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ExitStatus>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/**
 * A long-running program, its stdout line by line. Disposing of it ends it, and never throws: the reason is in
 * `lines` and `end`.
 */
export interface LiveProcess extends AsyncDisposable {
  /**
   * For one reader, once; from the first line, however late it is read. Ends with the program; what follows the last line
   * end is no line. Throws a `Fault` of kind `command-failed` when the program ended by itself and not with exit code 0, and
   * of kind `no-ssh` when the link to its machine broke.
   */
  readonly lines: AsyncIterable<string>;
  /** Writes a line to its standard input. */
  write(line: string): void;
  /**
   * Closes its standard input, sends it SIGTERM and settles when it has gone; one that stays is killed.
   * Throws a `Fault` of kind `no-ssh` when the link to its machine is broken.
   */
  end(): Promise<void>;
}

export interface Processes {
  /**
   * Runs to completion. Throws a `Fault` of kind `command-failed` (exit code not in `okExitCodes`), `missing-tool`
   * (not on PATH) or `interrupted` (signal aborted). The whole process group ends when drydock does.
   */
  run(command: Argv, options?: RunOptions): Promise<RunResult>;
  start(command: Argv, options?: Pick<RunOptions, 'cwd' | 'env'>): RunningProcess;
  /** Starts a program that is read line by line; it dies with drydock as every child does. */
  startLive(command: Argv): LiveProcess;
  /** Absolute path of a program on PATH (also /usr/sbin and /sbin), or `undefined`. */
  which(program: string): Promise<string | undefined>;
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly kind: 'file' | 'directory' | 'other';
  /** Permission bits, as chmod(1) takes them. */
  readonly mode: number;
}

export interface Files {
  readText(path: string): Promise<string>;
  readBytes(path: string): Promise<Uint8Array>;
  /** The file's bytes as a stream, opened already: a wrong path fails now. */
  openRead(path: string): Promise<Readable>;
  /** Everything that comes in on standard input, until its end. */
  readStandardInput(): Promise<Uint8Array>;
  /** Temp file, fsync, rename: readers see the old content or the new, never a part. */
  writeAtomic(path: string, content: string | Uint8Array): Promise<void>;
  appendText(path: string, text: string): Promise<void>;
  stat(path: string): Promise<FileStat | undefined>;
  /** Whether this user may open the file for writing. */
  isWritable(path: string): Promise<boolean>;
  list(directory: string): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  /** A fresh private directory below `parent` (made if absent). */
  makeTempDirectory(parent: string, prefix: string): Promise<string>;
  /** Removes a file or a whole folder. Throws a `Fault` of kind `unavailable` when something is mounted below the folder. */
  remove(path: string): Promise<void>;
  /** Mount points below a folder, innermost first. */
  mountsBelow(folder: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  /** Copies content; reflinks where the filesystem can. */
  copy(from: string, to: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Hex sha256 of the file's content. */
  sha256(path: string): Promise<string>;
  /** Free bytes on the filesystem that holds `path`. */
  freeBytes(path: string): Promise<number>;
}

export interface Clock {
  /** Monotonic seconds with sub-microsecond resolution; only differences mean anything. */
  monotonicSec(): number;
  /** Wall time in milliseconds since 1970. */
  nowMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A stretch in which this process did not run: it was stopped, starved or busy, or the machine slept. Host monotonic seconds. */
export interface Pause {
  readonly fromSec: number;
  readonly toSec: number;
  /** What had come in by `toSec` has been read by then: an arrival stamped up to here may be older. */
  readonly readSec: number;
  /** How long the machine slept meanwhile; the monotonic clock does not count sleep. */
  readonly asleepSec: number;
}

/** Disposing of it ends the watch. */
export interface PauseWatch extends Disposable {
  /** The pauses so far, oldest first. */
  pauses(): readonly Pause[];
}

export interface EventLoop {
  watch(): PauseWatch;
}

/** The one host key that is accepted, `ssh-ed25519 AAAA…`; where none is known, why that is, and then any ed25519 key is. */
export type HostKey = string | { readonly unpinned: string };
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH private key text. */
  readonly privateKey: string;
  readonly hostKey: HostKey;
}

export interface SshSession extends AsyncDisposable {
  /** Every argument is quoted for a POSIX shell; throws a `Fault` (`command-failed`, or `no-ssh` if the link broke). */
  run(command: readonly [string, ...string[]], options?: SshRunOptions): Promise<RunResult>;
  /** SFTP, piece by piece: a file of any size takes up no more memory than a small one. */
  upload(localPath: string, remotePath: string, options?: TransferOptions): Promise<void>;
  download(remotePath: string, localPath: string, options?: TransferOptions): Promise<void>;
  /**
   * Has sshd listen on `address` of the machine it runs on, and hands every connection to `onConnection` (RFC 4254, 7.1). sshd
   * needs `GatewayPorts clientspecified`; without it, it listens on loopback instead and does not say so.
   *
   * @param port 0: sshd picks one
   * @throws Fault `no-ssh` when sshd refuses or the link broke
   */
  forwardIn(address: string, port: number, onConnection: (connection: Duplex) => void): Promise<RemoteForward>;
  /**
   * A connection to a Unix socket of the guest, through OpenSSH's `direct-streamlocal@openssh.com` (PROTOCOL, section 2.4).
   * It ends when the link does, without an error of its own. Throws a `Fault` of kind `unavailable` when no program listens
   * there, `no-ssh` when the link is broken.
   */
  openUnixSocket(path: string): Promise<Duplex>;
  /** Starts a program and settles when it runs; arguments are quoted as for `run`. */
  start(command: Argv): Promise<LiveProcess>;
  /** Settles when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
}

/** A port on the other machine that leads here. Disposing of it closes the port and the connections through it. */
export interface RemoteForward extends AsyncDisposable {
  readonly port: number;
}

export interface SshRunOptions {
  readonly input?: string | Uint8Array;
  readonly okExitCodes?: OkExitCodes;
  readonly signal?: AbortSignal;
}

export interface TransferOptions {
  /** Told after every piece that has arrived. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface KeyPair {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment` */
  readonly publicKey: string;
}

export interface Ssh {
  generateKey(comment: string): KeyPair;
  /** One attempt. Throws a `Fault` of kind `no-ssh`; a host key other than the pinned one is refused by name. */
  connect(
    target: SshTarget,
    options?: { readonly readyTimeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<SshSession>;
}

/** A connected stream socket that speaks newline-separated JSON or text (QMP). */
export interface LineSocket extends AsyncDisposable {
  send(line: string): void;
  lines(): AsyncIterable<string>;
}

export interface Sockets {
  connectUnix(path: string, signal?: AbortSignal): Promise<LineSocket>;
  /** A raw connection. Throws a `Fault` of kind `unavailable` when no program listens. */
  openUnix(path: string, signal?: AbortSignal): Promise<Duplex>;
}

export interface Lock extends AsyncDisposable {
  /** Aborts if the lock was lost while held (machine suspended, file system trouble). */
  readonly lost: AbortSignal;
}

export interface Locks {
  /** Waits for the lock. `onWait` is called once, with the holder's description, when another process holds it. */
  acquire(
    path: string,
    options?: { readonly onWait?: (holder: string) => void; readonly signal?: AbortSignal },
  ): Promise<Lock>;
}

export interface DownloadOptions {
  readonly sha256: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
}

export interface Downloads {
  /** Fetches `url` to `path`, resuming `path + '.part'`; the digest is verified before `path` exists. */
  fetch(url: string, path: string, options: DownloadOptions): Promise<void>;
  /** A small text, whole: a list of digests. @throws Fault `download-failed` when it cannot be had */
  readText(url: string, signal: AbortSignal): Promise<string>;
  /** Why nothing can be had from `url` at the moment, in one clause; `undefined` when it can. Downloads nothing. */
  whyNot(url: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Where a server listens: one Unix socket, or one IPv4 address with a port that the kernel picks. */
export type ListenAddress = { readonly socketPath: string } | { readonly address: string };

/** A folder served read-only over HTTP/1.1. Disposing of it closes its sockets and cuts its connections. */
export interface FileServer extends AsyncDisposable {
  /**
   * Listens there as well; nothing listens until this is called.
   *
   * @returns the port, `undefined` for a Unix socket
   * @throws Fault `unavailable` when the address cannot be had
   */
  listen(at: ListenAddress): Promise<number | undefined>;
  /** Serves a client that came another way, such as through SSH. */
  accept(connection: Duplex): void;
  /** What was asked and given so far. */
  readonly traffic: {
    readonly requests: number;
    /** Content of files, without headers. */
    readonly bytesSent: number;
  };
}

export interface Servers {
  /** Serves the regular files below `folder`; paths and links that lead out of it lead nowhere. */
  serveFolder(folder: string): Promise<FileServer>;
}

export interface SystemFacts {
  readonly cpuModel: string;
  readonly cpuCount: number;
  readonly totalMemoryBytes: number;
  readonly kernel: string;
  readonly os: string;
  readonly hostname: string;
  readonly isRoot: boolean;
}

/** Everything drydock may do to the world. Rooms other than `host` receive one and touch nothing themselves. */
export interface Host {
  readonly processes: Processes;
  readonly files: Files;
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  readonly ssh: Ssh;
  readonly sockets: Sockets;
  readonly locks: Locks;
  readonly downloads: Downloads;
  readonly metrics: Metrics;
  readonly servers: Servers;
  readonly system: SystemFacts;
  /** `bytes` of cryptographic randomness, hex. */
  randomHex(bytes: number): string;
}

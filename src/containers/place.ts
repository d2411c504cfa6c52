import type { Duplex } from 'node:stream';
import type { Argv, LiveProcess, RunResult } from '../host/host.ts';

export type { LiveProcess } from '../host/host.ts';

/** A Docker daemon as its Engine API describes it. */
export interface EngineFacts {
  readonly version: string;
  readonly storageDriver: string;
  readonly cgroupVersion: '1' | '2';
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
}

export interface ContainerSpec {
  /** Prefixed with `drydock-` in the daemon. */
  readonly name: string;
  readonly image: string;
  readonly command: Argv;
  readonly network: 'bridge' | 'host' | 'none';
  /** Folders in the container that are anonymous volumes. */
  readonly volumes?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A container that exists in the daemon. Disposing of it kills and removes it with its volumes. */
export interface Container extends AsyncDisposable {
  readonly id: string;
  readonly name: string;
  start(): Promise<void>;
  /** Settles when its main process has ended, with the exit code. */
  wait(): Promise<number>;
  /** Runs a command inside; `onLine` gets stdout and stderr as they come. Exit codes are the caller's to judge. */
  exec(command: Argv, options?: { readonly onLine?: (line: string) => void }): Promise<RunResult>;
  /** Everything its main process has written so far. */
  logs(): Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** What `inspect` says of it now. */
  inspect(): Promise<{
    /** Of the main process, in the machine's own PID namespace; 0 when it does not run. */
    readonly pid: number;
    readonly running: boolean;
    readonly exitCode: number;
    /** `true` when the kernel's OOM killer ended it. */
    readonly oomKilled: boolean;
    /** On the default bridge. */
    readonly ipAddress: string;
  }>;
  /** One reading of `GET /containers/{id}/stats?stream=false&one-shot=true`, totals since the container's start. */
  stats(): Promise<ContainerTotals>;
}

/** Totals as the Engine API counts them. `null`: the daemon has no such counter on this kernel. */
export interface ContainerTotals {
  readonly cpuSec: number | null;
  readonly memoryBytes: number | null;
  readonly diskReadBytes: number | null;
  readonly diskWriteBytes: number | null;
  readonly networkReceiveBytes: number | null;
  readonly networkSendBytes: number | null;
}

/** How long a container took from nothing. */
export interface StartTiming {
  /** From the create request to the first byte of its output, seconds on drydock's monotonic clock. */
  readonly firstOutputSec: number;
  readonly exitCode: number;
}

/** A Docker daemon, spoken to through its Engine API. Every failure is a `Fault` whose detail holds the daemon's own words. */
export interface Engine {
  facts(): Promise<EngineFacts>;
  /** `docker import` of a root file system, from a tar on drydock's side; `tag` is `name:tag`. */
  importImage(tarPath: string, tag: string): Promise<void>;
  hasImage(tag: string): Promise<boolean>;
  removeImage(tag: string): Promise<void>;
  create(spec: ContainerSpec): Promise<Container>;
  /** create, attach, start, first byte, wait, remove: `docker run --rm` as a user sees it. */
  runToFirstOutput(spec: ContainerSpec): Promise<StartTiming>;
}

/** A machine with a Docker daemon on which workloads run: the host itself, or a guest over SSH. */
export interface Place {
  /** `host`, or the arm's name. */
  readonly name: string;
  readonly kind: 'host' | 'vm';
  readonly engine: Engine;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** IPv4 address of the machine on Docker's default bridge, as containers see it. */
  readonly bridgeAddress: string;
  /** Where containers reach drydock's package repository: `http://172.17.0.1:40213`. Absent: there is none in this run. */
  readonly repositoryUrl?: string;
  /** Runs a command on the machine itself, as root. */
  run(
    command: Argv,
    options?: { readonly okExitCodes?: readonly number[]; readonly input?: string },
  ): Promise<RunResult>;
  upload(localPath: string, remotePath: string): Promise<void>;
  /** Starts a program on the machine itself, as root. */
  start(command: Argv): Promise<LiveProcess>;
  /** A folder of this session on the machine, for programs that are uploaded. */
  readonly scratch: string;
}

/** Opens one connection to a daemon's socket. */
export type OpenDaemonSocket = () => Promise<Duplex>;

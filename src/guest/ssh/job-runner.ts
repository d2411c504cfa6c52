import type { Argv, Host, RunResult } from '../../host/host.ts';
import { attendJob, stopJob } from './detached-job.ts';
import { openReconnectingLink } from './reconnecting.ts';
import type { Machine } from '../machine/machine.ts';
import { connectGuest } from './guest.ts';
import type { ConnectOptions } from './guest.ts';
import { fetchVerified, putVerified } from './verified-transfer.ts';

/** A guest that works for the host for a long time: a job survives a broken connection. */
export interface JobRunner extends AsyncDisposable {
  /** Runs a command; it is run again when the connection breaks meanwhile. */
  run(command: Argv): Promise<RunResult>;
  /** Uploads a file; the guest's sha256 of it must be the host's. */
  put(localPath: string, remotePath: string, onProgress: (fraction: number) => void): Promise<void>;
  /** Downloads a file; the host's sha256 of it must be the guest's. */
  fetch(remotePath: string, localPath: string): Promise<void>;
  /** Runs a command once, whatever becomes of the connection, and tells every line it prints once; see `attendJob`. */
  attend(name: string, command: Argv, onLine: (line: string) => void): Promise<number>;
  /** Ends whatever `attend` is waiting for, with all it has started. */
  stop(): Promise<void>;
}

interface JobRunnerOptions extends ConnectOptions {
  /** Folder in the guest; made if absent. A job of a name is run once in it. */
  readonly folder: string;
  /** How long a job may be busy without printing anything. */
  readonly silentSec: number;
  readonly onBreak?: (why: string) => void;
}

/**
 * Waits until the guest's sshd answers, then opens a runner for long jobs there.
 *
 * @throws Fault as `connectGuest` does
 */
export async function openJobRunner(host: Host, machine: Machine, options: JobRunnerOptions): Promise<JobRunner> {
  const { folder, silentSec } = options;
  const link = await openReconnectingLink(() => connectGuest(host, machine, options), options.onBreak);
  const current = new Set<string>();
  const run = (command: Argv): Promise<RunResult> => link.over((guest) => guest.run(command));
  await run(['mkdir', '-p', folder]);
  return {
    run,
    async put(localPath, remotePath, onProgress) {
      const sha256 = await host.files.sha256(localPath);
      const told = {
        onProgress: (done: number, total: number): void => {
          onProgress(done / total);
        },
      };
      await link.over((guest) => putVerified(guest, localPath, sha256, remotePath, told));
    },
    fetch: (remotePath, localPath) => link.over((guest) => fetchVerified(host, guest, remotePath, localPath)),
    async attend(name, command, onLine) {
      const job = { folder: `${folder}/${name}.job`, command };
      current.add(job.folder);
      try {
        return await attendJob(job, { link, machine, clock: host.clock, onLine, silentSec });
      } finally {
        current.delete(job.folder);
      }
    },
    async stop() {
      for (const job of current) await link.over((guest) => stopJob(guest, job));
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

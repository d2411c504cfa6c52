import process from 'node:process';
import { execa } from 'execa';
import type { Argv, ExitStatus, RunOptions } from '../host.ts';

/**
 * Runs "$@" as a process group of its own and watches fd 3, the read end of a pipe that only drydock holds open. When
 * drydock dies, even by SIGKILL, the pipe closes and the whole group is killed; make's compilers die with make, and no
 * QEMU is left. SIGTERM is for the command alone: guard and watch outlive it, so that the command can clean up and is
 * still guarded meanwhile. A constant script: the command and its arguments arrive as arguments, never as text.
 */
const GUARD = [
  'trap : TERM',
  'exec 4<&0',
  '"$@" 3<&- <&4 4<&- & job=$!',
  // From here on the shell would only announce how the job ended, in the middle of the job's own words.
  'exec 4<&- 2>/dev/null',
  "{ trap '' TERM; read -r _ <&3; kill -s KILL -- -$$; } >/dev/null 2>&1 & watch=$!",
  'exec 3<&-',
  // A trapped signal ends `wait` early; the job is over when it is gone.
  'while wait "$job"; status=$?; kill -0 "$job" 2>/dev/null; do :; done',
  'kill -s KILL "$watch" 2>/dev/null',
  'exit "$status"',
].join('\n');

/** What ignores SIGTERM for so long is killed; mmdebstrap needs a few seconds to remove what it has unpacked. */
export const TERM_GRACE_MS = 10_000;
/** A daemon that left the group may hold a pipe open; what the command itself wrote has long arrived by then. */
export const PIPE_GRACE_MS = 1_000;

/** Process groups that are killed when the user does not wait for their orderly end. */
export type KillList = Set<number | undefined>;

const EXTRA_PATH = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Where programs are looked for: the user's PATH and the folders of administration, which a user's may lack. */
export function searchPath(): string {
  const present = (process.env.PATH ?? '/usr/bin:/bin').split(':');
  return [...present, ...EXTRA_PATH.filter((folder) => !present.includes(folder))].join(':');
}

/** The environment every child gets: enough to work, nothing that changes output between hosts. */
function childEnvironment(extra: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const kept = ['HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'http_proxy', 'https_proxy', 'no_proxy'];
  const inherited = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), PATH: searchPath(), LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...extra };
}

/** Starts a command under the guard. */
export function guarded(command: Argv, options: Pick<RunOptions, 'cwd' | 'env'>, stdin: 'ignore' | 'pipe') {
  return execa('/bin/sh', ['-c', GUARD, 'drydock-guard', ...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: childEnvironment(options.env),
    extendEnv: false,
    detached: true,
    cleanup: true,
    buffer: false,
    reject: false,
    stdio: [stdin, 'pipe', 'pipe', 'pipe'],
    forceKillAfterDelay: false,
  });
}

/** Ends a whole process group; a group that is already gone is what was wanted. */
export function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // already gone
  }
}

/** Settles when the program has ended. What it left in its group ends with it, so that nothing is left behind. */
export async function endOf(child: ReturnType<typeof guarded>): Promise<ExitStatus> {
  const exit = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
  // A child that could not be spawned never exits.
  const settled = child.then((ended): ExitStatus => ({
    exitCode: ended.exitCode ?? null,
    signal: ended.signal ?? null,
  }));
  const status = await Promise.race([exit, settled]);
  killGroup(child.pid, 'SIGKILL');
  return status;
}

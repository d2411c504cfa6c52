import { constants } from 'node:fs';
import { access, appendFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { execa, ExecaError } from 'execa';
import { Fault } from './fault.ts';
import type { Argv, ExitStatus, Processes, RunningProcess, RunOptions, RunResult } from './host.ts';

/**
 * Runs "$@" as a process group of its own and watches fd 3, the read end of a pipe that only drydock holds open. When
 * drydock dies, even by SIGKILL, the pipe closes and the whole group is killed; make's compilers die with make, and no
 * QEMU is left. A constant script: the command and its arguments arrive as arguments, never as text.
 */
const LEASH = [
  'exec 4<&0',
  '"$@" 3<&- <&4 4<&- & job=$!',
  'exec 4<&-',
  '{ read -r _ <&3; kill -KILL -- -$$; } >/dev/null 2>&1 & watch=$!',
  'exec 3<&-',
  'wait "$job"; status=$?',
  'kill "$watch" 2>/dev/null',
  'exit "$status"',
].join('\n');

const TAIL_LINES = 25;
const EXTRA_PATH = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

function searchPath(): string {
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

async function which(program: string): Promise<string | undefined> {
  if (program.includes('/')) return program;
  for (const folder of searchPath().split(':')) {
    const candidate = path.join(folder, program);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

async function requireTool(program: string): Promise<string> {
  const found = await which(program);
  if (found !== undefined) return found;
  throw new Fault({
    kind: 'missing-tool',
    headline: `${program} is not installed`,
    hint: 'Run `npm run drydock -- doctor`: it installs what drydock needs, or says what to install.',
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function leashed(command: Argv, options: Pick<RunOptions, 'cwd' | 'env'>, stdin: 'ignore' | 'pipe') {
  return execa('/bin/sh', ['-c', LEASH, 'drydock-leash', ...command], {
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
function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // already gone
  }
}

async function run(command: Argv, options: RunOptions = {}): Promise<RunResult> {
  const program = await requireTool(command[0]);
  const startedMs = performance.now();
  if (isAborted(options.signal)) throw interrupted(command);
  const child = leashed([program, ...command.slice(1)], options, options.input === undefined ? 'ignore' : 'pipe');
  // The child may exit before it has read everything; its exit code tells the story, not EPIPE.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  const onAbort = (): void => {
    killGroup(child.pid, 'SIGTERM');
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const logged: Promise<void>[] = [];
  const collect = async (stream: AsyncIterable<unknown> | null): Promise<string> => {
    const chunks: Uint8Array[] = [];
    let pending = '';
    const decoder = new TextDecoder();
    for await (const chunk of stream ?? []) {
      if (!(chunk instanceof Uint8Array)) continue;
      chunks.push(chunk);
      if (options.logPath !== undefined) logged.push(appendFile(options.logPath, chunk));
      if (options.onLine === undefined) continue;
      const parts = (pending + decoder.decode(chunk, { stream: true })).split('\n');
      pending = parts.pop() ?? '';
      for (const line of parts) options.onLine(line);
    }
    if (pending !== '') options.onLine?.(pending);
    return Buffer.concat(chunks).toString('utf8');
  };
  try {
    const [stdout, stderr, ended] = await Promise.all([collect(child.stdout), collect(child.stderr), child]);
    await Promise.all(logged);
    if (isAborted(options.signal)) throw interrupted(command);
    const exitCode = ended.exitCode ?? 128;
    const result: RunResult = { exitCode, stdout, stderr, durationMs: performance.now() - startedMs };
    if ((options.okExitCodes ?? [0]).includes(exitCode)) return result;
    throw commandFailed(command, result, ended, options.logPath);
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function interrupted(command: Argv): Fault {
  return new Fault({ kind: 'interrupted', headline: `${command[0]} was interrupted`, hint: 'Resume the run.' });
}

function commandFailed(command: Argv, result: RunResult, ended: unknown, logPath: string | undefined): Fault {
  const said = lines(result.stderr).length > 0 ? lines(result.stderr) : lines(result.stdout);
  const full = /No space left on device/.test(result.stderr);
  const name = path.basename(command[0]);
  return new Fault(
    {
      kind: full ? 'disk-full' : 'command-failed',
      headline: full ? `${name} found no space left on the disk` : `${name} ended with exit code ${result.exitCode}`,
      hint: full
        ? 'Free space, or put the cache elsewhere with --cache-dir; `npm run drydock -- doctor` shows how much is needed.'
        : 'The last lines it printed are below.',
      detail: [`$ ${command.join(' ')}`, ...said.slice(-TAIL_LINES)],
      ...(logPath === undefined ? {} : { logPath }),
    },
    ended instanceof ExecaError ? { cause: ended } : undefined,
  );
}

function start(command: Argv, options: Pick<RunOptions, 'cwd' | 'env'> = {}): RunningProcess {
  const child = leashed(command, options, 'ignore');
  const { stdout, stderr, pid } = child;
  if (pid === undefined) {
    throw new Fault({ kind: 'internal', headline: `${command[0]} could not be started`, hint: 'Is /bin/sh there?' });
  }
  const exited = child.then((ended): ExitStatus => {
    const exitCode = ended.exitCode ?? null;
    return { exitCode, signal: ended.signal ?? null };
  });
  return {
    pid,
    stdout,
    stderr,
    exited,
    kill: (signal) => {
      killGroup(pid, signal);
    },
    async [Symbol.asyncDispose]() {
      killGroup(pid, 'SIGKILL');
      await exited;
    },
  };
}

/** Child processes: execa, a minimal environment, and a leash that outlives no drydock. */
export function createProcesses(): Processes {
  return { run, start, which };
}

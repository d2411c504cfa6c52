import { constants } from 'node:fs';
import { access, appendFile } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../fault.ts';
import { namingCause } from '../files.ts';
import { isOkExit } from './exit-code.ts';
import type { Argv, Processes, RunningProcess, RunOptions, RunResult } from '../host.ts';
import { onAbort } from '../abort.ts';
import { endOf, killGroup, guarded, PIPE_GRACE_MS, searchPath, TERM_GRACE_MS } from './process-group.ts';
import type { KillList } from './process-group.ts';
import { startLive } from './live-process.ts';
import { createLineSplitter, filledLines } from '../../text/lines.ts';

const TAIL_LINES = 25;

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

/** Appends chunks to the log in the order in which they came; the first failure is kept for `written`. */
function openLog(file: string | undefined) {
  let tail: Promise<void> = Promise.resolve();
  return {
    write: (chunk: Uint8Array): void => {
      if (file === undefined) return;
      tail = tail.then(() => namingCause(file, () => appendFile(file, chunk)));
      tail.catch(() => undefined);
    },
    written: (): Promise<void> => tail,
  };
}

/** Reads a stream to its end, or to where it was given up. */
async function collect(
  stream: AsyncIterable<unknown> | null,
  onChunk: (chunk: Uint8Array) => void,
  onLine: ((line: string) => void) | undefined,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  const lines = createLineSplitter(onLine);
  try {
    for await (const chunk of stream ?? []) {
      if (!(chunk instanceof Uint8Array)) continue;
      chunks.push(chunk);
      onChunk(chunk);
      if (onLine !== undefined) lines.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
  lines.end();
  return Buffer.concat(chunks).toString('utf8');
}

async function run(command: Argv, options: RunOptions, onKill: KillList): Promise<RunResult> {
  const program = await requireTool(command[0]);
  const startedMs = performance.now();
  if (isAborted(options.signal)) throw interrupted(command);
  const child = guarded([program, ...command.slice(1)], options, options.input === undefined ? 'ignore' : 'pipe');
  // The child may exit before it has read everything; its exit code tells the story, not EPIPE.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  const timers: NodeJS.Timeout[] = [];
  const waiting = onAbort(options.signal, () => {
    killGroup(child.pid, 'SIGTERM');
    timers.push(setTimeout(killGroup, TERM_GRACE_MS, child.pid, 'SIGKILL'));
  });
  // A command without a signal cleans up; it is left to finish.
  if (options.signal !== undefined) onKill.add(child.pid);
  const log = openLog(options.logPath);
  const output = Promise.all([
    collect(child.stdout, log.write, options.onLine),
    collect(child.stderr, log.write, options.onLine),
  ]);
  // Seen again below; until the program has ended there is no reader.
  output.catch(() => undefined);
  try {
    const ended = await endOf(child);
    const giveUp = (): void => {
      child.stdout.destroy();
      child.stderr.destroy();
    };
    timers.push(setTimeout(giveUp, PIPE_GRACE_MS));
    const [stdout, stderr] = await output;
    if (isAborted(options.signal)) throw interrupted(command);
    await log.written();
    const exitCode = ended.exitCode ?? 128;
    const result: RunResult = { exitCode, stdout, stderr, durationMs: performance.now() - startedMs };
    if (isOkExit(exitCode, options.okExitCodes)) return result;
    throw commandFailed(command, result, options.logPath);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    onKill.delete(child.pid);
    waiting[Symbol.dispose]();
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function interrupted(command: Argv): Fault {
  return new Fault({ kind: 'interrupted', headline: `${command[0]} was interrupted`, hint: 'Resume the run.' });
}

function commandFailed(command: Argv, result: RunResult, logPath: string | undefined): Fault {
  const complaints = filledLines(result.stderr);
  const said = complaints.length > 0 ? complaints : filledLines(result.stdout);
  const full = /No space left on device/.test(result.stderr);
  const name = path.basename(command[0]);
  return new Fault({
    kind: full ? 'disk-full' : 'command-failed',
    headline: full ? `${name} found no space left on the disk` : `${name} ended with exit code ${result.exitCode}`,
    hint: full
      ? 'Free space, or put the cache elsewhere with --cache-dir; `npm run drydock -- doctor` shows how much is needed.'
      : 'The last lines it printed are below.',
    detail: [`$ ${command.join(' ')}`, ...said.slice(-TAIL_LINES)],
    ...(logPath === undefined ? {} : { logPath }),
  });
}

function start(command: Argv, options: Pick<RunOptions, 'cwd' | 'env'>, onKill: KillList): RunningProcess {
  const child = guarded(command, options, 'ignore');
  const { stdout, stderr, pid } = child;
  if (pid === undefined) {
    throw new Fault({ kind: 'internal', headline: `${command[0]} could not be started`, hint: 'Is /bin/sh there?' });
  }
  onKill.add(pid);
  const exited = endOf(child).finally(() => {
    onKill.delete(pid);
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

/**
 * Child processes: execa, a minimal environment, and a guard that kills them when drydock dies.
 *
 * @param kill when it aborts, the commands that have a signal of their own and the long-lived programs are killed
 */
export function createProcesses(kill?: AbortSignal): Processes {
  const onKill: KillList = new Set();
  kill?.addEventListener('abort', () => {
    for (const group of onKill) killGroup(group, 'SIGKILL');
  });
  return {
    run: (command, options = {}) => run(command, options, onKill),
    start: (command, options = {}) => start(command, options, onKill),
    startLive: (command) => startLive(command, onKill),
    which,
  };
}

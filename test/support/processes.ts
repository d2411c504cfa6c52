import { readFile, readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** Longer than any kill takes, on the busiest machine. */
const DEADLINE_MS = 20_000;

interface ProcessFacts {
  /** One letter, see proc(5); X for a process that is not there. */
  readonly state: string;
  readonly group: number;
}

async function factsOf(pid: number): Promise<ProcessFacts> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  // State and process group are fields 3 and 5, behind the command in parentheses.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: state === undefined || state === '' ? 'X' : state, group: Number(group) };
}

/** Whether a process runs; what is dead and only waits to be reaped does not. */
export async function isRunning(pid: number): Promise<boolean> {
  return !['X', 'Z'].includes((await factsOf(pid)).state);
}

export async function groupOf(pid: number): Promise<number> {
  return (await factsOf(pid)).group;
}

/** Processes of a group that still run. */
export async function groupMembers(group: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const members: number[] = [];
  for (const pid of pids) if ((await groupOf(pid)) === group && (await isRunning(pid))) members.push(pid);
  return members;
}

/** The kernel tells nobody but a parent of a death, so this has to look. */
async function lookUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`${what} still runs`);
    await setTimeout(10);
  }
}

/** Settles when a process is dead; a signal that was sent takes a moment to arrive. */
export function processGone(pid: number): Promise<void> {
  return lookUntil(`process ${String(pid)}`, async () => !(await isRunning(pid)));
}

/** Settles when nothing of a group runs any more. */
export function groupGone(group: number): Promise<void> {
  return lookUntil(`something of group ${String(group)}`, async () => (await groupMembers(group)).length === 0);
}

/** Settles when a process has a handler for a signal (SigCgt in proc_pid_status(5)). */
export async function catches(pid: number, signal: NodeJS.Signals): Promise<void> {
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  await lookUntil(`process ${String(pid)} without a handler for ${signal}`, async () => {
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
    const mask = /^SigCgt:\t([0-9a-f]+)$/m.exec(status)?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & bit) !== 0n;
  });
}

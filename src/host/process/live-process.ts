import { finished } from 'node:stream/promises';
import { Fault } from '../fault.ts';
import type { Argv, ExitStatus, LiveProcess } from '../host.ts';
import { endOf, killGroup, guarded, PIPE_GRACE_MS, TERM_GRACE_MS } from './process-group.ts';
import type { KillList } from './process-group.ts';
import { createLastWords } from './output-tail.ts';
import { createLineQueue } from './line-queue.ts';

function endedBadly(command: Argv, status: ExitStatus, said: readonly string[]): Fault {
  const how = status.signal === null ? `exit code ${String(status.exitCode)}` : `signal ${status.signal}`;
  return new Fault({
    kind: 'command-failed',
    headline: `${command[0]} ended with ${how} while drydock was reading it`,
    hint: 'The last lines it printed are below.',
    detail: [`$ ${command.join(' ')}`, ...said],
  });
}

/**
 * Starts a program of this machine whose lines are read while it runs.
 *
 * @param onKill its process group is in here as long as it runs
 */
export function startLive(command: Argv, onKill: KillList): LiveProcess {
  const child = guarded(command, {}, 'pipe');
  onKill.add(child.pid);
  const queue = createLineQueue();
  const said = createLastWords();
  let ending = false;
  child.stdout.on('data', (chunk: Buffer) => {
    queue.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.add(chunk);
  });
  // A program that has ended reads no more; how it ended tells the story, not EPIPE.
  child.stdin?.on('error', () => undefined);
  const outputEnded = Promise.allSettled([finished(child.stdout), finished(child.stderr)]);
  const gone = endOf(child).then(async (status) => {
    onKill.delete(child.pid);
    const giveUp = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, PIPE_GRACE_MS);
    await outputEnded;
    clearTimeout(giveUp);
    queue.close(ending || status.exitCode === 0 ? undefined : endedBadly(command, status, said.lines()));
  });
  const end = async (): Promise<void> => {
    ending = true;
    child.stdin?.end();
    killGroup(child.pid, 'SIGTERM');
    const force = setTimeout(killGroup, TERM_GRACE_MS, child.pid, 'SIGKILL');
    await gone;
    clearTimeout(force);
  };
  return {
    lines: queue.lines,
    write(line) {
      if (child.stdin?.writable === true) child.stdin.write(`${line}\n`);
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}

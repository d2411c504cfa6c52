import { spawn } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { LiveProcess, Place } from '../../src/containers/place.ts';
import { createHost } from '../../src/host/node-host.ts';

export interface LocalPlace extends Pick<Place, 'name' | 'scratch' | 'run' | 'upload' | 'start'> {
  /** Settles when so many lines that match have come since now. */
  seen(pattern: RegExp, times: number): Promise<void>;
  /** Ends the program that was started last, as the machine might. */
  kill(): void;
}

/** This machine as a place, with real files and processes and no Docker. */
export function createLocalPlace(scratch: string): LocalPlace {
  const host = createHost();
  const waiting = new Set<{ readonly pattern: RegExp; left: number; readonly resolve: () => void }>();
  let kill = (): void => undefined;
  const tell = (line: string): void => {
    for (const waiter of waiting) {
      if (!waiter.pattern.test(line)) continue;
      waiter.left -= 1;
      if (waiter.left > 0) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  return {
    name: 'host',
    scratch,
    run: (command, options) => host.processes.run(command, options),
    upload: (from, to) => copyFile(from, to),
    start: ([program, ...args]) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
      child.stdin.on('error', () => undefined);
      kill = () => void child.kill('SIGKILL');
      async function* lines(): AsyncGenerator<string> {
        for await (const line of createInterface({ input: child.stdout })) {
          yield line;
          // Behind the yield, so that whoever reads the lines has had it.
          tell(line);
        }
      }
      const live: LiveProcess = {
        lines: lines(),
        write: (line) => void child.stdin.write(`${line}\n`),
        end: () => {
          child.stdin.end();
          return gone;
        },
        [Symbol.asyncDispose]: () => {
          child.kill('SIGKILL');
          return gone;
        },
      };
      return Promise.resolve(live);
    },
    seen: (pattern, left) => new Promise((resolve) => waiting.add({ pattern, left, resolve })),
    kill: () => {
      kill();
    },
  };
}

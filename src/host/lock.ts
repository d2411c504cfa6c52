import * as fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { Fault } from './fault.ts';
import type { Locks } from './host.ts';

/** A lock whose holder was killed goes stale after this long; proper-lockfile's least is 2 s. */
const STALE_MS = 10_000;
const POLL_MS = 250;

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function interrupted(file: string): Fault {
  return new Fault({
    kind: 'interrupted',
    headline: `The wait for the lock ${file} was interrupted`,
    hint: 'Resume the run.',
  });
}

function lostFault(file: string, cause: Error): Fault {
  return new Fault(
    {
      kind: 'locked',
      headline: `The lock ${path.basename(file)} was lost: this process stopped for too long, and another one took the lock`,
      hint: 'Wait for the other run to end, then resume this one.',
      detail: [`lock: ${file}`, cause.message],
    },
    { cause },
  );
}

/** Inter-process locks that survive crashes: a dead holder's lock is taken over once it is stale. */
export function createLocks(): Locks {
  return {
    async acquire(file, options = {}) {
      await fs.mkdir(path.dirname(file), { recursive: true });
      const holderFile = `${file}.holder`;
      const lost = new AbortController();
      let told = false;
      for (;;) {
        if (isAborted(options.signal)) throw interrupted(file);
        try {
          const release = await lockfile.lock(file, {
            realpath: false,
            stale: STALE_MS,
            onCompromised: (error) => {
              lost.abort(lostFault(file, error));
            },
          });
          await fs.writeFile(holderFile, `process ${String(process.pid)} since ${new Date().toISOString()}\n`);
          return {
            lost: lost.signal,
            async [Symbol.asyncDispose]() {
              // A lost lock is another's by now, and so is the file that names its holder.
              if (lost.signal.aborted) return;
              await fs.rm(holderFile, { force: true });
              await release();
            },
          };
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) throw error;
          if (!told) {
            told = true;
            const holder = await fs.readFile(holderFile, 'utf8').catch(() => 'another process');
            options.onWait?.(holder.trim());
          }
          // An abort ends the pause early, and the loop with it.
          await setTimeout(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
        }
      }
    },
  };
}

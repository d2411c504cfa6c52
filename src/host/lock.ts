import * as fs from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import type { Locks } from './host.ts';

/** A lock whose holder was killed goes stale after this long; proper-lockfile's least is 2 s. */
const STALE_MS = 10_000;
const POLL_MS = 250;

/** Inter-process locks that survive crashes: a dead holder's lock is taken over once it is stale. */
export function createLocks(): Locks {
  return {
    async acquire(file, options = {}) {
      await fs.mkdir(path.dirname(file), { recursive: true });
      const holderFile = `${file}.holder`;
      const lost = new AbortController();
      let told = false;
      for (;;) {
        options.signal?.throwIfAborted();
        try {
          const release = await lockfile.lock(file, {
            realpath: false,
            stale: STALE_MS,
            onCompromised: (error) => {
              lost.abort(error);
            },
          });
          await fs.writeFile(holderFile, `process ${String(process.pid)} since ${new Date().toISOString()}\n`);
          return {
            lost: lost.signal,
            async [Symbol.asyncDispose]() {
              await fs.rm(holderFile, { force: true });
              if (!lost.signal.aborted) await release();
            },
          };
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) throw error;
          if (!told) {
            told = true;
            const holder = await fs.readFile(holderFile, 'utf8').catch(() => 'another process');
            options.onWait?.(holder.trim());
          }
          await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
      }
    },
  };
}

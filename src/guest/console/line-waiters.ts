import { onAbort } from '../../host/abort.ts';
import type { ConsoleLine } from './console-line.ts';

/** Those who wait for a line of a console. */
export interface LineWaiters {
  /** Settles with the next line that matches; rejects when the console ends before, or with the signal's reason. */
  wait(pattern: RegExp, signal: AbortSignal | undefined): Promise<ConsoleLine>;
  /** Shows a line to all of them. */
  wake(line: ConsoleLine): void;
  /** Rejects all that still wait. */
  end(): void;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (line: ConsoleLine) => void;
  readonly reject: (error: Error) => void;
}

export function endedWithout(pattern: RegExp): Error {
  return new Error(`The console ended without ${String(pattern)}`);
}

export function createLineWaiters(): LineWaiters {
  const waiters = new Set<Waiter>();
  return {
    wait: (pattern, signal) =>
      new Promise<ConsoleLine>((resolve, reject) => {
        const forget = (): void => {
          waiters.delete(waiter);
          abortWait[Symbol.dispose]();
        };
        const waiter: Waiter = {
          pattern,
          resolve: (line) => {
            forget();
            resolve(line);
          },
          reject: (error) => {
            forget();
            reject(error);
          },
        };
        const abortWait = onAbort(signal, () => {
          const reason: unknown = signal?.reason;
          waiter.reject(reason instanceof Error ? reason : new Error(String(reason)));
        });
        waiters.add(waiter);
      }),
    wake(line) {
      for (const waiter of waiters) if (waiter.pattern.test(line.text)) waiter.resolve(line);
    },
    end() {
      for (const waiter of waiters) waiter.reject(endedWithout(waiter.pattern));
    },
  };
}

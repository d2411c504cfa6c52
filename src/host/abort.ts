import { addAbortListener, setMaxListeners } from 'node:events';
import { Fault } from './fault.ts';

/**
 * Calls `act` when `signal` aborts, at once if it has already. Disposing of the result ends the wait.
 *
 * Node takes the eleventh listener on a signal for a leak and prints a warning, but one guest may run a dozen commands at a
 * time, and one package-install reads every container at once. A signal that is waited for here has no such limit.
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): Disposable {
  if (signal === undefined || signal.aborted) {
    if (signal !== undefined) act();
    return { [Symbol.dispose]: () => undefined };
  }
  setMaxListeners(0, signal);
  // Its own function, so that the same `act` may be waited for twice.
  return addAbortListener(signal, () => {
    act();
  });
}

/**
 * `work`, unless the run is aborted first.
 *
 * @param what begins the sentence "… was interrupted"
 * @throws Fault `interrupted`
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work, rejectOnAbort(signal, over.signal, what)]);
  } finally {
    over.abort();
  }
}

/**
 * Rejects when `signal` aborts, and stops waiting for it when `over` does. It never resolves: it is one side of a race.
 *
 * @param what begins the sentence "… was interrupted"
 */
export function rejectOnAbort(signal: AbortSignal | undefined, over: AbortSignal, what: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    const waiting = onAbort(signal, () => {
      reject(interrupted(what));
    });
    onAbort(over, () => {
      waiting[Symbol.dispose]();
    });
  });
}

/** @param what begins the sentence "… was interrupted" */
export function interrupted(what: string): Fault {
  return new Fault({ kind: 'interrupted', headline: `${what} was interrupted`, hint: 'Resume the run.' });
}

import { Fault } from '../host/fault.ts';

/**
 * `work`, unless the run is aborted first.
 *
 * @param what begins the sentence "… was interrupted"
 * @throws Fault `interrupted`
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return work;
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => {
      reject(new Fault({ kind: 'interrupted', headline: `${what} was interrupted`, hint: 'Resume the run.' }));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}

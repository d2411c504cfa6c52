import { Fault } from '../host/fault.ts';

/**
 * `work`, unless the run is aborted first.
 *
 * @param what begins the sentence "… was interrupted"
 * @throws Fault `interrupted`
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new Fault({ kind: 'interrupted', headline: `${what} was interrupted`, hint: 'Resume the run.' }));
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}

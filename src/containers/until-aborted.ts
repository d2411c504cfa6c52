import { Fault } from '../host/fault.ts';
import { onAbort } from '../host/on-abort.ts';

/**
 * `work`, unless the run is aborted first.
 *
 * @param what begins the sentence "… was interrupted"
 * @throws Fault `interrupted`
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  let reject: (fault: Fault) => void = () => undefined;
  const aborted = new Promise<never>((_, rejectAborted) => {
    reject = rejectAborted;
  });
  const waiting = onAbort(signal, () => {
    reject(new Fault({ kind: 'interrupted', headline: `${what} was interrupted`, hint: 'Resume the run.' }));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    waiting[Symbol.dispose]();
  }
}

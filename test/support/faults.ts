import { Fault } from '../../src/host/fault.ts';

/** The fault with which `work` fails; an error of the test when it fails otherwise or not at all. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Fault) return error;
  throw new Error(`No Fault was thrown but ${String(error)}`);
}

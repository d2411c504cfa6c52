import { setTimeout } from 'node:timers/promises';
import { Fault } from './fault.ts';
import type { Clock } from './host.ts';

/** This machine's clocks. */
export function createClock(): Clock {
  return {
    monotonicSec: () => Number(process.hrtime.bigint()) / 1e9,
    nowMs: () => Date.now(),
    sleep: async (ms, signal) => {
      try {
        await setTimeout(ms, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        throw new Fault(
          { kind: 'interrupted', headline: 'A wait was interrupted', hint: 'Resume the run.' },
          { cause: error },
        );
      }
    },
  };
}

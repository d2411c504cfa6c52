import os from 'node:os';
import type { EventLoop, Pause } from './host.ts';

/** How often the watch looks. A pause shorter than a few of these is no pause: a timer is late for many reasons. */
const TICK_MS = 100;
/** Pauses are kept from here on. */
const LEAST_PAUSE_SEC = 0.3;
/** /proc/uptime, which `os.uptime` reads, counts in hundredths; a shorter sleep cannot be distinguished from a late read. */
const LEAST_SLEEP_SEC = 0.3;

interface Tick {
  readonly monotonicSec: number;
  /** Seconds that count the machine's sleep too (CLOCK_BOOTTIME), which the monotonic clock leaves out. */
  readonly bootSec: number;
}

/** Watches whether this process runs, by a timer that notes when it fires. */
export function createEventLoop(): EventLoop {
  const now = (): Tick => ({ monotonicSec: Number(process.hrtime.bigint()) / 1e9, bootSec: os.uptime() });
  return {
    watch() {
      const found: { pause: Omit<Pause, 'readSec'>; readSec: number | undefined }[] = [];
      let last = now();
      const timer = setInterval(() => {
        const tick = now();
        // Between two ticks the event loop polls, so that what had been waiting in a pause is read by the tick after it.
        for (const one of found) one.readSec ??= tick.monotonicSec;
        const lengthSec = tick.monotonicSec - last.monotonicSec;
        const sleptSec = tick.bootSec - last.bootSec - lengthSec;
        const asleepSec = sleptSec >= LEAST_SLEEP_SEC ? sleptSec : 0;
        if (lengthSec >= LEAST_PAUSE_SEC || asleepSec > 0) {
          const pause = { fromSec: last.monotonicSec, toSec: tick.monotonicSec, asleepSec };
          found.push({ pause, readSec: undefined });
        }
        last = tick;
      }, TICK_MS);
      return {
        // A pause that has only just ended may still have something to be read.
        pauses: () => found.map(({ pause, readSec }) => ({ ...pause, readSec: readSec ?? now().monotonicSec })),
        [Symbol.dispose]() {
          clearInterval(timer);
        },
      };
    },
  };
}

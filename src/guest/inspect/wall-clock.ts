import type { Clock } from '../../host/host.ts';
import type { WallClock } from '../../model/boots/boot.ts';
import type { Guest } from '../ssh/guest.ts';

/**
 * What a guest's clock may be off without a word: it is read from an RTC that counts whole seconds, so up to one, and one
 * more where that was read without waiting for its update.
 */
const BOUND_SEC = 2;

/**
 * Asks the guest for its time of day, and says how far that is from the host's. The answer was given at some instant
 * between question and arrival, so half of that time is the error. Call it after all that is measured and collected.
 *
 * @returns `undefined` when the guest has no `date` that counts nanoseconds (GNU coreutils')
 */
export async function readWallClock(clock: Clock, guest: Pick<Guest, 'run'>): Promise<WallClock | undefined> {
  const askedMs = clock.nowMs();
  // A clock that cannot be asked is no reason to lose a boot.
  const { stdout, exitCode } = await guest.run(['date', '+%s.%N'], { okExitCodes: 'any' });
  const arrivedMs = clock.nowMs();
  const said = exitCode === 0 ? /^(\d{1,11}\.\d{9})$/.exec(stdout.trim())?.[1] : undefined;
  if (said === undefined) return undefined;
  const milliseconds = (sec: number): number => Math.round(sec * 1000) / 1000;
  return {
    offsetSec: milliseconds(Number(said) - (askedMs + arrivedMs) / 2000),
    errorSec: milliseconds((arrivedMs - askedMs) / 2000),
  };
}

/** A sentence when the guest's time of day is wrong whatever the answer's delay was; else none. */
export function wallClockWarnings({ offsetSec, errorSec }: WallClock): readonly string[] {
  if (Math.abs(offsetSec) - errorSec <= BOUND_SEC) return [];
  const side = offsetSec > 0 ? 'ahead of' : 'behind';
  return [
    `the guest's clock is ${Math.abs(offsetSec).toFixed(1)} s ${side} the host's after the boot (measured to ${errorSec.toFixed(1)} s; up to ${String(BOUND_SEC)} s is normal): it does not keep the time`,
  ];
}

import { describe, expect, test } from 'vitest';
import { readWallClock, wallClockWarnings } from '../../src/guest/inspect/wall-clock.ts';
import { createHost } from '../../src/host/node-host.ts';
import type { Argv } from '../../src/host/host.ts';

const host = createHost();
// This machine stands for the guest: its clock is the host's own.
const guest = { run: (command: Argv) => host.processes.run(command) };

describe("a guest's time of day", () => {
  test("that is the host's own is off by no more than the answer took", async () => {
    const clock = await readWallClock(host.clock, guest);
    // The host counts milliseconds here, the guest nanoseconds.
    expect(Math.abs(clock?.offsetSec ?? NaN)).toBeLessThanOrEqual((clock?.errorSec ?? NaN) + 0.002);
    expect(clock === undefined ? undefined : wallClockWarnings(clock)).toEqual([]);
  });

  test.each([
    [60_000, -60],
    [-60_000, 60],
  ])("is compared with the host's: %i ms later there is %i s here", async (aheadMs, offsetSec) => {
    const later = { ...host.clock, nowMs: () => host.clock.nowMs() + aheadMs };
    const clock = await readWallClock(later, guest);
    expect(Math.abs((clock?.offsetSec ?? NaN) - offsetSec)).toBeLessThanOrEqual((clock?.errorSec ?? NaN) + 0.002);
  });

  test('is not known where date does not count nanoseconds', async () => {
    const echo = (...words: readonly string[]) => ({ run: () => host.processes.run(['echo', ...words]) });
    expect(await readWallClock(host.clock, echo('1764110000.%N'))).toBeUndefined();
    expect(await readWallClock(host.clock, echo())).toBeUndefined();
  });

  test('is warned of beyond two seconds, and only where the delay of the answer cannot explain it', () => {
    expect(wallClockWarnings({ offsetSec: -0.9, errorSec: 0.1 })).toEqual([]);
    expect(wallClockWarnings({ offsetSec: -2.4, errorSec: 0.5 })).toEqual([]);
    expect(wallClockWarnings({ offsetSec: -2.6, errorSec: 0.5 })).toEqual([
      "the guest's clock is 2.6 s behind the host's after the boot (measured to 0.5 s; up to 2 s is normal): it does not keep the time",
    ]);
    expect(wallClockWarnings({ offsetSec: 3600, errorSec: 0.5 })[0]).toContain("3600.0 s ahead of the host's");
  });
});

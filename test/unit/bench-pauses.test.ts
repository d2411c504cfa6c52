import { expect, test } from 'vitest';
import { pauseWarnings } from '../../src/bench/series/pauses.ts';

test('a pause of drydock during a workload is a warning with its length and place', () => {
  const pause = { fromSec: 104, toSec: 106.5, asleepSec: 0 };
  expect(pauseWarnings([pause], 100, 120)).toEqual([
    'drydock did not run for 2.5 s, 4.0 s after this workload began: times that drydock measures may be too long by this amount',
  ]);
});

test('a pause before or after it, or too short to matter, is none', () => {
  const before = { fromSec: 90, toSec: 99, asleepSec: 0 };
  const after = { fromSec: 121, toSec: 125, asleepSec: 0 };
  const short = { fromSec: 104, toSec: 104.4, asleepSec: 0 };
  expect(pauseWarnings([before, after, short], 100, 120)).toEqual([]);
});

test('a sleep of the machine is told, however short the pause looks', () => {
  const [warning] = pauseWarnings([{ fromSec: 104, toSec: 104.1, asleepSec: 60 }], 100, 120);
  expect(warning).toContain('and the machine slept for 60.0 s');
});

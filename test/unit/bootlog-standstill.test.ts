import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitClock, toHostSec } from '../../src/bootlog/clock-fit.ts';
import { spoiledFigures, standstillWarnings } from '../../src/bootlog/standstill.ts';
import type { HostFigure, Standstill, StandstillEvidence } from '../../src/bootlog/standstill.ts';

const TRUTH = { offsetSec: 5, rate: 1.00001 };
/** Stamps of a quiet boot's lines; the last one is `ready`. */
const STAMPS = [0.4, 2.2, 8.9, 9.3, 31, 58, 71.5, 98.8];
const READY = 98.8;
const RUNS_FROM = 0.4;

interface Boot {
  readonly standstills?: readonly (readonly [fromSec: number, toSec: number, asleepSec?: number])[];
  /** How late lines are without any standstill. */
  readonly delays?: readonly number[];
  /** Seconds from a question to its answer, after the boot. */
  readonly exchangeSec?: number;
}

/** The boot as drydock sees it that reads nothing while it stands still. */
function seen({ standstills = [], delays = [], exchangeSec = 0.3 }: Boot): {
  figure: HostFigure;
  evidence: StandstillEvidence;
} {
  const stood = standstills.map(([fromSec, toSec, asleepSec = 0]): Standstill => ({
    fromSec,
    toSec,
    readSec: toSec + 0.1,
    asleepSec,
  }));
  const read = (hostSec: number): number => {
    const across = stood.find(({ fromSec, toSec }) => hostSec > fromSec && hostSec < toSec);
    return across === undefined ? hostSec : across.toSec + 0.004;
  };
  const points = STAMPS.map((guestSec, index) => ({
    guestSec,
    hostSec: read(toHostSec(TRUTH, guestSec) + (delays[index] ?? 0.001)),
  }));
  const arrivalSec = points.at(-1)?.hostSec ?? 0;
  const asked = [0, 1, 2].map((round) => {
    const notBeforeHostSec = Math.max(arrivalSec, ...stood.map((one) => one.toSec)) + 5 + round;
    return { notBeforeHostSec, guestSec: (notBeforeHostSec + exchangeSec - TRUTH.offsetSec) / TRUTH.rate };
  });
  const answered = asked.map(({ guestSec }) => ({ guestSec, hostSec: toHostSec(TRUTH, guestSec) + 0.001 }));
  const fit = fitClock({ points: [...points, ...answered], floors: asked, resolutionSec: 1e-4 });
  return {
    figure: { metric: 'total_boot_host', arrivalSec, guestSec: READY },
    evidence: { fit, standstills: stood, runsFromSec: RUNS_FROM, lines: STAMPS },
  };
}

const spoiled = (boot: Boot) => {
  const { figure, evidence } = seen(boot);
  return spoiledFigures([figure], evidence);
};

describe('a figure on the host’s clock', () => {
  test('counts where nothing stood still', () => {
    expect(spoiled({})).toEqual([]);
  });

  test('does not count when drydock stood still across its end: both numbers and the reason are given', () => {
    const [figure, ...others] = spoiled({ standstills: [[90, 148.5]] });
    expect(others).toEqual([]);
    expect(figure?.value).toBeCloseTo(148.504, 3);
    expect(figure?.fittedSec).toBeCloseTo(103.802, 2);
    expect(figure?.reason).toMatch(
      /^its line arrived 44\.70 s late .*: drydock did not run for 58\.5 s when the line came$/,
    );
  });

  test('does not count when drydock stood still for the whole boot: the questions after it hold the fit', () => {
    const [figure] = spoiled({ standstills: [[RUNS_FROM, 148.5]] });
    expect(figure?.reason).toMatch(/^its line arrived 44\.\d\d s late .*: drydock did not run for 148\.1 s/);
  });

  test('does not count when drydock stood still across its end, and the fit is too coarse to say that the line was in time', () => {
    const [figure] = spoiled({ standstills: [[102.5, 104.5]], exchangeSec: 3 });
    expect(figure?.reason).toBe('drydock did not run for 2.0 s when the line came, so it may be 2.00 s late');
  });

  test('does not count when the line was late and nobody saw why', () => {
    const delays = [0, 0, 0, 0, 0, 0, 0, 3];
    expect(spoiled({ delays })[0]?.reason).toMatch(/^its line arrived 3\.00 s late \(the fit is good to \d\.\d\d s\)$/);
  });

  test('does not count without a clock to compare with, when drydock stood still across its end', () => {
    const { figure, evidence } = seen({ standstills: [[90, 148.5]] });
    const fit = { basis: 'none', points: 0, exchanges: 0, reason: 'no stamps' } as const;
    const [found] = spoiledFigures([figure], { ...evidence, fit });
    expect(found?.fittedSec).toBeUndefined();
    expect(found?.reason).toContain('it may be 58.50 s late');
  });

  test('does not count when drydock stood still while QEMU waited for it', () => {
    const { figure, evidence } = seen({});
    const early = { fromSec: 0.1, toSec: 2, readSec: 2.1, asleepSec: 0 };
    const [found] = spoiledFigures([figure], { ...evidence, standstills: [early], runsFromSec: 2.1 });
    expect(found?.reason).toBe('drydock did not run for 1.9 s before the guest did, and QEMU waited for it');
  });

  test('does not count when the machine slept, which the monotonic clock leaves out', () => {
    expect(spoiled({ standstills: [[40, 40.2, 3600]] })[0]?.reason).toContain('the machine slept for 3600.0 s');
  });

  test('counts when drydock stood still in the middle of the boot, or after it', () => {
    expect(spoiled({ standstills: [[40, 62]] })).toEqual([]);
    expect(spoiled({ standstills: [[104, 160]] })).toEqual([]);
  });

  test('counts when drydock stood still across its end for less than half a second', () => {
    expect(spoiled({ standstills: [[103.5, 103.95]], exchangeSec: 0.02 })).toEqual([]);
  });

  test('counts whatever the noise of a machine is up to a tenth of a second', () => {
    const delay = fc.double({ min: 0, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(delay, { minLength: STAMPS.length, maxLength: STAMPS.length }),
        fc.double({ min: 0.01, max: 2, noNaN: true }),
        (delays, exchangeSec) => {
          expect(spoiled({ delays, exchangeSec })).toEqual([]);
        },
      ),
    );
  });

  test('never counts when it is wrong by more than a second and the questions were answered at once', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 103, noNaN: true }),
        fc.double({ min: 105, max: 300, noNaN: true }),
        (fromSec, toSec) => {
          expect(spoiled({ standstills: [[fromSec, toSec]], exchangeSec: 0.01 })).toHaveLength(1);
        },
      ),
    );
  });
});

describe('a standstill in the middle of a boot', () => {
  const warnings = (boot: Boot) => {
    const { figure, evidence } = seen(boot);
    return standstillWarnings(figure, evidence);
  };

  test('is said where no line shows that the guest ran on', () => {
    expect(warnings({ standstills: [[40, 61]] })).toEqual([
      expect.stringContaining('drydock did not run for 21.0 s, from 40.0 s after the start of QEMU on'),
    ]);
  });

  test('is nothing to say where a line was printed meanwhile', () => {
    expect(warnings({ standstills: [[40, 70]] })).toEqual([]);
    expect(warnings({})).toEqual([]);
  });
});

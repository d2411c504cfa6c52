import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guestInstants } from '../../src/bootlog/timeline/boot-evidence.ts';
import { fitClock, toHostSec } from '../../src/bootlog/timeline/clock-fit.ts';
import { spoiledFigures, standstillWarnings } from '../../src/bootlog/timeline/standstill.ts';
import type { HostFigure, Standstill, StandstillEvidence } from '../../src/bootlog/timeline/standstill.ts';

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
    evidence: {
      fit,
      standstills: stood,
      runsFromSec: RUNS_FROM,
      guestInstants: STAMPS.map((guestSec) => ({ guestSec, errorSec: 0 })),
    },
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
      /^its line arrived 44\.70 s late .*: drydock did not run for 58\.5 s when the line arrived$/,
    );
  });

  test('does not count when drydock stood still for the whole boot: the questions after it hold the fit', () => {
    const [figure] = spoiled({ standstills: [[RUNS_FROM, 148.5]] });
    expect(figure?.reason).toMatch(/^its line arrived 44\.\d\d s late .*: drydock did not run for 148\.1 s/);
  });

  test('does not count when drydock stood still across its end, and the fit is too coarse to say that the line was in time', () => {
    const [figure] = spoiled({ standstills: [[102.5, 104.5]], exchangeSec: 3 });
    expect(figure?.reason).toBe(
      'drydock did not run for 2.0 s when the line arrived; the figure may be 2.00 s too long',
    );
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
    expect(found?.reason).toContain('the figure may be 58.50 s too long');
  });

  test('does not count when drydock stood still while QEMU waited for it', () => {
    const { figure, evidence } = seen({});
    const early = { fromSec: 0.1, toSec: 2, readSec: 2.1, asleepSec: 0 };
    const [found] = spoiledFigures([figure], { ...evidence, standstills: [early], runsFromSec: 2.1 });
    expect(found?.reason).toBe('drydock did not run for 1.9 s before the guest started, and QEMU waited for drydock');
  });

  test('does not count when the machine slept, which the monotonic clock does not count', () => {
    expect(spoiled({ standstills: [[40, 40.2, 3600]] })[0]?.reason).toBe(
      'the machine slept for 3600.0 s during the boot; the monotonic clock does not count sleep',
    );
  });

  test('counts when drydock stood still after the boot', () => {
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
  // A line at 58 s of the guest's clock: 63.0006 s after the start of QEMU.
  const LINE = toHostSec(TRUTH, 58);
  const warnings = (boot: Boot) => {
    const { figure, evidence } = seen(boot);
    return standstillWarnings(figure, evidence);
  };

  test('spoils the figure where nothing shows that the guest ran on, and the guest’s own times bear a warning', () => {
    const words =
      'drydock did not run for 21.0 s, from 40.0 s after QEMU started, and nothing shows that the guest ran meanwhile';
    expect(spoiled({ standstills: [[40, 61]] })).toEqual([expect.objectContaining({ reason: words })]);
    expect(warnings({ standstills: [[40, 61]] })).toEqual([
      `${words}: if it did not, the times on the guest's clock are too long, too`,
    ]);
  });

  test('spoils nothing where the guest stamped something meanwhile', () => {
    for (const boot of [{ standstills: [[40, 70]] as const }, {}]) {
      expect(spoiled(boot)).toEqual([]);
      expect(warnings(boot)).toEqual([]);
    }
  });

  test.each([
    ['beginning', LINE - 0.15, LINE + 12],
    ['end', LINE - 12, LINE + 0.15],
  ])('is not explained by a line that close to its %s: everything ran normally up to a tick inside', (_, from, to) => {
    // What drydock reads late moves the fit by less than this.
    expect(spoiled({ standstills: [[from, to]], exchangeSec: 0.01 })).toHaveLength(1);
  });

  test('is explained by a line of the kernel log that the console did not show, or by a unit of systemd', () => {
    const { figure, evidence } = seen({ standstills: [[40, 61]] });
    const ran = (errorSec: number) => [...evidence.guestInstants, { guestSec: 45, errorSec }];
    expect(spoiledFigures([figure], { ...evidence, guestInstants: ran(0) })).toEqual([]);
    expect(spoiledFigures([figure], { ...evidence, guestInstants: ran(0.02) })).toEqual([]);
    expect(spoiledFigures([figure], { ...evidence, guestInstants: ran(30) })).toHaveLength(1);
  });

  test('spoils nothing below the limit: half a second, or half a percent of the figure', () => {
    expect(spoiled({ standstills: [[40, 40.5]] })).toEqual([]);
    expect(spoiled({ standstills: [[40, 40.53]] })).toHaveLength(1);
  });

  test('spoils the figure of a guest without a clock to compare with', () => {
    const { figure, evidence } = seen({ standstills: [[40, 70]] });
    const fit = { basis: 'none', points: 0, exchanges: 0, reason: 'no stamps' } as const;
    expect(spoiledFigures([figure], { ...evidence, fit })).toHaveLength(1);
  });

  test('of the whole machine is seen although the guest’s clock agrees with the host’s as before', () => {
    // The guest stamps nothing between 40 and 60, and its clock goes on: no line is late.
    const { figure, evidence } = seen({ standstills: [[40, 60]], exchangeSec: 0.01 });
    expect(figure.arrivalSec - toHostSec(TRUTH, READY)).toBeLessThan(0.01);
    expect(evidence.fit.basis).toBe('line');
    expect(spoiledFigures([figure], evidence)).toHaveLength(1);
  });
});

describe('instants that a guest stamps', () => {
  const evidence = {
    consoleText: '[    1.000000] Linux version 6.1.0\n[    9.000000] drydock: ready\n',
    stampsText: '0 1.500000\n37 9.500000\n',
    dmesgText: '[    1.000000] Linux version 6.1.0\n[    4.250000] a line that quiet kept\n',
    unitsText: 'Id=a.service\nInactiveExitTimestampMonotonic=6000000\nActiveEnterTimestampMonotonic=7000000\n',
    asked: [],
    events: [],
  };

  test('are lines of the console, of the kernel log, and systemd’s units on a measured clock', () => {
    const at = (guestSec: number, errorSec = 0) => ({ guestSec, errorSec });
    const printed = [at(1), at(9), at(1), at(4.25)];
    expect(guestInstants(evidence, { basis: 'measured', offsetSec: 0.5, errorSec: 0.02 })).toEqual([
      ...printed,
      at(6.5, 0.02),
      at(7.5, 0.02),
    ]);
    expect(guestInstants(evidence, { basis: 'assumed', offsetSec: 0 })).toEqual(printed);
  });
});

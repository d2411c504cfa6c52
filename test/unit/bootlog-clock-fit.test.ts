import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CALIBRATED_RATE_TOLERANCE, fitClock, toHostSec } from '../../src/bootlog/timeline/clock-fit.ts';
import type { ClockEvidence } from '../../src/bootlog/timeline/clock-fit.ts';
import type { ClockFit } from '../../src/model/boots/timeline.ts';
import { runs } from '../support/properties.ts';

const seconds = (max: number) => fc.double({ min: 0, max, noNaN: true });

/** A true clock, and console lines and questions that it could have led to: delays are of any kind, but never negative. */
const boot = fc
  .record({
    offsetSec: seconds(3),
    ppm: fc.double({ min: -900, max: 900, noNaN: true }),
    lines: fc.array(fc.record({ guestSec: fc.double({ min: 0.001, max: 90, noNaN: true }), lateSec: seconds(2) }), {
      minLength: 1,
      maxLength: 40,
    }),
    questions: fc.array(
      fc.record({ guestSec: fc.double({ min: 90, max: 99, noNaN: true }), beforeSec: seconds(1), lateSec: seconds(1) }),
      { maxLength: 3 },
    ),
  })
  .map(({ offsetSec, ppm, lines, questions }) => {
    const truth = { offsetSec, rate: 1 + ppm / 1e6 };
    const arrive = ({ guestSec, lateSec }: { guestSec: number; lateSec: number }) => ({
      guestSec,
      hostSec: toHostSec(truth, guestSec) + lateSec,
    });
    const evidence: ClockEvidence = {
      points: [...lines, ...questions].map(arrive),
      floors: questions.map(({ guestSec, beforeSec }) => ({
        guestSec,
        notBeforeHostSec: Math.max(0, toHostSec(truth, guestSec) - beforeSec),
      })),
    };
    return { truth, evidence };
  });

function fitted(fit: ClockFit): Exclude<ClockFit, { basis: 'none' }> {
  if (fit.basis === 'none') throw new Error(fit.reason);
  return fit;
}

describe('a clock fit', () => {
  test('is never further from the true clock than it says, however late the lines came', () => {
    fc.assert(
      fc.property(boot, ({ truth, evidence }) => {
        const fit = fitted(fitClock(evidence));
        const lastSec = Math.max(...evidence.points.map((point) => point.guestSec));
        for (const guestSec of [0, lastSec / 2, lastSec]) {
          const missSec = Math.abs(toHostSec(fit, guestSec) - toHostSec(truth, guestSec));
          expect(missSec).toBeLessThanOrEqual(fit.errorSec + 1e-9);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('stands on or below every line, because no line comes early', () => {
    fc.assert(
      fc.property(boot, ({ evidence }) => {
        const fit = fitted(fitClock(evidence));
        for (const { guestSec, hostSec } of evidence.points)
          expect(toHostSec(fit, guestSec)).toBeLessThanOrEqual(hostSec + 1e-9);
        expect(fit.offsetSec).toBeGreaterThanOrEqual(-1e-12);
      }),
    );
  });

  test('says a small error when a line near either end and an answer were prompt, whatever the rest did', () => {
    const promptSec = 0.01;
    fc.assert(
      fc.property(boot, ({ truth, evidence }) => {
        const prompt = (guestSec: number) => ({ guestSec, hostSec: toHostSec(truth, guestSec) + promptSec });
        const fit = fitted(
          fitClock({
            points: [...evidence.points, prompt(1), prompt(100)],
            floors: [
              ...(evidence.floors ?? []),
              { guestSec: 100, notBeforeHostSec: toHostSec(truth, 100) - promptSec },
            ],
          }),
        );
        // What is left: both promptnesses, and the rate over 99 s, which a start of the clock after QEMU bounds, too.
        expect(fit.errorSec).toBeLessThan(2 * promptSec + 2 * CALIBRATED_RATE_TOLERANCE * 100 + 1e-6);
      }),
    );
  });

  test('recovers offset and rate from prompt lines among late ones', () => {
    const truth = { offsetSec: 0.8, rate: 1.000123 };
    const points = Array.from({ length: 60 }, (_, index) => ({
      guestSec: 0.5 + index * 0.7,
      hostSec: toHostSec(truth, 0.5 + index * 0.7) + (index % 7 === 0 ? 0 : (index % 5) * 0.3),
    }));
    const fit = fitted(fitClock({ points }));
    expect(fit.offsetSec).toBeCloseTo(truth.offsetSec, 6);
    expect(fit.rate).toBeCloseTo(truth.rate, 6);
    expect(fit.delay95Sec).toBeCloseTo(1.2, 6);
  });

  test('takes the rate for 1 when one line is all there is, and says how little that is', () => {
    const fit = fitted(fitClock({ points: [{ guestSec: 30.6, hostSec: 31.2 }] }));
    expect(fit).toMatchObject({ basis: 'offset', points: 1, rate: 1 });
    expect(fit.offsetSec).toBeCloseTo(0.6, 9);
    // The guest may as well have started with QEMU, and the line have been late by all of it.
    expect(fit.errorSec).toBeGreaterThanOrEqual(0.6 - 1e-9);
  });

  test('is none without a line on both clocks; stamps of 0 come from before the clock runs', () => {
    expect(fitClock({ points: [] })).toMatchObject({ basis: 'none', points: 0 });
    expect(fitClock({ points: [{ guestSec: 0, hostSec: 1 }] })).toMatchObject({ basis: 'none', points: 0 });
  });

  test('is none, with the reason, when the lines contradict every clock of a likely rate', () => {
    // Ten guest seconds in two host seconds: the guest's clock was set, or the host was suspended.
    const fit = fitClock({
      points: [
        { guestSec: 10, hostSec: 11 },
        { guestSec: 20, hostSec: 13 },
      ],
      floors: [{ guestSec: 10, notBeforeHostSec: 10.9 }],
    });
    expect(fit).toMatchObject({ basis: 'none', points: 2, exchanges: 1 });
    expect(fit.basis === 'none' ? fit.reason : '').toMatch(/rate is within/);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Score } from '../../src/model/verdicts/measure.ts';
import { niceTicks, placeLabels } from '../../src/report/charts/scale.ts';
import { samplesSvg } from '../../src/report/charts/samples.ts';
import { phaseClasses, phasesOf, timelineSvg } from '../../src/report/charts/timeline.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { fixtureTimelines } from '../fixtures/report/timelines.ts';

const points = fc.array(fc.record({ x: fc.integer({ min: 0, max: 360 }), width: fc.integer({ min: 10, max: 150 }) }), {
  maxLength: 14,
});

test('labels of one lane never overlap and none leaves the chart to the right', () => {
  fc.assert(
    fc.property(points, (items) => {
      const placed = placeLabels(
        items.map(({ x, width }) => ({ item: width, x, width })),
        366,
      );
      expect(placed).toHaveLength(items.length);
      const boxes = placed.map(({ item, x, lane, anchor }) => ({
        lane,
        from: anchor === 'start' ? x : x - item,
        to: anchor === 'start' ? x + item : x,
      }));
      for (const [index, box] of boxes.entries()) {
        expect(box.to).toBeLessThanOrEqual(366);
        for (const other of boxes.slice(index + 1)) {
          if (other.lane === box.lane) expect(box.to <= other.from || other.to <= box.from).toBe(true);
        }
      }
    }),
  );
});

test('ticks are round, ascending, inside their domain and not too many', () => {
  expect(niceTicks(0, 46.2, 12)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
  expect(niceTicks(0, 4096, 4, 2)).toEqual([0, 1024, 2048, 3072, 4096]);
  const domain = fc.tuple(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(domain, fc.integer({ min: 1, max: 12 }), ([low, extent], most) => {
      const ticks = niceTicks(low, low + extent, most);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(low - extent * 1e-6);
        expect(tick).toBeLessThanOrEqual(low + extent * (1 + 1e-6));
      }
    }),
  );
});

describe('the timeline', () => {
  const boots = fixtureRecord.boots.slice(0, 2);
  const timelines = boots.flatMap((boot) => fixtureTimelines.get(boot.order) ?? []);
  const phaseClass = phaseClasses(timelines);
  const draw = (untilSec: number): string =>
    timelineSvg(
      timelines.map((timeline) => ({ title: timeline.arm, note: '', timeline })),
      { untilSec, widthPx: 1000, label: 'two boots', axis: 'seconds', phaseClass },
    ).source;

  test('draws both arms on the same scale', () => {
    // 10 px of margin on either side: a second is 9.8 px on a 100 s axis, for either boot; 1 px parts neighbours.
    const bars = [...draw(100).matchAll(/<rect class="phase-2" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="22"/g)];
    const phases = timelines.flatMap((one) => phasesOf(one).filter((phase) => phase.name === 'PCI and drivers'));
    expect(phases.map((phase) => phase.name)).toEqual(['PCI and drivers', 'PCI and drivers']);
    expect(bars).toHaveLength(2);
    phases.forEach(({ startSec, endSec }, index) => {
      expect(Number(bars[index]?.[1])).toBeCloseTo(10 + startSec * 9.8, 1);
      expect(Number(bars[index]?.[2])).toBeCloseTo((endSec - startSec) * 9.8 - 1, 1);
    });
  });

  test('leaves out what comes after its end instead of drawing it at the edge', () => {
    expect(draw(100)).toContain('docker0 up');
    expect(draw(100)).toContain('<title>docker:');
    expect(draw(7)).not.toContain('docker0 up');
    expect(draw(7)).not.toContain('<title>docker:');
    expect(draw(7)).not.toContain('<title>docker.service:');
  });

  test('shows no tick for a marker that was not found', () => {
    const [, dockerMin] = boots;
    expect(dockerMin?.markers['startup-finished']).toBeUndefined();
    expect(draw(100).match(/startup finished/g)).toHaveLength(1);
  });
});

describe('the sample plot', () => {
  const score = (change: Partial<Score>): Score => {
    const [first] = fixtureRecord.scores;
    if (first === undefined) throw new Error('the fixture has no scores');
    return { ...first, ...change };
  };

  test('has a dot for every sample of both arms in both of its panels', () => {
    expect(samplesSvg(score({}))?.source.match(/<circle/g)).toHaveLength(20);
  });

  test('is not drawn for exact quantities or without samples', () => {
    const none = { arm: 'a', median: Number.NaN, samples: [] };
    expect(samplesSvg(score({ p: null }))).toBeUndefined();
    expect(samplesSvg(score({ baseline: none, candidate: none }))).toBeUndefined();
  });

  test('says that an arm has no samples instead of placing it at zero', () => {
    const svg = samplesSvg(score({ candidate: { arm: 'docker-min', median: Number.NaN, samples: [] } }))?.source;
    expect(svg).toContain('no samples');
    expect(svg).not.toContain('NaN');
  });

  test('holds no coordinate that is not a number, whatever the samples', () => {
    const samples = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e9, noNaN: true })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(samples, samples, (before, after) => {
        const svg = samplesSvg(
          score({
            baseline: { arm: 'a', median: before[0] ?? 0, samples: before },
            candidate: { arm: 'b', median: after[0] ?? 0, samples: after },
          }),
        )?.source;
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      }),
    );
  });
});

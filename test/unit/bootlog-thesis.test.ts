import { describe, expect, test } from 'vitest';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { checkThesis } from '../../src/bootlog/thesis/thesis-check.ts';
import { quotedText, thesisReport } from '../../src/bootlog/thesis/thesis-report.ts';
import { STATED_FIGURES, TABLE_4_1, THESIS_LOGS } from '../../src/bootlog/thesis/thesis-2017.ts';
import { costliestSteps } from '../../src/bootlog/reading/costliest.ts';
import { thesisText } from '../../src/report/boot-log/thesis-text.ts';
import { readFixture } from '../fixtures/bootlog/read-fixture.ts';

const report = thesisReport();
const checks = checkThesis(report);
const broken = (id: string): string => {
  const check = checks.find((one) => one.id === id);
  if (check === undefined) throw new Error(`no check is called ${id}`);
  return check.holds ? 'holds' : check.finding;
};

describe("the thesis's own lines", () => {
  test('yield its four figures and its ratios 5.43, 1.72, 1.25 and 1.38', () => {
    expect(
      report.figures.map(({ metric, beforeSec, afterSec, ratio }) => [
        metric,
        beforeSec,
        afterSec,
        Number(ratio.toFixed(2)),
      ]),
    ).toEqual([
      ['initrd_release', 1.024451, 0.188621, 5.43],
      ['kernel_init', 0.818967, 0.476708, 1.72],
      ['total_boot', 47.71536, 38.097239, 1.25],
      ['module_loading', 19.178696, 13.851692, 1.38],
    ]);
  });

  test('are the figures that the metric table and the statement of the thesis carry', () => {
    for (const { metric, beforeSec, afterSec, statedRatio, endPoints } of report.figures) {
      const thesis = METRICS.find(({ id }) => id === metric)?.thesis;
      expect(thesis).toEqual({ before: beforeSec, after: afterSec, ratio: statedRatio, endPoints });
      expect(STATED_FIGURES.find((stated) => stated.metric === metric)).toMatchObject({
        before: beforeSec,
        after: afterSec,
      });
    }
  });

  test('yield the 22 rows of table 4-1, which are the 22 costliest of their boot', () => {
    expect(report.table).toHaveLength(22);
    const [boot] = parseBootLog(readFixture('thesis-table-4-1-dmesg.log').text).boots;
    if (boot === undefined) throw new Error('no boot was found');
    const computed = costliestSteps(boot, 22).sort((a, b) => a.line - b.line);
    expect(report.table).toEqual(computed.map(({ atSec, deltaSec, message }) => ({ atSec, deltaSec, message })));
  });

  test('print as show_delta printed table 4-1', () => {
    expect(quotedText(TABLE_4_1)).toBe(readFixture('thesis-table-4-1-show-delta.log').text);
  });

  test('yield the presence table: there before, gone after', () => {
    expect(
      report.presence.map(({ id, quotedBefore, quotedAfter, countedBefore }) => [
        id,
        quotedBefore,
        quotedAfter,
        countedBefore,
      ]),
    ).toEqual([
      ['selinux', 3, 0, null],
      ['usb', 2, 0, 71],
      ['rtc', 3, 0, null],
      ['parport', 1, 0, null],
    ]);
  });

  test('carry no stamp and no cost that the thesis does not print', () => {
    const loop = [...THESIS_LOGS.before, ...THESIS_LOGS.after].filter(({ message }) => message.startsWith('loop'));
    expect(loop.map(({ atSec, costSec }) => [atSec, costSec])).toEqual([
      [null, 19.178696],
      [null, 13.851692],
    ]);
  });
});

describe('the thesis held against itself', () => {
  test('states the cost of the initrd before twice, and its gain hangs on which', () => {
    expect(broken('value:initrd_release:before:table-4-1')).toContain('the ratio is 1.45, not 5.43');
    expect(broken('value:initrd_release:before:section-4.4')).toContain('0.274363');
  });

  test('states the module loading before twice, and with the other value nothing is gained', () => {
    expect(broken('value:module_loading:before:table-4-1')).toContain('the ratio is 1.00, not 1.38');
  });

  test('states the module loading after twice, which moves no ratio', () => {
    expect(broken("value:module_loading:after:chapter-5's-text")).toContain('either way the ratio is 1.38');
  });

  test('frees an initrd that has grown, and after the init memory that is freed last', () => {
    expect(broken('size:initrd')).toContain('19784K before, 19836K after: 52K more');
    expect(broken('order:initrd-before-init-memory')).toContain('2.038730');
    expect(broken('order:initrd-within-table-4-1')).toContain('0.154262');
  });

  test('counts lines into two phases', () => {
    expect(broken('phases:3-4')).toContain('1 line(s) belong to both');
    expect(broken('phases:4-5')).toContain('77 line(s) belong to both');
  });

  test('takes the parallel port in and out', () => {
    expect(broken('choice:parallel-port-driver')).toBe('in by section 4.3.2, out by section 5.1.6');
  });

  test('agrees with itself on its ratios, its presence table and the order of table 4-1', () => {
    const held = checks.filter(({ holds }) => holds).map(({ id }) => id);
    expect(held).toEqual(
      expect.arrayContaining([
        ...STATED_FIGURES.map(({ metric }) => `ratio:${metric}`),
        ...report.presence.map(({ id }) => `presence:${id}`),
        'order:table-4-1',
      ]),
    );
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });

  test('is told only where it was asked for', () => {
    expect(thesisText(report, undefined)).not.toContain('Contradicts');
    const text = thesisText({ ...report, checks }, undefined);
    expect(text).toContain('Contradicts itself in 11 of 22 checks:');
    for (const { what } of checks) expect(text).toContain(what);
  });
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { analyzeBootLog } from '../../src/bootlog/analysis.ts';
import { timelineOfBoot } from '../../src/bootlog/timeline/boot-evidence.ts';
import { METRICS } from '../../src/bootlog/reading/metrics.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { summarizeBootLog } from '../../src/bootlog/summary.ts';
import { hostClockOf } from '../../src/bootlog/timeline/timeline.ts';
import { createHost } from '../../src/host/node-host.ts';
import { jsonText } from '../../src/json/text.ts';
import type { BootSummary } from '../../src/model/boots/boot.ts';
import type { RunRecord } from '../../src/model/record.ts';
import { openJournal } from '../../src/pipeline/events/journal.ts';
import { measurementsOf } from '../../src/pipeline/record/measurements.ts';
import { renderJson } from '../../src/report/formats/json.ts';
import { writeReports } from '../../src/pipeline/run/write-reports.ts';
import { scoreAll } from '../../src/stats/score.ts';
import { checkedJson } from '../../src/store/checked-json.ts';
import { keepInLedger, readKnownRuns } from '../../src/store/run-history.ts';
import { recordSchema } from '../../src/model/record.ts';
import { timelineSchema } from '../../src/model/boots/timeline.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { runs } from '../support/properties.ts';

const host = createHost();

/** What a console may print where a number belongs. */
const digits = fc
  .tuple(fc.constantFrom('0', '1', '9', '10', '307'), fc.nat(420))
  .map(([digit, n]) => digit.repeat(n + 1));
const number = fc.oneof(
  digits,
  fc.constantFrom('0', '-1', '', 'NaN', 'Infinity', '1e999', '18446744073', '18446744073709551615', '9007199254740993'),
  fc.nat(99).map(String),
);
const stamp = fc
  .tuple(
    number,
    fc.oneof(
      fc.nat(999_999).map((usec) => String(usec).padStart(6, '0')),
      digits,
    ),
  )
  .map(([whole, part]) => `[${whole.padStart(5)}.${part}]`);

/** The messages of a boot, with `#` where a number stands. */
const MESSAGES = [
  'Linux version 6.1.# (x@y) (gcc) #1',
  'calling  foo+0x0/0x1 @ #',
  'initcall foo+0x0/0x1 returned # after # usecs',
  'probe of vda returned # after # usecs',
  'Trying to unpack rootfs image as initramfs...',
  'Freeing initrd memory: #K',
  'Freeing unused kernel image (initmem) memory: #K',
  'Run /init as init process',
  '** # printk messages dropped **',
  'systemd[1]: systemd 252 running in system mode',
  'systemd[1]: Startup finished in #s (kernel) + #min #s (userspace) = #s.',
  'drydock: modules begin',
  'drydock: modules end',
  'drydock: docker0 up',
  'drydock: ready',
  'drydock: clock 1 #.#',
];
const line = fc
  .tuple(fc.constantFrom(...MESSAGES), stamp, fc.array(number, { minLength: 4, maxLength: 4 }))
  .map(([message, at, numbers]) => `${at} ${message.replaceAll('#', () => numbers.shift() ?? '7')}`);
const consoleText = fc.array(line, { minLength: 1, maxLength: 30 }).map((lines) => `${lines.join('\n')}\n`);
const unitsText = fc
  .tuple(number, number)
  .map(
    ([start, end]) => `Id=a.service\nInactiveExitTimestampMonotonic=${start}\nActiveEnterTimestampMonotonic=${end}\n`,
  );
const boot = fc.record({ consoleText, unitsText, hostReadySec: fc.double({ min: 1, max: 300, noNaN: true }) });
type Printed = typeof boot extends fc.Arbitrary<infer T> ? T : never;

/** What a boot that printed this leaves behind. */
function bootOf(arm: string, order: number, printed: Printed) {
  const { hostReadySec } = printed;
  const log = summarizeBootLog(printed.consoleText);
  const placed = { arm, order, hostReadySec, markers: log.markers, phases: log.phases };
  const stampsText = [...printed.consoleText.matchAll(/^/gm)]
    .map(({ index }, count) => `${String(index)} ${(1 + count / 10).toFixed(6)}\n`)
    .join('');
  const asked = [{ round: 1, askedAtSec: 1, uptimeAfterSec: 2 }];
  const timeline = timelineOfBoot(
    {
      consoleText: printed.consoleText,
      stampsText,
      dmesgText: printed.consoleText,
      unitsText: printed.unitsText,
      asked,
      events: [],
    },
    placed,
  );
  const summary: BootSummary = {
    ...placed,
    ...hostClockOf(timeline),
    kernelRelease: '6.1.0',
    bootId: String(order),
    costliest: log.costliest,
    warnings: log.warnings,
    metrics: { ...log.metrics, total_boot_host: hostReadySec },
  };
  return { timeline, summary };
}

function recordOf(boots: readonly BootSummary[]): RunRecord {
  const side = (arm: string) => ({ arm, measurements: measurementsOf(arm, boots, METRICS) });
  return {
    ...fixtureRecord,
    boots,
    measurements: { stock: side('stock').measurements, 'docker-min': side('docker-min').measurements },
    scores: scoreAll(METRICS, side('stock'), side('docker-min')).scores,
  };
}

describe('whatever numbers a console prints', () => {
  test('the record and the timelines that are written of it are read back', () => {
    fc.assert(
      fc.property(fc.array(boot, { minLength: 2, maxLength: 8 }), (printed) => {
        const made = printed.map((one, order) => bootOf(order % 2 === 0 ? 'stock' : 'docker-min', order, one));
        const record = recordOf(made.map(({ summary }) => summary));
        checkedJson(recordSchema, record, 'record.json', () => renderJson(record));
        for (const { timeline } of made) checkedJson(timelineSchema, timeline, 'timeline.json');
      }),
      { numRuns: runs(300) },
    );
  });

  test('an analysis of it is JSON without a hole', () => {
    fc.assert(
      fc.property(consoleText, (text) => {
        const log = parseBootLog(text);
        jsonText(analyzeBootLog(log, { source: 'x.log', boots: log.boots, top: 5, presence: [] }));
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('a log with a stamp that no clock can show', () => {
  test('is read without that stamp, and says so', () => {
    const text = `[    1.000000] Linux version 6.1.0 (x@y)\n[${'9'.repeat(400)}.000000] drydock: ready\n[    2.000000] end\n`;
    const log = summarizeBootLog(text);
    expect(log.markers.ready).toBeUndefined();
    expect(log.warnings).toContainEqual(
      expect.stringMatching(
        /^1 line begins with a number that is not a valid kernel time stamp \(first: line 2\); drydock ignores it$/,
      ),
    );
  });
});

describe('JSON that drydock writes', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('has no %s in it', (odd) => {
    expect(() => jsonText({ boots: [{ readySec: odd }] })).toThrow(/no number for .* \(field "readySec"\)/);
    expect(jsonText({ a: [1, -0, 1e300], b: undefined })).toBe('{"a":[1,0,1e+300]}');
  });

  test('is refused, as a bug of drydock, where its own schema does not read it', () => {
    const schema = z.strictObject({ metrics: z.record(z.string(), z.number()) });
    expect(checkedJson(schema, { metrics: { a: 1 } }, 'x.json')).toBe('{"metrics":{"a":1}}');
    for (const value of [{ metrics: { a: Number.NaN } }, { metrics: { a: null } }, {}]) {
      expect(() => checkedJson(schema, value, 'x.json')).toThrow(
        'drydock did not write x.json: the text does not match its schema',
      );
    }
  });
});

describe('a record that could not be read back', () => {
  const spoiled: RunRecord = { ...fixtureRecord, time: { ...fixtureRecord.time, totalSec: Number.POSITIVE_INFINITY } };

  test('is not written, and neither is a report of it or a line of the history', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'drydock-written-'));
    try {
      await expect(writeReports(host, spoiled, folder)).rejects.toMatchObject({ failure: { kind: 'internal' } });
      expect(await readdir(folder)).toEqual([]);
      await expect(keepInLedger(host, folder, spoiled)).rejects.toMatchObject({ failure: { kind: 'internal' } });
      await keepInLedger(host, folder, fixtureRecord);
      const { runs, unreadable } = await readKnownRuns(host, folder, path.join(folder, 'absent'));
      expect(runs.map(({ id }) => id)).toEqual([fixtureRecord.id]);
      expect(unreadable).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('has no boot in the journal that a resumed run would drop without a word', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'drydock-written-'));
    try {
      const journal = openJournal(host, folder);
      const [summary] = fixtureRecord.boots;
      if (summary === undefined) throw new Error('the fixture has no boot');
      const finished = { type: 'boot-finished', id: 'boot:00:stock', durationMs: 1, condition: 'c' } as const;
      journal.write({ ...finished, summary });
      const metrics = { total_boot: Number.POSITIVE_INFINITY };
      expect(() => {
        journal.write({ ...finished, summary: { ...summary, metrics } });
      }).toThrow('drydock did not write "boot-finished" into journal.jsonl');
      await journal.flush();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

import { describe, expect, test } from 'vitest';
import { arrivalOf, timelineOfBoot, timelineOfSummary } from '../../src/bootlog/timeline/boot-evidence.ts';
import type { BootEvidence } from '../../src/bootlog/timeline/boot-evidence.ts';
import { parseStamps, stampedConsoleLines } from '../../src/bootlog/timeline/console-stamps.ts';
import { summarizeBootLog } from '../../src/bootlog/summary.ts';
import { criticalChain, parseSystemdUnits } from '../../src/bootlog/timeline/systemd-units.ts';
import type { BootTimeline, TimelineLaneId, TimelineSpan } from '../../src/model/boots/timeline.ts';
import { timelineSchema } from '../../src/model/boots/timeline.ts';
import { readFixture } from '../fixtures/bootlog/read-fixture.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';

describe('stamped console lines', () => {
  test('take the arrival of the kernel’s own bytes, not of a prompt that stands before them', () => {
    const text = 'login: [    2.500000] drydock: ready\r\n';
    const stamps = parseStamps('0 1.000000\n7 3.100000\n');
    expect(stampedConsoleLines(text, stamps)).toEqual([{ guestSec: 2.5, hostSec: 3.1, message: 'drydock: ready' }]);
  });

  test('count bytes, not characters', () => {
    const text = 'é→\n[    1.000000] a\n[    2.000000] b\n';
    // Two and three bytes and a line end: the first stamp of the kernel stands at byte 6.
    const lines = stampedConsoleLines(text, parseStamps('0 0.500000\n6 1.500000\n23 2.500000\n'));
    expect(lines.map(({ hostSec }) => hostSec)).toEqual([1.5, 2.5]);
  });

  test('skip a stamp line that was cut short', () => {
    expect(parseStamps('0 1.000000\n12 2.0000')).toEqual([{ offset: 0, atSec: 1 }]);
  });
});

const unit = (id: string, start: number, active: number, after = '', inactive = 0): string =>
  [
    `Id=${id}`,
    `After=${after}`,
    `InactiveExitTimestampMonotonic=${String(start * 1e6)}`,
    `ActiveEnterTimestampMonotonic=${String(active * 1e6)}`,
    'ActiveExitTimestampMonotonic=0',
    `InactiveEnterTimestampMonotonic=${String(inactive * 1e6)}`,
  ].join('\n');

const UNITS = [
  unit('sysinit.target', 2, 2),
  unit('early.service', 2.1, 3, 'sysinit.target'),
  unit('late.service', 2.1, 9, 'sysinit.target'),
  unit('oneshot.service', 3.5, 0, 'early.service', 4),
  unit('docker.service', 5, 7, 'oneshot.service late.service never.service'),
  unit('drydock-ready.service', 7.1, 8, 'docker.service'),
  'Id=never.service\nAfter=\nInactiveExitTimestampMonotonic=0',
].join('\n\n');

describe('systemd units', () => {
  test('that never started are left out, and a one-shot ends where it went inactive', () => {
    const units = parseSystemdUnits(UNITS);
    expect(units.map(({ id }) => id)).not.toContain('never.service');
    expect(units.find(({ id }) => id === 'oneshot.service')).toMatchObject({ startSec: 3.5, endSec: 4 });
  });

  test('give a critical chain of what each waited for last; what was up only later held nothing up', () => {
    const chain = criticalChain(parseSystemdUnits(UNITS), 'drydock-ready.service');
    const expected = ['sysinit', 'early', 'oneshot', 'docker', 'drydock-ready'];
    expect(chain.map(({ id }) => id.replace(/\..*/, ''))).toEqual(expected);
  });

  test('that are ordered in a ring end the chain instead of going round', () => {
    const ring = parseSystemdUnits([unit('a', 1, 1, 'b'), unit('b', 1, 1, 'a')].join('\n\n'));
    expect(criticalChain(ring, 'a').map(({ id }) => id)).toEqual(['b', 'a']);
    expect(criticalChain(ring, 'absent')).toEqual([]);
  });
});

/** A boot whose kernel clock starts 0.9 s after QEMU and runs as the host's does. */
function evidence(change: Partial<BootEvidence> = {}): BootEvidence {
  const said: readonly (readonly [number, string])[] = [
    [6, 'drydock: modules begin'],
    [6.5, 'drydock: modules end'],
    [10, 'drydock: docker0 up'],
    [12, 'drydock: ready'],
    [15, 'drydock: clock 1 14.92'],
    [15.5, 'drydock: clock 2 15.42'],
  ];
  let consoleText = '';
  let stampsText = '';
  for (const [guestSec, message] of said) {
    stampsText += `${String(consoleText.length)} ${(guestSec + 0.9 + 0.002).toFixed(6)}\n`;
    consoleText += `[${guestSec.toFixed(6).padStart(12)}] ${message}\r\n`;
  }
  const early = [
    '[    0.000000] Linux version 6.1.0 (x@y) (gcc) #1',
    '[    0.500000] PCI: Using configuration type 1',
    '[    1.000000] Freeing unused kernel image (initmem) memory: 1052K',
    '[    1.100000] Run /linuxrc as init process',
    '[    1.600000] systemd[1]: systemd 252 running in system mode',
  ].join('\n');
  return {
    consoleText,
    stampsText,
    dmesgText: `${early}\n${consoleText}`,
    unitsText: UNITS,
    asked: [
      { round: 1, askedAtSec: 15.85, uptimeAfterSec: 14.93 },
      { round: 2, askedAtSec: 16.38, uptimeAfterSec: 15.43 },
    ],
    events: [
      { name: 'qemu-started', atSec: 0, stampedBy: 'drydock' },
      { name: 'monitor-connected', atSec: 0.2, stampedBy: 'drydock' },
    ],
    ...change,
  };
}

function timeline(change: Partial<BootEvidence> = {}): BootTimeline {
  const all = evidence(change);
  const { markers, phases } = summarizeBootLog(all.dmesgText);
  return timelineOfBoot(all, { arm: 'a', order: 3, hostReadySec: 12.9, markers, phases });
}

function spans(of: BootTimeline, id: TimelineLaneId): readonly TimelineSpan[] {
  return of.lanes.find((lane) => lane.id === id)?.spans ?? [];
}

describe('the timeline of a boot', () => {
  test('puts the guest onto the host’s clock and says how well it is known', () => {
    const { fit, instants, zero, endSec } = timeline();
    expect(zero).toBe('qemu-start');
    expect(fit).toMatchObject({ basis: 'line', points: 6, exchanges: 2 });
    if (fit.basis === 'none') throw new Error(fit.reason);
    expect(fit.offsetSec).toBeCloseTo(0.902, 2);
    expect(fit.errorSec).toBeGreaterThan(0.002);
    expect(fit.errorSec).toBeLessThan(0.1);
    expect(instants.find(({ name }) => name === 'ready')?.atSec).toBeCloseTo(12.9, 1);
    expect(endSec).toBeCloseTo(12.9, 1);
  });

  test('has QEMU, the firmware, the kernel, userspace, units and Docker on one axis without a gap up to ready', () => {
    const one = timeline();
    const row = [...spans(one, 'machine'), ...spans(one, 'kernel'), ...spans(one, 'userspace')];
    expect(row.map(({ name }) => name)).toEqual([
      ...['QEMU start', 'firmware, kernel before its clock', 'firmware tables', 'PCI and drivers'],
      ...['freeing init memory', 'systemd', 'modules', 'docker'],
    ]);
    for (const [index, span] of row.entries()) expect(span.startSec).toBeCloseTo(row[index - 1]?.endSec ?? 0, 5);
    expect(row.at(-1)?.endSec).toBe(one.endSec);
    const critical = spans(one, 'units').filter((span) => span.critical === true);
    expect(critical.at(-1)?.name).toBe('drydock-ready.service');
    expect(spans(one, 'docker').map(({ name }) => name)).toEqual(['dockerd starts', 'docker0 up, container runs']);
  });

  test('puts systemd’s clock onto the kernel’s by readings of both, with their error', () => {
    const { systemdClock, lanes } = timeline();
    expect(systemdClock?.basis).toBe('measured');
    // Both stamps lie 0.06 to 0.08 s above the uptime around them.
    expect(systemdClock?.offsetSec).toBeCloseTo(0.07, 3);
    expect(systemdClock?.errorSec).toBeCloseTo(0.01, 3);
    const docker = lanes.flatMap((lane) => lane.spans).find(({ name }) => name === 'docker.service');
    expect(docker?.startSec).toBeCloseTo(5 + 0.07 + 0.9, 1);
  });

  test('says so when nothing was asked, and takes systemd’s clock for the kernel’s', () => {
    const one = timeline({ asked: [] });
    expect(one.systemdClock).toEqual({ basis: 'assumed', offsetSec: 0 });
    expect(one.notes.join()).toContain('systemd’s clock was not compared');
    expect(one.fit).toMatchObject({ basis: 'line', exchanges: 0 });
  });

  test('keeps the guest’s own seconds, and says so, when no line stands on both clocks', () => {
    const one = timeline({ consoleText: 'no stamp here\n', stampsText: '0 3.000000\n', asked: [] });
    expect(one.zero).toBe('kernel-clock');
    expect(one.instants.find(({ name }) => name === 'ready')?.atSec).toBe(12);
    expect(spans(one, 'machine')).toEqual([]);
    expect(one.notes.join()).toContain('not on the host’s clock');
  });

  test('ends QEMU’s own start where QEMU says that the processors run, not where its monitor answered', () => {
    const { events } = evidence();
    const resumed = [...events, { name: 'RESUME', atSec: 0.3, stampedBy: 'qemu' as const }];
    const [start, firmware] = spans(timeline({ events: resumed }), 'machine');
    expect(start).toMatchObject({ name: 'QEMU start', startSec: 0, endSec: 0.3 });
    expect(firmware).toMatchObject({ startSec: 0.3 });
    expect(start?.detail).toContain('the processors run');
  });

  test('parts firmware from kernel where the decompressor speaks', () => {
    const { consoleText, stampsText } = evidence();
    const shifted = stampsText.replaceAll(/^\d+/gm, (offset) => String(Number(offset) + 21));
    const one = timeline({
      consoleText: `Decompressing Linux.\n${consoleText}`,
      stampsText: `0 0.700000\n${shifted}`,
    });
    const names = spans(one, 'machine').map(({ name }) => name);
    expect(names).toEqual(['QEMU start', 'firmware', 'kernel before its clock']);
    expect(spans(one, 'machine')[2]).toMatchObject({ startSec: 0.7 });
  });

  test('shows what GRUB takes as GRUB’s, between the firmware and the kernel', () => {
    const { consoleText, stampsText } = evidence();
    // As a serial terminal of GRUB gets it: escapes before the words, bytes that count.
    const loads = '\u001b[H\u001b[Jdrydock: GRUB loads a\r\n';
    const starts = 'drydock: GRUB starts a\r\n';
    const shifted = stampsText.replaceAll(/^\d+/gm, (offset) => String(Number(offset) + loads.length + starts.length));
    const one = timeline({
      consoleText: `${loads}${starts}${consoleText}`,
      stampsText: `0 0.400000\n${String(loads.length)} 0.800000\n${shifted}`,
    });
    expect(one.lanes.find(({ id }) => id === 'machine')?.title).toBe('QEMU, firmware and GRUB');
    expect(spans(one, 'machine')).toMatchObject([
      { name: 'QEMU start', startSec: 0 },
      { name: 'firmware, start of GRUB', endSec: 0.4 },
      { name: 'GRUB loads', startSec: 0.4, endSec: 0.8 },
      { name: 'kernel before its clock', startSec: 0.8 },
    ]);
  });

  test('shows the initcalls of a boot that traced them', () => {
    const { text } = readFixture('debian-12-tcg-initcall-debug.log');
    const calls = spans(timeline({ dmesgText: text }), 'initcalls');
    expect(calls.length).toBe(300);
    expect(calls.every((call, index) => call.startSec >= (calls[index - 1]?.startSec ?? 0))).toBe(true);
  });

  test('is what its schema says, also after a way through JSON', () => {
    const one = timeline();
    expect(timelineSchema.parse(JSON.parse(JSON.stringify(one)))).toEqual(one);
  });

  test('knows when a marker’s own bytes arrived', () => {
    expect(arrivalOf(evidence(), /^drydock: ready/)).toBeCloseTo(12.902, 6);
    expect(arrivalOf(evidence(), /never/)).toBeUndefined();
  });
});

test('a boot of which only the record is left is placed by its ready line alone, with the error of one point', () => {
  const [boot] = fixtureRecord.boots;
  if (boot === undefined) throw new Error('the fixture has no boots');
  const one = timelineOfSummary(boot);
  expect(one.fit).toMatchObject({ basis: 'offset', points: 1 });
  expect(one.endSec).toBeCloseTo(boot.hostReadySec, 5);
  const kept = { offsetSec: 1, rate: 1.0001, errorSec: 0.02, points: 7, exchanges: 3, delay95Sec: 0.001 };
  expect(timelineOfSummary({ ...boot, hostClock: kept }).fit).toEqual({ basis: 'line', ...kept });
  const names = [undefined, 'grub' as const].map((mode) => spans(timelineOfSummary(boot, mode), 'machine')[0]?.name);
  expect(names).toEqual(['QEMU, firmware, kernel before its clock', 'QEMU, firmware, GRUB, kernel before its clock']);
});

import { describe, expect, test } from 'vitest';
import { attributeInitcalls } from '../../src/bootlog/reading/initcalls.ts';
import { findMarkers } from '../../src/bootlog/reading/markers.ts';
import { bootMetrics } from '../../src/bootlog/reading/metrics.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { findPhases } from '../../src/bootlog/reading/phases.ts';
import { checkPresence } from '../../src/bootlog/reading/presence.ts';
import { parseStartupFinished } from '../../src/bootlog/reading/startup.ts';
import { thesisReadings } from '../../src/bootlog/thesis/thesis.ts';
import { costliestSteps } from '../../src/bootlog/reading/costliest.ts';
import type { Boot, BootLog } from '../../src/model/boots/bootlog.ts';
import type { Marker } from '../../src/model/boots/boot.ts';
import { readFixtures } from '../fixtures/bootlog/read-fixture.ts';

function strings(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Error('the header should hold a list here');
  return value.map(String);
}

function keys(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) throw new Error('the header should hold an object here');
  return Object.keys(value);
}

function marker(boot: Boot, id: string): Marker | undefined {
  return new Map(Object.entries(findMarkers(boot))).get(id);
}

/** What each header key of a golden log claims, computed from the parsed text. `boot` is the last one. */
const CLAIMS: Readonly<Record<string, (boot: Boot, log: BootLog, expected: unknown) => unknown>> = {
  about: (_boot, _log, expected) => expected,
  boots: (_boot, log) => log.boots.length,
  clock: (boot) => boot.clock,
  release: (boot) => boot.kernelRelease,
  releases: (_boot, log) => log.boots.map(({ kernelRelease }) => kernelRelease),
  lines: (boot) => boot.lines.length,
  linesOf: (_boot, log) => log.boots.map(({ lines }) => lines.length),
  markers: (boot, _log, expected) =>
    Object.fromEntries(
      keys(expected).map((id) => [id, [marker(boot, id)?.line, marker(boot, id)?.atSec, marker(boot, id)?.deltaSec]]),
    ),
  absent: (boot, _log, expected) => strings(expected).filter((id) => marker(boot, id) === undefined),
  metrics: (boot) => bootMetrics(findMarkers(boot)),
  metricsOf: (_boot, log) => log.boots.map((boot) => bootMetrics(findMarkers(boot))),
  phases: (boot) => findPhases(boot, findMarkers(boot)).map(({ name, startSec, endSec }) => [name, startSec, endSec]),
  callers: (boot) => boot.lines.map(({ caller }) => caller),
  levels: (boot) => boot.lines.map(({ level }) => level),
  messages: (boot, _log, expected) =>
    Object.fromEntries(
      keys(expected).map((line) => [
        line,
        boot.lines.filter((candidate) => candidate.line === Number(line)).map(({ message }) => message),
      ]),
    ),
  other: (_boot, log) => log.other.map(({ text }) => text),
  warnings: (_boot, log, expected) => {
    const warnings = log.boots.flatMap((each) => each.warnings);
    // One for one and in order, so that a warning which should not be there fails too; the claim is the part that must be in it.
    return warnings.map((warning, index) => {
      const part = strings(expected)[index];
      return part !== undefined && warning.includes(part) ? part : warning;
    });
  },
  textWarnings: (_boot, log, expected) =>
    strings(expected).filter((part) => log.warnings.some((warning) => warning.includes(part))),
  thesis: (boot) => Object.fromEntries(thesisReadings(boot).map(({ metric, valueSec }) => [metric, valueSec])),
  presence: (boot) => Object.fromEntries(checkPresence(boot).map(({ id, lines }) => [id, lines])),
  table: (boot) =>
    costliestSteps(boot, 22)
      .sort((a, b) => a.line - b.line)
      .map(({ atSec, deltaSec, message }) => [atSec, deltaSec, message]),
  startup: (boot) => {
    const times = parseStartupFinished(marker(boot, 'startup-finished')?.text ?? '');
    return Object.fromEntries(Object.entries(times ?? {}).map(([part, sec]) => [part.replace(/Sec$/, ''), sec]));
  },
  initcalls: (boot) => {
    const report = attributeInitcalls(boot);
    const spans = report.spans.map(({ kind, name, usecs, depth }) => [kind, name, usecs, depth]);
    return { corrected: report.corrected, spans };
  },
};

describe('golden boot logs', () => {
  for (const { name, expected, text } of readFixtures()) {
    const log = parseBootLog(text);
    const boot = log.boots.at(-1);
    for (const [key, value] of Object.entries(expected)) {
      test(`${name} yields its ${key}`, () => {
        if (boot === undefined) throw new Error('no boot was found');
        const claim = CLAIMS[key];
        if (claim === undefined) throw new Error(`no claim is called ${key}`);
        expect(claim(boot, log, value)).toEqual(value);
      });
    }
  }
});

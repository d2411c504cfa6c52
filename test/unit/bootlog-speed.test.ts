import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { costliestSteps } from '../../src/bootlog/reading/costliest.ts';
import { findMarkers } from '../../src/bootlog/reading/markers.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { findPhases } from '../../src/bootlog/reading/phases.ts';
import { readFixture } from '../fixtures/bootlog/read-fixture.ts';

/** A real boot's messages over and over, on one clock that goes on. */
function longLog(count: number): string {
  const messages = parseBootLog(readFixture('debian-12-tcg-systemd.log').text).boots.flatMap(({ lines }) =>
    lines.map(({ message }) => message),
  );
  const version = messages[0] ?? '';
  return Array.from({ length: count }, (_, index) => {
    const message = messages[index % messages.length] ?? '';
    const stamp = `[${(index / 1000).toFixed(6).padStart(12)}]`;
    return `${stamp} ${index > 0 && message === version ? 'a line in its place' : message}`;
  }).join('\r\n');
}

function readWhole(text: string): number {
  const boot = parseBootLog(text).boots[0];
  if (boot === undefined) throw new Error('no boot was found');
  const markers = findMarkers(boot);
  expect(findPhases(boot, markers).length).toBeGreaterThan(3);
  expect(costliestSteps(boot)).toHaveLength(22);
  return boot.lines.length;
}

/** Best of some, in processor time: other jobs on the machine take wall time away. */
function bestMs(count: number, tries = 3): number {
  const text = longLog(count);
  const used = Array.from({ length: tries }, () => {
    const from = process.cpuUsage();
    expect(readWhole(text)).toBe(count);
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  });
  return Math.min(...used);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (!isCollector(collect)) throw new Error('this Node has no gc to call');
  collect();
}

function isCollector(value: unknown): value is () => void {
  return typeof value === 'function';
}

/** Heap that a parsed log of so many lines holds on to, its own text included. */
function heldBytes(count: number): number {
  collectGarbage();
  const from = process.memoryUsage().heapUsed;
  const text = longLog(count);
  const log = parseBootLog(text);
  collectGarbage();
  const held = process.memoryUsage().heapUsed - from;
  expect(log.boots[0]?.lines).toHaveLength(count);
  return held;
}

describe('reading a long log', () => {
  test('takes four times the time for four times the lines, and a few seconds at the very most', () => {
    readWhole(longLog(10_000));
    const small = bestMs(50_000);
    const large = bestMs(200_000);
    // Quadratic work would be sixteen times the time; the limits leave room for a slow and busy machine.
    expect(large / small).toBeLessThan(10);
    expect(large).toBeLessThan(5_000);
  });

  test('of 100,000 lines takes under half a second of processor time', () => {
    expect(bestMs(100_000, 5)).toBeLessThan(500);
  });

  test('holds four times the memory for four times the lines, and less than a kilobyte a line', () => {
    const small = heldBytes(25_000);
    const large = heldBytes(100_000);
    expect(large / small).toBeLessThan(6);
    expect(large / 100_000).toBeLessThan(1024);
  });
});

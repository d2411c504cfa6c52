import { describe, expect, test } from 'vitest';
import { isEnding } from '../../src/containers/workloads/worker.ts';

/** /proc/<pid>/stat as Linux 6.1 writes it, its first ten fields; the name may hold anything. */
function stat(name: string, state: string, flags: number): string {
  return `812 (${name}) ${state} 790 812 812 0 -1 ${String(flags)} 310 0\n`;
}

describe('the main process of a container', () => {
  test('runs while it sleeps, waits or works', () => {
    for (const state of ['S', 'D', 'R', 'T']) expect(isEnding(stat('sleep', state, 0x400100)), state).toBe(false);
  });

  test('is ending once the kernel has begun to end it, whatever its state says yet', () => {
    expect(isEnding(stat('sleep', 'D', 0x400104))).toBe(true);
    expect(isEnding(stat('sleep', 'S', 0x40010c))).toBe(true);
  });

  test('has ended as a zombie, and when there is no such process any more', () => {
    expect(isEnding(stat('sleep', 'Z', 0x40014c))).toBe(true);
    expect(isEnding('')).toBe(true);
  });

  test('may be named like the fields behind its name', () => {
    expect(isEnding(stat(') Z 1 (', 'S', 0x400100))).toBe(false);
    expect(isEnding(stat('sh S)', 'Z', 0x400100))).toBe(true);
  });
});

import { describe, expect, test } from 'vitest';
import { cpuSecondsOf, describeRegisters, waitedSecondsOf } from '../../src/guest/machine/liveness.ts';
import { createSilenceWatch, silenceLimits } from '../../src/guest/machine/hang-detector.ts';
import type { Silence } from '../../src/guest/machine/hang-detector.ts';

interface Moment {
  readonly newsAtSec?: number;
  readonly diskOperations?: number;
  readonly cpuSec?: number;
}

/** Watches a guest second by second and gives the first verdict with its time. */
function watch(guest: (second: number) => Moment, seconds = 400): { at: number; silence: Silence } | undefined {
  const judge = createSilenceWatch({ stillSec: 30, silentSec: 60 }, 0);
  for (let at = 1; at <= seconds; at += 1) {
    const { newsAtSec, diskOperations = 0, cpuSec = 0 } = guest(at);
    const silence = judge(at, newsAtSec, { diskOperations, cpuSec });
    if (silence !== undefined) return { at, silence };
  }
  return undefined;
}

describe('the watch over silence', () => {
  test('says nothing while the console brings news, however long the boot takes', () => {
    expect(watch((second) => ({ newsAtSec: second - (second % 25) }))).toBeUndefined();
  });

  test('calls a guest still when console, disk and processors all rest', () => {
    expect(watch(() => ({}))).toEqual({ at: 30, silence: { kind: 'still', forSec: 30 } });
  });

  test('waits for a quiet guest that reads its disk, up to the larger limit', () => {
    expect(watch((second) => ({ diskOperations: second }))?.at).toBe(60);
  });

  test('catches a kernel that spins with a silent console at the larger limit', () => {
    expect(watch((second) => ({ cpuSec: second }))).toEqual({ at: 60, silence: { kind: 'silent', forSec: 60 } });
  });

  test('does not take the timer ticks of an idle guest for work', () => {
    expect(watch((second) => ({ cpuSec: second * 0.03 }))?.silence.kind).toBe('still');
  });

  test('counts from the last sign of life, not from the start', () => {
    expect(watch((second) => ({ newsAtSec: Math.min(second, 100), cpuSec: Math.min(second, 110) }))?.at).toBe(140);
  });

  test('counts from the start of the wait when the last news is older', () => {
    const judge = createSilenceWatch({ stillSec: 30, silentSec: 60 }, 1000);
    const rest = { diskOperations: 0, cpuSec: 0 };
    expect(judge(1010, 3, rest)).toBeUndefined();
    expect(judge(1029, 3, rest)).toBeUndefined();
    expect(judge(1030, 3, rest)?.kind).toBe('still');
  });

  test('calls no guest still that it has not seen rest: without an answer of the monitor the larger limit counts', () => {
    const judge = createSilenceWatch({ stillSec: 30, silentSec: 60 }, 0);
    const rest = { diskOperations: 0, cpuSec: 0 };
    expect(judge(10, 5, undefined)).toBeUndefined();
    expect(judge(35, 5, undefined)).toBeUndefined();
    expect(judge(36, 5, rest)).toBeUndefined();
    expect(judge(64, 5, undefined)).toBeUndefined();
    expect(judge(65, 5, undefined)).toEqual({ kind: 'silent', forSec: 60 });
  });

  test('gives TCG more time than KVM, and a still guest less than a busy one', () => {
    expect(silenceLimits('kvm')).toEqual({ stillSec: 40, silentSec: 180 });
    expect(silenceLimits('tcg')).toEqual({ stillSec: 90, silentSec: 600 });
    expect(silenceLimits('tcg', 20_000)).toEqual({ stillSec: 10, silentSec: 20 });
  });
});

describe('signs of life', () => {
  test('processor time is read from /proc/<pid>/stat whatever the program is called', () => {
    const stat = '42 (qemu (x) y) S 1 42 42 0 -1 4194304 100 0 0 0 1234 566 0 0 20 0 5 0 100 0 0';
    expect(cpuSecondsOf(stat)).toBe(18);
  });

  test('a thread’s wait for a processor is read from its schedstat, and is none where there is no such file', () => {
    expect(waitedSecondsOf('718400 10877650 2\n')).toBeCloseTo(0.01087765, 9);
    expect(waitedSecondsOf('')).toBe(0);
  });

  test('registers become one sentence per processor, in 32 and in 64 bits', () => {
    const registers = [
      '',
      'CPU#0',
      'RAX=0000000000000000 RBX=0 RCX=0 RDX=0',
      'RIP=ffffffff81a3b2c1 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1',
      'CPU#1',
      'EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0',
    ].join('\r\n');
    expect(describeRegisters(registers)).toEqual([
      'processor 0 is halted at ffffffff81a3b2c1',
      'processor 1 runs at 0000fff0',
    ]);
  });
});

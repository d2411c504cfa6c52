import type { ProcessActivity, ProcessSpan } from '../../model/boots/processes.ts';

/** A process that is still being read about. */
export interface OpenSpan {
  pid: number;
  ppid: number;
  name: string | undefined;
  isKernelThread: boolean;
  /** Clock tick of its start (proc(5), starttime), which tells apart two processes of one pid; absent until seen. */
  startTick: number | undefined;
  startSec: number;
  startErrorSec: number;
  endSec: number | undefined;
  endErrorSec: number;
  /** Until when its processor time is known. */
  lookedSec: number;
  cpuSec: number;
  readBytes: number | undefined;
  writeBytes: number | undefined;
  activity: ProcessActivity[];
}

export function openSpan(start: Pick<OpenSpan, 'pid' | 'ppid' | 'startSec' | 'startErrorSec'>): OpenSpan {
  return {
    ...start,
    name: undefined,
    isKernelThread: false,
    startTick: undefined,
    endSec: undefined,
    endErrorSec: 0,
    lookedSec: start.startSec,
    cpuSec: 0,
    readBytes: undefined,
    writeBytes: undefined,
    activity: [],
  };
}

/** Adds processor time used since the last look, or since `fromSec` if that is later, and until `untilSec`. */
export function addCpu(span: OpenSpan, cpuSec: number, fromSec: number, untilSec: number): void {
  const startSec = Math.max(span.lookedSec, fromSec, span.startSec);
  const endSec = Math.max(startSec, Math.min(untilSec, span.endSec ?? untilSec));
  span.lookedSec = endSec;
  if (!(cpuSec > 0)) return;
  span.cpuSec += cpuSec;
  if (endSec <= startSec) return;
  const cpuShare = cpuSec / (endSec - startSec);
  const last = span.activity.at(-1);
  // Neighbours of the same share are one stretch.
  if (last?.endSec === startSec && Math.abs(last.cpuShare - cpuShare) < 0.01) {
    span.activity[span.activity.length - 1] = { ...last, endSec };
  } else {
    span.activity.push({ startSec, endSec, cpuShare });
  }
}

/** Notes an end that lies between `aliveSec` and `goneSec`; one that is known already stays. */
export function endSpan(span: OpenSpan, goneSec: number, aliveSec: number): void {
  if (span.endSec !== undefined) return;
  span.endSec = Math.max(goneSec, span.startSec);
  span.endErrorSec = Math.max(0, span.endSec - Math.max(aliveSec, span.startSec));
}

function micros(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

/** Finished spans in order of their starts, pids breaking ties. */
export function closeSpans(spans: readonly OpenSpan[]): readonly ProcessSpan[] {
  const names = new Map(spans.flatMap(({ pid, name }) => (name === undefined ? [] : [[pid, name] as const])));
  return spans
    .map((span): ProcessSpan => {
      const { pid, ppid, isKernelThread, startErrorSec, endErrorSec, cpuSec } = span;
      const startSec = micros(span.startSec);
      const endSec = span.endSec === undefined ? undefined : micros(span.endSec);
      // An exact start that came late may cut off the beginning of the first stretch.
      const activity = span.activity
        .map((one) => ({
          startSec: micros(Math.max(one.startSec, startSec)),
          endSec: micros(one.endSec),
          cpuShare: one.cpuShare,
        }))
        .filter((one) => one.endSec > one.startSec);
      return {
        pid,
        ppid,
        name: span.name ?? `(${names.get(ppid) ?? 'unknown'})`,
        isKernelThread,
        startSec,
        startErrorSec,
        ...(endSec === undefined ? {} : { endSec, endErrorSec: micros(endErrorSec) }),
        cpuSec: micros(cpuSec),
        ...(span.readBytes === undefined ? {} : { readBytes: span.readBytes }),
        ...(span.writeBytes === undefined ? {} : { writeBytes: span.writeBytes }),
        activity,
      };
    })
    .sort((a, b) => a.startSec - b.startSec || a.pid - b.pid);
}

/** Samples that came late: a gap of more than a second and five periods hides what happened in it. */
export function gapWarnings(stamps: readonly number[]): readonly string[] {
  const [first, last] = [stamps[0], stamps.at(-1)];
  if (first === undefined || last === undefined || stamps.length < 3) return [];
  const usualSec = (last - first) / (stamps.length - 1);
  let longest = { sec: 0, at: 0 };
  stamps.slice(1).forEach((stamp, index) => {
    const sec = stamp - (stamps[index] ?? stamp);
    if (sec > longest.sec) longest = { sec, at: stamp - sec };
  });
  return longest.sec > 1 && longest.sec > 5 * usualSec
    ? [`No sample was taken for ${longest.sec.toFixed(2)} s after ${longest.at.toFixed(2)} s.`]
    : [];
}

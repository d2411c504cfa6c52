import type { Boot, BootLine, InitcallReport, InitcallSpan } from '../../model/boots/bootlog.ts';

/** `%pS`/`%pF` of a function: the symbol (or a bare address), its offset and length, its module. */
const FUNCTION = String.raw`(?<symbol>[^\s+]+)(?:\+0x[0-9a-f]+\/0x[0-9a-f]+)?(?: \[(?<module>[^\]]+)\])?`;
/** init/main.c `trace_initcall_start_cb`, before 4.17 `do_one_initcall_debug`; kernel/async.c `async_run_entry_fn`. */
const START = new RegExp(String.raw`^calling  ?(?:(?<cookie>\d+)_)?${FUNCTION} @ (?<pid>\d{1,10})`);
const RETURN = new RegExp(
  String.raw`^initcall (?:(?<cookie>\d+)_)?${FUNCTION} returned (?<returned>-?\d{1,15}) after (?<usecs>\d{1,15}) usecs`,
);
/** drivers/base/dd.c `really_probe_debug`. */
const PROBE = /^probe of (?<device>.+) returned (?<returned>-?\d{1,15}) after (?<usecs>\d{1,15}) usecs/;

/**
 * "usecs" was nanoseconds shifted right by 10 until 5.18, where commit "init: use ktime_us_delta() to make initcall_debug
 * log more precise" (February 2022) put an end to it. Probes were always right (`ktime_to_us`).
 */
const EXACT_SINCE = [5, 18] as const;
const STATED_TO_REAL = 1.024;

/**
 * Before a fine clocksource is up, durations come in whole ticks (4 ms at HZ=250) while printk's stamps do not: a span may
 * seem to start this much before the call that holds it.
 */
const TICK_SEC = 0.004;

interface OpenCall {
  readonly name: string;
  readonly module: string | undefined;
  readonly kind: 'initcall' | 'async';
  readonly pid: number;
  readonly start: BootLine;
  readonly parent: OpenCall | undefined;
}

interface RawSpan {
  readonly kind: InitcallSpan['kind'];
  readonly name: string;
  readonly module: string | undefined;
  readonly pid: number | undefined;
  readonly startSec: number;
  readonly endSec: number;
  readonly usecs: number;
  readonly returned: number;
  readonly call: OpenCall | undefined;
  readonly parent: OpenCall | undefined;
  readonly line: number;
}

/**
 * Attributes boot time to initcalls, async functions and driver probes from an `initcall_debug` log. Calls nest by the task
 * that runs them: one in another task (a module load, an async function) stands beside its contemporaries, not inside
 * them. A probe names no task, so it belongs to the caller's call where PRINTK_CALLER tells it, else to the innermost call
 * that was running all the while.
 */
export function attributeInitcalls(boot: Boot): InitcallReport {
  const corrected = isDividedBy1024(boot.kernelRelease);
  const scale = corrected ? STATED_TO_REAL : 1;
  const open = new Map<number, OpenCall[]>();
  const raw: RawSpan[] = [];
  let orphans = 0;
  for (const line of boot.lines) {
    const { message } = line;
    if (message.startsWith('calling ')) {
      startCall(open, line);
    } else if (message.startsWith('initcall ')) {
      const groups = RETURN.exec(message)?.groups;
      if (groups === undefined) continue;
      const call = takeOpen(open, groups['symbol'] ?? '', groups['cookie'], taskOf(line));
      if (call === undefined) orphans += 1;
      raw.push(finishedCall(line, groups, call, scale));
    } else if (message.startsWith('probe of ')) {
      const groups = PROBE.exec(message)?.groups;
      if (groups !== undefined) raw.push(finishedProbe(line, groups, open));
    }
  }
  const unfinished = [...open.values()]
    .flat()
    .map(({ name, pid, start }) => ({ name, pid, atSec: start.atSec, line: start.line }));
  return { spans: nest(raw), unfinished, corrected, warnings: warnings(boot, orphans, corrected) };
}

/** Spans by their own cost, largest first: what to cut. */
export function costliestInitcalls(report: InitcallReport, count: number): InitcallSpan[] {
  return [...report.spans].sort((a, b) => b.selfUsecs - a.selfUsecs || a.line - b.line).slice(0, count);
}

function startCall(open: Map<number, OpenCall[]>, line: BootLine): void {
  const groups = START.exec(line.message)?.groups;
  if (groups === undefined) return;
  const pid = Number(groups['pid']);
  const stack = open.get(pid) ?? [];
  stack.push({
    name: groups['symbol'] ?? '',
    module: groups['module'],
    kind: groups['cookie'] === undefined ? 'initcall' : 'async',
    pid,
    start: line,
    parent: stack.at(-1),
  });
  open.set(pid, stack);
}

/** A return names no task: the caller stamp does, else the latest open call of that name is the one. */
function takeOpen(
  open: Map<number, OpenCall[]>,
  name: string,
  cookie: string | undefined,
  pid: number | undefined,
): OpenCall | undefined {
  const kind = cookie === undefined ? 'initcall' : 'async';
  let found: { stack: OpenCall[]; call: OpenCall } | undefined;
  for (const [owner, stack] of open) {
    if (pid !== undefined && owner !== pid) continue;
    const call = stack.findLast((candidate) => candidate.name === name && candidate.kind === kind);
    if (call !== undefined && (found === undefined || call.start.line > found.call.start.line)) found = { stack, call };
  }
  if (found === undefined) return undefined;
  const { stack, call } = found;
  stack.splice(stack.indexOf(call), 1);
  if (stack.length === 0) open.delete(call.pid);
  return call;
}

function taskOf(line: BootLine): number | undefined {
  return line.caller?.startsWith('T') === true ? Number(line.caller.slice(1)) : undefined;
}

function finishedCall(
  line: BootLine,
  groups: Readonly<Record<string, string | undefined>>,
  call: OpenCall | undefined,
  scale: number,
): RawSpan {
  const usecs = Number(groups['usecs']) * scale;
  return {
    kind: call?.kind ?? (groups['cookie'] === undefined ? 'initcall' : 'async'),
    name: groups['symbol'] ?? '',
    module: groups['module'],
    pid: call?.pid ?? taskOf(line),
    startSec: call?.start.atSec ?? Math.max(0, line.atSec - usecs / 1e6),
    endSec: line.atSec,
    usecs,
    returned: Number(groups['returned']),
    call,
    parent: call?.parent,
    line: call?.start.line ?? line.line,
  };
}

function finishedProbe(
  line: BootLine,
  groups: Readonly<Record<string, string | undefined>>,
  open: ReadonlyMap<number, readonly OpenCall[]>,
): RawSpan {
  const usecs = Number(groups['usecs']);
  const startSec = Math.max(0, line.atSec - usecs / 1e6);
  const pid = taskOf(line);
  const stacks = pid === undefined ? [...open.values()] : [open.get(pid) ?? []];
  const running = stacks.flat().filter((call) => call.start.atSec <= startSec + TICK_SEC);
  const parent = running.reduce<OpenCall | undefined>(
    (latest, call) => (latest === undefined || call.start.line > latest.start.line ? call : latest),
    undefined,
  );
  return {
    kind: 'probe',
    name: groups['device'] ?? '',
    module: undefined,
    pid: pid ?? parent?.pid,
    startSec,
    endSec: line.atSec,
    usecs,
    returned: Number(groups['returned']),
    call: undefined,
    parent,
    line: line.line,
  };
}

/** Gives spans their order, parents, depths and own costs. */
function nest(raw: readonly RawSpan[]): InitcallSpan[] {
  const ordered = [...raw].sort((a, b) => a.startSec - b.startSec || a.line - b.line);
  const indexOfCall = new Map<OpenCall, number>();
  for (const [index, { call }] of ordered.entries()) if (call !== undefined) indexOfCall.set(call, index);
  const outerProbes = enclosingProbes(raw);
  const indexOfSpan = new Map(ordered.map((span, index) => [span, index]));
  const parents = ordered.map((span) => {
    const probe = outerProbes.get(span);
    if (probe !== undefined) return indexOfSpan.get(probe);
    return span.parent === undefined ? undefined : indexOfCall.get(span.parent);
  });
  const inside = new Array<number>(ordered.length).fill(0);
  for (const [index, { usecs }] of ordered.entries()) {
    const parent = parents[index];
    if (parent !== undefined) inside[parent] = (inside[parent] ?? 0) + usecs;
  }
  return ordered.map((span, index) => {
    const parent = parents[index];
    return {
      kind: span.kind,
      name: span.name,
      ...(span.module === undefined ? {} : { module: span.module }),
      ...(span.pid === undefined ? {} : { pid: span.pid }),
      startSec: span.startSec,
      endSec: span.endSec,
      usecs: span.usecs,
      selfUsecs: Math.max(0, span.usecs - (inside[index] ?? 0)),
      returned: span.returned,
      ...(parent === undefined ? {} : { parent }),
      depth: depthOf(index, parents),
      line: span.line,
    };
  });
}

/**
 * A probe that registers a child device runs the child's probe inside its own, and the child returns first. So a probe
 * holds the ones before it that began no earlier than itself, in the same call and task.
 */
function enclosingProbes(raw: readonly RawSpan[]): Map<RawSpan, RawSpan> {
  const outer = new Map<RawSpan, RawSpan>();
  const waiting = new Map<OpenCall | undefined, RawSpan[]>();
  for (const span of raw) {
    if (span.kind !== 'probe') continue;
    const stack = waiting.get(span.parent) ?? [];
    for (let last = stack.at(-1); last !== undefined; last = stack.at(-1)) {
      if (last.startSec < span.startSec || last.usecs > span.usecs || last.pid !== span.pid) break;
      outer.set(last, span);
      stack.pop();
    }
    stack.push(span);
    waiting.set(span.parent, stack);
  }
  return outer;
}

function depthOf(index: number, parents: readonly (number | undefined)[]): number {
  let depth = 0;
  for (let parent = parents[index]; parent !== undefined; parent = parents[parent]) depth += 1;
  return depth;
}

function isDividedBy1024(release: string | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
  if (major === undefined || minor === undefined) return false;
  const [exactMajor, exactMinor] = EXACT_SINCE;
  return Number(major) < exactMajor || (Number(major) === exactMajor && Number(minor) < exactMinor);
}

function warnings(boot: Boot, orphans: number, corrected: boolean): string[] {
  return [
    ...(corrected
      ? [`${boot.kernelRelease ?? ''} divides initcall durations by 1024: they are corrected by 2.4 %`]
      : []),
    ...(boot.kernelRelease === undefined
      ? ['the kernel version is unknown: initcall durations are as stated, up to 2.4 % low before 5.18']
      : []),
    ...(orphans > 0 ? [`${orphans} initcall(s) return without a "calling" line: their start is computed`] : []),
  ];
}

import { createAppendLog } from '../../host/append-log.ts';
import type { Host } from '../../host/host.ts';
import { plainText } from './console-line.ts';
import type { ConsoleLine } from './console-line.ts';
import { createLineWaiters, endedWithout } from './line-waiters.ts';

/** Everything the guest said on its serial console, stamped by the host. */
export interface ConsoleLog {
  /** File with the raw bytes. */
  readonly path: string;
  /** Complete lines, oldest first. */
  readonly lines: readonly ConsoleLine[];
  /** Bytes received so far. */
  readonly sizeBytes: number;
  /** Host monotonic seconds of the first and the latest byte; `undefined` before any. */
  readonly firstByteAtSec: number | undefined;
  readonly lastByteAtSec: number | undefined;
  /** Host monotonic seconds of the latest line that said something new: repetitions are no progress. */
  readonly lastNewsAtSec: number | undefined;
  /** Resolves when the file holds everything received so far. */
  flush(): Promise<void>;
  /** Last `count` lines with text, oldest first, the unfinished one included. */
  tail(count: number): readonly string[];
  /**
   * The first line (already printed or to come) that matches; an unfinished line counts, as prompts never end.
   * Rejects with `signal`'s reason when it aborts, and with an `Error` when the console ends without a match.
   */
  waitFor(pattern: RegExp, options?: { readonly signal?: AbortSignal }): Promise<ConsoleLine>;
}

/** The writing side of a console log. */
export interface ConsoleRecorder {
  readonly log: ConsoleLog;
  /** Takes bytes as they arrive. */
  receive(chunk: Uint8Array): void;
  /** The console has ended: waiters learn that nothing more comes. Resolves when the file holds everything. */
  end(): Promise<void>;
}

/** A line longer than this is binary noise, not a line; it is ended here so that it cannot grow without bound. */
const MAX_LINE_CHARS = 8192;

/** Shapes remembered to tell news from repetition; a boot prints a few thousand. */
const MAX_SHAPES = 50_000;

/** A line without what changes on repetition: time stamps, counters, addresses, spinner marks. */
function shapeOf(text: string): string {
  return text.replace(/0x[0-9a-f]+|\d+/gi, '#').replace(/^\[[ *#.]*\]/, '');
}

/** Tells lines of a shape that was not seen before from repetition. */
function createNewsJudge(): (text: string) => boolean {
  const shapes = new Set<string>();
  return (text) => {
    const shape = shapeOf(text);
    if (shapes.has(shape)) return false;
    if (shapes.size < MAX_SHAPES) shapes.add(shape);
    return true;
  };
}

/** A pattern that can be tested again and again: `g` and `y` would remember where they stopped. */
function stateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
}

/** Bytes that follow a stamp within this time share it: a UART hands over single bytes (src/bootlog/timeline/console-stamps.ts). */
const STAMP_RESOLUTION_SEC = 1e-4;

export interface RecordOptions {
  /** Where the arrival of the log's bytes is kept, in seconds since `originSec` on the host's monotonic clock. */
  readonly stamps?: { readonly path: string; readonly originSec: number };
  /** Told every line as it ends. */
  readonly onLine?: (line: ConsoleLine) => void;
  /** Told once when the log file cannot be written (a full disk); the console goes on without it. */
  readonly onFailure?: (error: unknown) => void;
}

/** Writes `offset seconds` lines: from this byte of the log on, bytes came at this time. */
function createStamper(host: Host, stamps: RecordOptions['stamps'], onFailure: (error: unknown) => void) {
  if (stamps === undefined) return { note: () => undefined, flush: () => Promise.resolve() };
  const encoder = new TextEncoder();
  const file = createAppendLog(host.files, stamps.path, { onFailure });
  let offset = 0;
  let stampedAtSec = Number.NEGATIVE_INFINITY;
  return {
    note(text: string, nowSec: number): void {
      if (text !== '' && nowSec - stampedAtSec > STAMP_RESOLUTION_SEC) {
        stampedAtSec = nowSec;
        file.append(`${String(offset)} ${(nowSec - stamps.originSec).toFixed(6)}\n`);
      }
      offset += encoder.encode(text).length;
    },
    flush: () => file.flush(),
  };
}

/** Puts lines together out of pieces, and keeps them. */
interface LineAssembler {
  /** Complete ones, oldest first. */
  readonly lines: readonly ConsoleLine[];
  /** The line that has begun and not ended, as far as it has come. */
  readonly open: () => ConsoleLine | undefined;
  /** A line that begins in this text is stamped with `nowSec`. */
  readonly add: (text: string, nowSec: number) => void;
  /** Ends the line that has begun. */
  readonly finish: () => void;
}

/** @param onLine told every line as it ends */
function createLineAssembler(onLine: (line: ConsoleLine) => void): LineAssembler {
  const lines: ConsoleLine[] = [];
  let unfinished: { atSec: number; raw: string } | undefined;
  const open = (): ConsoleLine | undefined =>
    unfinished === undefined
      ? undefined
      : { index: lines.length, atSec: unfinished.atSec, text: plainText(unfinished.raw) };
  const finish = (): void => {
    const line = open();
    unfinished = undefined;
    if (line === undefined) return;
    lines.push(line);
    onLine(line);
  };
  return {
    lines,
    open,
    add(text, nowSec) {
      const parts = text.split('\n');
      parts.forEach((part, position) => {
        const isLast = position === parts.length - 1;
        if (!isLast || part !== '')
          unfinished = { atSec: unfinished?.atSec ?? nowSec, raw: (unfinished?.raw ?? '') + part };
        if (!isLast || (unfinished?.raw.length ?? 0) > MAX_LINE_CHARS) finish();
      });
    },
    finish,
  };
}

/** The last `count` texts that are not blank. */
function lastTexts({ lines, open }: LineAssembler, count: number): readonly string[] {
  const line = open();
  const all = line === undefined ? lines : [...lines.slice(-count - 1), line];
  return all
    .slice(-4 * count)
    .map(({ text }) => text.trimEnd())
    .filter((text) => text !== '')
    .slice(-count);
}

/** The first line that matches; the unfinished one comes last. */
function firstMatch({ lines, open }: LineAssembler, pattern: RegExp): ConsoleLine | undefined {
  const found = lines.find((line) => pattern.test(line.text));
  if (found !== undefined) return found;
  const line = open();
  return line !== undefined && pattern.test(line.text) ? line : undefined;
}

/** How much has arrived and when; seconds are the host's monotonic ones. */
interface Arrivals {
  sizeBytes: number;
  firstByteAtSec: number | undefined;
  lastByteAtSec: number | undefined;
  lastNewsAtSec: number | undefined;
}

function noteArrival(arrivals: Arrivals, sizeBytes: number, nowSec: number): void {
  arrivals.firstByteAtSec ??= nowSec;
  arrivals.lastByteAtSec = nowSec;
  arrivals.lastNewsAtSec ??= nowSec;
  arrivals.sizeBytes += sizeBytes;
}

/**
 * Collects a serial console: splits lines, stamps each with the host clock, keeps them, appends the raw text to `path`
 * and wakes those who wait for a pattern.
 */
export function recordConsole(host: Host, path: string, options: RecordOptions = {}): ConsoleRecorder {
  const waiters = createLineWaiters();
  const isNews = createNewsJudge();
  const decoder = new TextDecoder();
  const failed = (error: unknown): void => options.onFailure?.(error);
  const file = createAppendLog(host.files, path, { onFailure: failed });
  const stamp = createStamper(host, options.stamps, failed);
  const arrivals: Arrivals = {
    sizeBytes: 0,
    firstByteAtSec: undefined,
    lastByteAtSec: undefined,
    lastNewsAtSec: undefined,
  };
  const assembler = createLineAssembler((line) => {
    if (isNews(line.text)) arrivals.lastNewsAtSec = arrivals.lastByteAtSec;
    waiters.wake(line);
    options.onLine?.(line);
  });
  let ended = false;

  const log: ConsoleLog = {
    path,
    lines: assembler.lines,
    get sizeBytes() {
      return arrivals.sizeBytes;
    },
    get firstByteAtSec() {
      return arrivals.firstByteAtSec;
    },
    get lastByteAtSec() {
      return arrivals.lastByteAtSec;
    },
    get lastNewsAtSec() {
      return arrivals.lastNewsAtSec;
    },
    flush: async () => {
      // onFailure has reported a failure; a log that cannot be written does not end the boot.
      await Promise.allSettled([file.flush(), stamp.flush()]);
    },
    tail: (count) => lastTexts(assembler, count),
    async waitFor(wanted, options = {}) {
      const pattern = stateless(wanted);
      const found = firstMatch(assembler, pattern);
      if (found !== undefined) return found;
      options.signal?.throwIfAborted();
      if (ended) throw endedWithout(pattern);
      return waiters.wait(pattern, options.signal);
    },
  };

  return {
    log,
    receive(chunk) {
      if (chunk.length === 0) return;
      const nowSec = host.clock.monotonicSec();
      noteArrival(arrivals, chunk.length, nowSec);
      const text = decoder.decode(chunk, { stream: true });
      file.append(text);
      stamp.note(text, nowSec);
      assembler.add(text, nowSec);
      const open = assembler.open();
      if (open !== undefined) waiters.wake(open);
    },
    async end() {
      if (!ended) {
        ended = true;
        assembler.finish();
        waiters.end();
      }
      await log.flush();
    },
  };
}

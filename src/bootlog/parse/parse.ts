import type { Boot, BootClock, BootLine, BootLog, OtherLine } from '../../model/boots/bootlog.ts';
import { NoticeTally } from './notices.ts';
import { BOOT_SEPARATOR, UNBELIEVABLE_STAMP } from './stamps.ts';
import { tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/** A clock that falls by more than this, and stays there, has restarted. Less is two CPUs' clocks disagreeing. */
const RESTART_SEC = 1;
/** Lines that must stay below before a fall counts: a secondary CPU's few lines at 0.000000 are followed by the first's. */
const RESTART_CONFIRM_LINES = 8;
/** Steps back smaller than this are usual between CPUs and not worth a word. */
const SKEW_WORTH_SAYING_SEC = 0.01;
/** How many stamped lines are searched for journalctl short-monotonic's `host kernel:`. */
const HOST_SEARCH_LINES = 50;
const LINUX_VERSION = /^Linux version (\S+)/;

/**
 * Parses any text that holds kernel messages: dmesg in all its forms, a serial console with escapes and interleaved
 * writers, syslog, journalctl, grabserial, or the output of scripts/show_delta. Several boots in one text come apart;
 * whatever has no stamp of the chosen clock is kept in `other`. Linear in time and memory.
 */
export function parseBootLog(text: string): BootLog {
  const tokens = tokenize(text);
  const clock = chooseClock(tokens);
  const unbelievable = unbelievableStamps(tokens);
  if (clock === undefined) {
    const none = tokens.length === 0 ? 'the text is empty' : 'no line carries a timestamp (was printk.time off?)';
    return {
      boots: [],
      other: tokens.map(({ line, piece }) => ({ line, text: piece })),
      warnings: [none, ...unbelievable],
    };
  }
  const { boots, other } = collectBoots(tokens, clock);
  const warnings = boots.length > 1 ? [`the text holds ${boots.length} boots: its clock restarts`] : [];
  return { boots, other, warnings: [...warnings, ...unbelievable] };
}

/** Says which lines begin with a number that is not a valid stamp. */
function unbelievableStamps(tokens: readonly Token[]): readonly string[] {
  const found = tokens.filter(({ message }) => UNBELIEVABLE_STAMP.test(message));
  const [first] = found;
  if (first === undefined) return [];
  const lines = found.length === 1 ? '1 line begins' : `${found.length} lines begin`;
  return [
    `${lines} with a number that is not a valid kernel time stamp (first: line ${first.line}); drydock ignores ${found.length === 1 ? 'it' : 'these numbers'}`,
  ];
}

function chooseClock(tokens: readonly Token[]): BootClock | undefined {
  let fallback: BootClock | undefined;
  for (const token of tokens) {
    if (token.printkSec !== undefined) return 'printk';
    if (token.wallSec !== undefined) fallback = 'journal';
    else if (token.hostSec !== undefined) fallback ??= 'host';
  }
  return fallback;
}

function clockReader(clock: BootClock): (token: Token) => number | undefined {
  const readers = {
    printk: (token: Token) => token.printkSec,
    journal: (token: Token) => token.wallSec,
    host: (token: Token) => token.hostSec,
  };
  return readers[clock];
}

/** The host name of journalctl's short-monotonic form, which stamps like printk but puts `host kernel: ` behind. */
function monotonicHost(tokens: readonly Token[]): string | undefined {
  let searched = 0;
  for (const token of tokens) {
    if (token.printkSec === undefined || token.wallSec !== undefined) continue;
    const host = /^(\S+) kernel: /.exec(token.message)?.[1];
    if (host !== undefined) return host;
    searched += 1;
    if (searched >= HOST_SEARCH_LINES) return undefined;
  }
  return undefined;
}

function withoutHost(message: string, host: string | undefined): string {
  if (host === undefined || !message.startsWith(`${host} `)) return message;
  const rest = message.slice(host.length + 1);
  return rest.startsWith('kernel: ') ? rest.slice('kernel: '.length) : rest;
}

function collectBoots(tokens: readonly Token[], clock: BootClock): { boots: Boot[]; other: OtherLine[] } {
  const readAt = clockReader(clock);
  const host = clock === 'printk' ? monotonicHost(tokens) : undefined;
  const other: OtherLine[] = [];
  const boots: Boot[] = [];
  let current = new BootCollector(clock);
  const finish = (): void => {
    if (!current.isEmpty) boots.push(current.toBoot(boots.length));
    current = new BootCollector(clock);
  };
  for (const [index, token] of tokens.entries()) {
    const at = readAt(token);
    if (at === undefined) {
      if (BOOT_SEPARATOR.test(token.piece)) finish();
      other.push({ line: token.line, text: token.piece });
      current.notices.note(token.piece);
      continue;
    }
    const message = withoutHost(token.message, host);
    const isNewBoot =
      (message.startsWith('Linux version ') && current.hasBegun) ||
      (clock !== 'journal' &&
        at < current.latestSec - RESTART_SEC &&
        staysBelow(tokens, index, readAt, current.latestSec));
    if (isNewBoot) finish();
    current.add(token, at, message);
  }
  finish();
  return { boots, other };
}

function staysBelow(
  tokens: readonly Token[],
  from: number,
  readAt: (token: Token) => number | undefined,
  latestSec: number,
): boolean {
  let seen = 0;
  for (let index = from; index < tokens.length && seen < RESTART_CONFIRM_LINES; index += 1) {
    const token = tokens[index];
    const at = token === undefined ? undefined : readAt(token);
    if (at === undefined) continue;
    if (at >= latestSec - RESTART_SEC) return false;
    seen += 1;
  }
  return true;
}

/** Gathers one boot's lines and what is odd about them. */
class BootCollector {
  readonly notices = new NoticeTally();
  readonly #clock: BootClock;
  readonly #lines: BootLine[] = [];
  #originSec: number | undefined;
  #latestSec = 0;
  #stepsBack = 0;
  #largestStepSec = 0;
  #kernelRelease: string | undefined;

  constructor(clock: BootClock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Whether another `Linux version` line would be a second boot's: microcode and firmware may speak before the first. */
  get hasBegun(): boolean {
    return this.#kernelRelease !== undefined || this.#lines.some((line) => line.atSec > 0);
  }

  /** Highest stamp so far, on the text's own clock. */
  get latestSec(): number {
    return this.#latestSec + (this.#originSec ?? 0);
  }

  add(token: Token, clockSec: number, message: string): void {
    const isFirst = this.#originSec === undefined;
    // A printk clock starts with the boot; a wall or host clock is counted from the boot's first line.
    this.#originSec ??= this.#clock === 'printk' ? 0 : clockSec;
    const atSec = toMicroseconds(clockSec - this.#originSec);
    const stepSec = toMicroseconds(atSec - this.#latestSec);
    if (!isFirst && stepSec < 0) {
      this.#stepsBack += 1;
      this.#largestStepSec = Math.max(this.#largestStepSec, -stepSec);
    }
    const deltaSec = token.statedDeltaSec ?? (isFirst ? 0 : Math.max(0, stepSec));
    this.#latestSec = isFirst ? atSec : Math.max(this.#latestSec, atSec);
    this.#kernelRelease ??= LINUX_VERSION.exec(message)?.[1];
    this.notices.note(message);
    const { line, raw, level, caller, hostSec } = token;
    this.#lines.push({
      line,
      atSec,
      deltaSec,
      ...(level === undefined ? {} : { level }),
      ...(caller === undefined ? {} : { caller }),
      ...(hostSec === undefined ? {} : { hostSec }),
      message,
      raw,
    });
  }

  toBoot(index: number): Boot {
    const release = this.#kernelRelease;
    return {
      index,
      clock: this.#clock,
      lines: this.#lines,
      ...(release === undefined ? {} : { kernelRelease: release }),
      warnings: this.#warnings(),
    };
  }

  #warnings(): string[] {
    const warnings: string[] = [];
    const first = this.#lines[0];
    if (this.#kernelRelease === undefined && first !== undefined) {
      warnings.push(
        `no "Linux version" line: the log starts at ${first.atSec.toFixed(6)} s (line ${first.line}); ` +
          'the oldest lines are lost (the ring overflowed or the text was cut)',
      );
    }
    warnings.push(...this.notices.warnings());
    if (this.#largestStepSec >= SKEW_WORTH_SAYING_SEC) {
      warnings.push(
        `${this.#stepsBack} line(s) have an earlier time stamp than the line before, by up to ${this.#largestStepSec.toFixed(6)} s: ` +
          'the clocks of two CPUs differ, or the clock was set back; the cost of these lines counts as 0',
      );
    }
    if (this.#clock === 'journal') {
      warnings.push("no printk stamps: times are the journal's wall clock, counted from the boot's first line");
    } else if (this.#clock === 'host') {
      warnings.push("no printk stamps: times are the host's stamps, counted from the boot's first line");
    }
    return warnings;
  }
}

function toMicroseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

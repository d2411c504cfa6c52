import { cleanLine } from './clean.ts';
import { EMBEDDED_STAMP, PREFIX_FORMS, PRINTK_STAMP } from './stamps.ts';
import type { Prefix } from './stamps.ts';

/** A piece of a physical line with whatever stamps stood before it; which of them is the clock is decided later. */
export interface Token {
  readonly line: number;
  readonly raw: string;
  /** The piece as it stood, stamps included. */
  readonly piece: string;
  readonly message: string;
  readonly printkSec: number | undefined;
  readonly wallSec: number | undefined;
  readonly hostSec: number | undefined;
  /** The cost column of a text that already went through show_delta. */
  readonly statedDeltaSec: number | undefined;
  readonly level: number | undefined;
  readonly caller: string | undefined;
}

/** A stamp in mid-line that is this far ahead of the line's own is quoted text, not a second printk. */
const MAX_JUMP_IN_LINE_SEC = 60;
const MAX_STEP_BACK_IN_LINE_SEC = 1;
const SEVERITY_MASK = 7;
const SPACE = 32;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
/** Deepest nesting seen in the wild: grabserial before `dmesg -x` before the kernel's stamp. */
const MAX_PREFIXES = 3;

interface Head {
  readonly end: number;
  readonly prefix: Prefix;
  readonly statedDeltaSec: number | undefined;
  readonly caller: string | undefined;
}

/** Cuts a text into tokens, one for each line or part of a line. Linear in the text's length. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let relativeSec = 0;
  let line = 0;
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from);
    const end = newline === -1 ? text.length : newline;
    const raw = text.slice(from, text.charCodeAt(end - 1) === 13 && end > from ? end - 1 : end);
    from = end + 1;
    line += 1;
    for (const piece of cleanLine(raw)) {
      for (const { part, head } of splitAtStamps(piece)) {
        if (head.prefix.sinceLastSec !== undefined) relativeSec += head.prefix.sinceLastSec;
        tokens.push(toToken(line, raw, part, head, relativeSec));
      }
    }
  }
  return tokens;
}

function toToken(line: number, raw: string, piece: string, head: Head, relativeSec: number): Token {
  const { prefix } = head;
  const body = piece.slice(head.end);
  return {
    line,
    raw,
    piece,
    message: prefix.ident === undefined || prefix.ident === 'kernel' ? body : `${prefix.ident}: ${body}`,
    printkSec: prefix.sinceLastSec === undefined ? prefix.printkSec : relativeSec,
    wallSec: prefix.wallSec,
    hostSec: prefix.hostSec,
    statedDeltaSec: head.statedDeltaSec,
    level: prefix.level,
    caller: head.caller,
  };
}

interface Part {
  readonly part: string;
  readonly head: Head;
}

/** Splits a console line where a printk began although the line before it (another printk, or a program) had no end yet. */
function splitAtStamps(piece: string): readonly Part[] {
  const first = readHead(piece);
  if (!mayHoldStamp(piece, first.end)) return [{ part: piece, head: first }];
  const parts: Part[] = [];
  let start = 0;
  let head = first;
  EMBEDDED_STAMP.lastIndex = first.end;
  for (let match = EMBEDDED_STAMP.exec(piece); match !== null; match = EMBEDDED_STAMP.exec(piece)) {
    if (match.index === start || !isPlausible(stampSeconds(match[0]), head.prefix.printkSec)) continue;
    parts.push({ part: piece.slice(start, match.index), head });
    start = match.index;
    head = readHead(piece.slice(start));
    EMBEDDED_STAMP.lastIndex = start + head.end;
  }
  parts.push({ part: piece.slice(start), head });
  return parts;
}

/** Whether a `[` followed by a space or a digit stands behind `from`: spares nearly every line the search for a stamp. */
function mayHoldStamp(piece: string, from: number): boolean {
  for (let bracket = piece.indexOf('[', from); bracket !== -1; bracket = piece.indexOf('[', bracket + 1)) {
    const next = piece.charCodeAt(bracket + 1);
    if (next === SPACE || (next >= DIGIT_0 && next <= DIGIT_9)) return true;
  }
  return false;
}

function stampSeconds(stamp: string): number {
  return Number(stamp.slice(stamp.indexOf('[') + 1, -1));
}

function isPlausible(atSec: number, lineSec: number | undefined): boolean {
  if (lineSec === undefined) return true;
  return atSec >= lineSec - MAX_STEP_BACK_IN_LINE_SEC && atSec <= lineSec + MAX_JUMP_IN_LINE_SEC;
}

/** Reads every stamp and prefix at the start of a piece. */
function readHead(piece: string): Head {
  let end = 0;
  let prefix: Prefix = {};
  for (let round = 0; round <= MAX_PREFIXES; round += 1) {
    PRINTK_STAMP.lastIndex = end;
    const stamp = PRINTK_STAMP.exec(piece);
    if (stamp !== null) {
      const [, priority, at, delta, caller] = stamp;
      const level = priority === undefined ? prefix.level : Number(priority) & SEVERITY_MASK;
      const { wallSec, hostSec, ident, sinceLastSec } = prefix;
      return {
        end: PRINTK_STAMP.lastIndex,
        prefix: { wallSec, hostSec, ident, sinceLastSec, level, printkSec: Number(at) },
        statedDeltaSec: delta === undefined ? undefined : Number(delta),
        caller,
      };
    }
    const next = readPrefix(piece, end);
    if (next === undefined) break;
    end = next.end;
    prefix = { ...prefix, ...next.prefix };
  }
  return { end, prefix, statedDeltaSec: undefined, caller: undefined };
}

function readPrefix(piece: string, from: number): { end: number; prefix: Prefix } | undefined {
  for (const form of PREFIX_FORMS) {
    form.first.lastIndex = from;
    if (!form.first.test(piece)) continue;
    form.pattern.lastIndex = from;
    const match = form.pattern.exec(piece);
    if (match !== null) return { end: form.pattern.lastIndex, prefix: form.read(match.groups ?? {}) };
  }
  return undefined;
}
